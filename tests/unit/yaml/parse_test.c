#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "yaml/yaml.h"

static struct yaml_document *parse(struct arena *arena, const char *text)
{
    struct err err = {0};
    struct yaml_document *document = NULL;
    ASSERT_OK(yaml_parse(arena, slice_of(text), &document, &err), err);
    return document;
}

static void each_scalar_knows_its_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path, *bytes;
    } cases[] = {
        {"a: b\n", "a", "b"},
        {"a: 'b c' # d\n", "a", "'b c'"},
        {"a: \"b\\tc\"\n", "a", "\"b\\tc\""},
        {"\xEF\xBB\xBFü: é\n雪: \"🎉\"\nz: 1\n", "雪", "\"🎉\""},
        {"\xEF\xBB\xBFü: é\n雪: \"🎉\"\nz: 1\n", "z", "1"},
        {"a: &x !!str 12\n", "a", "12"},
        {"a: &x\n  12\n", "a", "12"},
        {"a: &x # why\n  - 12\n", "a[0]", "12"},
        {"a: !!str\nb: c\n", "a", ""},
        {"a: &x\nb: c\n", "b", "c"},
        {"a: &x v\nb: *x\n", "b", "*x"},
        {"a: [b, {c: d}]\n", "a[1].c", "d"},
        {"a: [b, {c: d}]\n", "a[1]", "{c: d}"},
        {"a: [b, {c: d}]\n", "a", "[b, {c: d}]"},
        {"a:\r\n- b\r\n- c\r\n\r\nd: e\r\n", "a", "- b\r\n- c"},
        {"a:\n  b: 1\n  c: 2\n\n# end\nd: e\n", "a", "b: 1\n  c: 2"},
        {"a: &x\n  b: 1\nd: e\n", "a", "b: 1"},
        {"a: b # c\n", "a", "b"},
        {"a:\nb: c\n", "a", ""},
        {"a: one\n  two\nb: c\n", "a", "one\n  two"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        const struct yaml_node *node = yaml_at(parse(arena, cases[i].text)->root, cases[i].path);
        assert_non_null(node);
        size_t length = strlen(cases[i].bytes);
        if (node->end - node->start != length ||
            memcmp(cases[i].text + node->start, cases[i].bytes, length) != 0) {
            fail_msg("%s of \"%s\": \"%.*s\"", cases[i].path, cases[i].text,
                     (int)(node->end - node->start), cases[i].text + node->start);
        }
    }
}

static void places_are_lines_and_columns_from_one(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = parse(arena, "# c\n\nü: {é: x}\ny: &a\n  z\n");
    const struct yaml_node *x = yaml_at(document->root, "ü.é");
    assert_int_equal(x->line, 3);
    assert_int_equal(x->column, 8);
    const struct yaml_node *z = yaml_get(document->root, "y");
    assert_int_equal(z->line, 5);
    assert_int_equal(z->column, 3);
}

static void empty_documents_are_counted(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = parse(arena, "---\n# nothing\n---\n# c\na: 1\n---\n...\n");
    assert_null(document->root);
    assert_int_equal(document->index, 0);
    document = document->next;
    assert_int_equal(document->index, 1);
    assert_int_equal(document->line, 5);
    assert_null(document->next->root);
    assert_null(document->next->next);
    assert_null(parse(arena, ""));
    assert_null(parse(arena, "# only a comment\n"));
}

static void aliases_show_what_they_stand_for_and_are_counted(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct yaml_node *root =
        parse(arena, "a: &x {k: v}\nb: *x\nc: *x\nd: &x w\ne: *x\n")->root;
    const struct yaml_node *alias = yaml_get(root, "b");
    assert_true(alias->is_alias);
    assert_string_equal(alias->anchor, "x");
    assert_string_equal(yaml_text(alias, "k"), "v");
    assert_int_equal(yaml_get(root, "a")->alias_count, 2);
    assert_string_equal(yaml_text(root, "e"), "w"); /* the name was given again */
}

static void lookups_follow_merges_and_stop_where_nothing_is(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct yaml_node *root =
        parse(arena, "base: &b {image: a, tag: t}\nweb: {<<: *b, tag: u}\nold: {tag: s, <<: *b}\n"
                     "none: ~\nempty: ''\nlist: [x]\n")
            ->root;
    assert_string_equal(yaml_text(yaml_get(root, "web"), "image"), "a");
    assert_string_equal(yaml_text(yaml_get(root, "web"), "tag"), "u");
    assert_string_equal(yaml_text(yaml_get(root, "old"), "tag"), "t");
    const struct yaml_node *list =
        parse(arena, "x: {<<: [{image: first}, {image: second, tag: t}]}\n")->root;
    assert_string_equal(yaml_at(list, "x.image")->text, "first");
    assert_string_equal(yaml_at(list, "x.tag")->text, "t");
    assert_null(yaml_text(root, "none"));
    assert_string_equal(yaml_text(root, "empty"), "");
    assert_null(yaml_text(root, "list"));
    static const char *const nothing[] = {"x",     "list[1]", "list.x",     "web[0]",
                                          "list[", "list[x]", "web.image.x"};
    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        assert_null(yaml_at(root, nothing[i]));
    }
}

