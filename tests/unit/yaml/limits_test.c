/* Large and deep documents are edited right, or refused with the reason, on a worker's stack. */
#include "../testing.h"

#include <pthread.h>
#include <stdlib.h>

#include "yaml/yaml.h"

/* What libuv gives a worker where the system sets no limit. */
#define STACK_BYTES ((size_t)2 << 20)
#define LEVELS 1000
#define BYTES_TEN_MB 10000000

/* Around `old: 1` and behind it. */
struct shape {
    const char *name;
    const char *opens, *closes; /* LEVELS times; NULL: lines that are indented more and more */
};

static const struct shape shapes[] = {
    {"sequences in brackets", "[", "]"},
    {"mappings in braces", "{a: ", "}"},
    {"dashes on one line", "- ", ""},
    {"indented mappings", NULL, ""},
    {"of both kinds, in brackets", "[{a: ", "}]"},
};

static void write_deep(const struct shape *shape, const char *value, struct str *out)
{
    /* The mapping in the middle is a level, and so is its value. */
    int times = (LEVELS - 2) / (shape->opens && shape->opens[1] == '{' ? 2 : 1);
    for (int i = 0; i < times; i++) {
        if (shape->opens) {
            str_add(out, shape->opens);
        } else {
            str_addf(out, "%*sa:\n", i, "");
        }
    }
    bool is_flow = shape->closes[0] != '\0';
    str_addf(out, "%*s%sold: %s%s", shape->opens ? 0 : times, "", is_flow ? "{" : "", value,
             is_flow ? "}" : "");
    for (int i = 0; i < times; i++) {
        str_add(out, shape->closes);
    }
    str_add(out, "\n");
}

static const struct yaml_node *deepest(const struct yaml_node *node)
{
    while (node->item_count > 0) {
        node = node->items[node->item_count - 1];
    }
    return node;
}

static const struct yaml_node *mapping_of(const struct yaml_node *node)
{
    while (node->items[node->item_count - 1]->item_count > 0) {
        node = node->items[node->item_count - 1];
    }
    return node;
}

/* Everything that yaml does with a document. */
static void *edit_deep(void *context)
{
    const struct shape *shape = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(text, YAML_BYTES_MAX);
    AUTO_STR(wanted, YAML_BYTES_MAX);
    AUTO_STR(got, YAML_BYTES_MAX);
    AUTO_STR(grown, YAML_BYTES_MAX);
    struct yaml_document *document = NULL;
    struct err err = {0};
    write_deep(shape, "first", &text);
    write_deep(shape, "second", &wanted);
    ASSERT_OK(yaml_parse(arena, str_slice(&text), &document, &err), err);
    const struct yaml_node *scalar = deepest(document->root);
    struct yaml_edit edit = {scalar->start, scalar->end, "second"};
    ASSERT_OK(yaml_edit(str_slice(&text), &edit, 1, &got, &err), err);
    if (strcmp(got.text, wanted.text) != 0) {
        fail_msg("%s: the edit is wrong", shape->name);
    }
    struct yaml_amendment more = {
        .kind = YAML_AMEND_ADD, .in = mapping_of(document->root), .key = "new", .value = "third"};
    ASSERT_OK(yaml_amend(str_slice(&text), document, &more, 1, &grown, &err), err);
    assert_non_null(strstr(grown.text, "new: "));
    json_t *json = yaml_to_json(document->root, &err);
    assert_non_null(json);
    AUTO(xfree) char *written = json_text(json);
    assert_non_null(strstr(written, "{\"old\":\"first\"}"));
    json_decref(json);
    return NULL;
}

static void a_thousand_levels_are_edited_on_the_stack_of_a_worker(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct shape shape = shapes[i];
        pthread_attr_t attributes;
        pthread_t worker;
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
        assert_int_equal(pthread_create(&worker, &attributes, edit_deep, &shape), 0);
        assert_int_equal(pthread_join(worker, NULL), 0);
        pthread_attr_destroy(&attributes);
    }
}

/* Ten megabytes of `piece` behind a first line, with one value to change in it and one behind. */
static void edit_large(const char *piece, const char *end)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(text, YAML_BYTES_MAX);
    AUTO_STR(got, YAML_BYTES_MAX);
    struct yaml_document *document = NULL;
    struct err err = {0};
    str_add(&text, "tag: 1.0.0\nmore: ");
    while (text.length < BYTES_TEN_MB) {
        str_add(&text, piece);
    }
    str_add(&text, end);
    ASSERT_OK(yaml_parse(arena, str_slice(&text), &document, &err), err);
    const struct yaml_node *tag = yaml_at(document->root, "tag");
    const struct yaml_node *last = yaml_at(document->root, "last");
    struct yaml_edit edits[] = {{last->start, last->end, "2.0.0"}, {tag->start, tag->end, "1.10"}};
    ASSERT_OK(yaml_edit(str_slice(&text), edits, COUNT_OF(edits), &got, &err), err);
    size_t added = strlen("\"1.10\"") - strlen("1.0.0");
    assert_int_equal(got.length, text.length + added);
    assert_memory_equal(got.text, "tag: \"1.10\"\n", 12);
    assert_memory_equal(got.text + 12, text.text + 11, text.length - 11 - strlen(end));
    assert_string_equal(got.text + got.length - strlen(end), "\nlast: 2.0.0\n");
}

static void ten_megabytes_are_edited_whatever_they_hold(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "\n  - {image: \"acme/cart:1.0.0\"} # many words, words, words, words, words",
        "\n  - image: acme/cart:1.0.0 # ü, many words, words, words, words, words, words",
        "\n# nothing but words",
        "\n  many words of one text",
        "many-words-without-a-blank",
    };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        edit_large(pieces[i], "\nlast: 1.0.0\n");
    }
}

static void must_be_refused(const struct str *text, const char *part)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct err err = {0};
    assert_false(text->failed);
    ASSERT_FAILS(yaml_parse(arena, str_slice(text), &document, &err), err, ERR_INVALID, part);
}

static void what_would_take_too_long_is_refused_before_it_does(void **state)
{
    (void)state;
    AUTO_STR(wide, YAML_BYTES_MAX);
    AUTO_STR(dense, YAML_BYTES_MAX);
    AUTO_STR(deep, YAML_BYTES_MAX);
    for (int i = 0; i < LEVELS; i++) {
        str_add(&wide, "[");
    }
    for (int i = 0; i < 1500000; i++) {
        str_add(&wide, "a,");
        str_add(&dense, "-\n-\n");
        str_add(&deep, "- ");
    }
    must_be_refused(&wide, "line 1: too many values in brackets that are nested this deeply");
    must_be_refused(&dense, "line 2000000: more than 2000000 values; split the file");
    must_be_refused(&deep, "line 1: nested deeper than 1024 levels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_levels_are_edited_on_the_stack_of_a_worker),
        cmocka_unit_test(ten_megabytes_are_edited_whatever_they_hold),
        cmocka_unit_test(what_would_take_too_long_is_refused_before_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