static void bad_texts_are_errors_that_name_place_and_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"a:\n\t- b\n",
         "line 2, column 1: found character that cannot start any token (indent with spaces"},
        {"a: b: c\n", "line 1, column 5: mapping values are not allowed in this context (quote"},
        {"a: 1\nb: 2\na: 3\n",
         "line 3, column 1: the key \"a\" stands here twice (first in line 1)"},
        {"a: 1\n'a': 3\n", "line 2, column 1: the key \"a\" stands here twice"},
        {"a: [b\n", "(close the bracket"},
        {"a: \"b\n", "(close the quotes)"},
        {"a: *x\n", "line 1, column 4: *x has no anchor before it"},
        {"a: &x [*x]\n", "*x stands inside of what it names"},
        {"a: &x 1\n---\nb: *x\n", "line 3, column 4: *x has no anchor"},
        {"a: \xFF\n", "(save the file as UTF-8)"},
        {"ü: 1\nb: \x01\n", "line 2, column 4: control characters are not allowed"},
        {"\xFF\xFE"
         "a",
         "UTF-16"},
        {"a: \"\\0\"\n", "\\0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct yaml_document *document = NULL;
        struct err err = {0};
        ASSERT_FAILS(yaml_parse(arena, slice_of(cases[i].text), &document, &err), err, ERR_INVALID,
                     cases[i].part);
        assert_null(document);
    }
}

static void must_be_too_much(const struct str *text, const char *part)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct err err = {0};
    assert_false(text->failed);
    ASSERT_FAILS(yaml_parse(arena, str_slice(text), &document, &err), err, ERR_INVALID, part);
}

static void bombs_are_refused(void **state)
{
    (void)state;
    AUTO_STR(brackets, YAML_BYTES_MAX);
    AUTO_STR(laughs, YAML_BYTES_MAX);
    AUTO_STR(ladder, YAML_BYTES_MAX);
    for (int i = 0; i < 100000; i++) {
        str_add_char(&brackets, '[');
    }
    str_add(&laughs, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    str_add(&ladder, "a0: &a0 x\n");
    for (int i = 1; i < 8; i++) {
        str_addf(&laughs, "a%d: &a%d [", i, i);
        for (int n = 0; n < 10; n++) {
            str_addf(&laughs, "*a%d,", i - 1);
        }
        str_add(&laughs, "]\n");
    }
    for (int i = 1; i <= YAML_DEPTH_MAX / 10 + 2; i++) {
        str_addf(&ladder, "a%d: &a%d [[[[[[[[[[*a%d]]]]]]]]]]\n", i, i, i - 1);
    }
    must_be_too_much(&brackets, "nested deeper than");
    must_be_too_much(&laughs, "aliases repeat more than 200000 values");
    must_be_too_much(&ladder, "nested deeper than");
    AUTO_STR(large, YAML_BYTES_MAX + 1);
    while (!large.failed) {
        str_add(&large, "# 8901\n");
    }
    large.failed = false;
    large.length = YAML_BYTES_MAX + 1;
    must_be_too_much(&large, "larger than 16 MiB");
}

static void a_mapping_of_many_keys_still_finds_the_one_given_twice(void **state)
{
    (void)state;
    AUTO_STR(text, YAML_BYTES_MAX);
    for (int i = 0; i < 20000; i++) {
        str_addf(&text, "k%d: 1\n", i);
    }
    str_add(&text, "k77: 2\n");
    must_be_too_much(&text, "the key \"k77\" stands here twice (first in line 78)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scalar_knows_its_bytes),
        cmocka_unit_test(places_are_lines_and_columns_from_one),
        cmocka_unit_test(empty_documents_are_counted),
        cmocka_unit_test(aliases_show_what_they_stand_for_and_are_counted),
        cmocka_unit_test(lookups_follow_merges_and_stop_where_nothing_is),
        cmocka_unit_test(bad_texts_are_errors_that_name_place_and_remedy),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(a_mapping_of_many_keys_still_finds_the_one_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
