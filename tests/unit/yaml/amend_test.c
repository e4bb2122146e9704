/* Amendments: what is added or removed looks like what stands around it, and nothing else moves. */
#include "../testing.h"
#include "yaml/yaml.h"

#define TEXT_BYTES_MAX 4096

struct amend_case {
    const char *name;
    const char *text;
    enum yaml_amend_kind kind;
    const char *in, *at; /* paths from the root; NULL: none, "" : the root */
    const char *key, *value;
    size_t items;     /* how many of {name: acme/x, newTag: 1.10}, {name: acme/y, newTag: 2} */
    const char *want; /* NULL: refused */
};

static const struct yaml_pair pairs[] = {{"name", "acme/x"}, {"newTag", "1.10"}};
static const struct yaml_pair more_pairs[] = {{"name", "acme/y"}, {"newTag", "2"}};
static const struct yaml_item items[] = {{pairs, COUNT_OF(pairs)},
                                         {more_pairs, COUNT_OF(more_pairs)}};

static const struct yaml_node *node_at(const struct yaml_document *document, const char *path)
{
    const struct yaml_node *root = document->root;
    return !path ? NULL : path[0] ? yaml_at(root, path) : root;
}

static void check(const struct amend_case *one)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(got, TEXT_BYTES_MAX);
    struct err err = {0};
    struct yaml_document *document = NULL;
    ASSERT_OK(yaml_parse(arena, slice_of(one->text), &document, &err), err);
    struct yaml_amendment amendment = {
        .kind = one->kind,
        .in = node_at(document, one->in),
        .at = node_at(document, one->at),
        .key = one->key,
        .value = one->value,
        .items = one->items ? items : NULL,
        .item_count = one->items,
    };
    bool done = yaml_amend(slice_of(one->text), document, &amendment, 1, &got, &err);
    if (done != (one->want != NULL) || (done && strcmp(got.text, one->want) != 0)) {
        fail_msg("%s: got\n%s%s", one->name, done ? got.text : "refused: ", done ? "" : err.text);
    }
}

static const struct amend_case cases[] = {
    {"a key goes below the one it belongs to, before other comments",
     "a:\n  tag: 1 # note\n  # end\nb: 2\n", YAML_AMEND_ADD, "a", "a.tag", "digest", "sha256:1", 0,
     "a:\n  tag: 1 # note\n  digest: sha256:1\n  # end\nb: 2\n"},
    {"a value that would be a number is quoted", "a:\n  b: c\n", YAML_AMEND_ADD, "a", NULL, "tag",
     "1.10", 0, "a:\n  b: c\n  tag: \"1.10\"\n"},
    {"behind a nested value", "a:\n  b:\n    - c\n    - d: e\nf: g\n", YAML_AMEND_ADD, "a", NULL,
     "tag", "x", 0, "a:\n  b:\n    - c\n    - d: e\n  tag: x\nf: g\n"},
    {"in a flow mapping", "a: {b: c} # note\n", YAML_AMEND_ADD, "a", NULL, "tag", "x", 0,
     "a: {b: c, tag: \"x\"} # note\n"},
    {"behind a flow mapping in a flow mapping", "a: {b: {c: d}, e: f}\n", YAML_AMEND_ADD, "a",
     "a.b", "tag", "x", 0, "a: {b: {c: d}, tag: \"x\", e: f}\n"},
    {"with the file's line ends", "a:\r\n  b: c\r\n", YAML_AMEND_ADD, "a", NULL, "tag", "x", 0,
     "a:\r\n  b: c\r\n  tag: x\r\n"},
    {"a missing last line end stays missing", "a:\n  b: c", YAML_AMEND_ADD, "a", NULL, "tag", "x",
     0, "a:\n  b: c\n  tag: x"},
    {"below a block text", "a:\n  b: |\n    text\n  c: d\n", YAML_AMEND_ADD, "a", "a.b", "tag", "x",
     0, "a:\n  b: |\n    text\n  tag: x\n  c: d\n"},
    {"an empty mapping shows no style", "a: {}\n", YAML_AMEND_ADD, "a", NULL, "tag", "x", 0, NULL},
    {"an item in the list's own indentation", "images:\n  - name: a\n    newTag: b\nx: y\n",
     YAML_AMEND_APPEND, "images", NULL, NULL, NULL, 1,
     "images:\n  - name: a\n    newTag: b\n  - name: acme/x\n    newTag: \"1.10\"\nx: y\n"},
    {"an item of a list without indentation", "images:\n- name: a\n", YAML_AMEND_APPEND, "images",
     NULL, NULL, NULL, 1, "images:\n- name: a\n- name: acme/x\n  newTag: \"1.10\"\n"},
    {"an item of a flow list", "images: [{name: a}]\n", YAML_AMEND_APPEND, "images", NULL, NULL,
     NULL, 1, "images: [{name: a}, {name: \"acme/x\", newTag: \"1.10\"}]\n"},
    {"an item of an empty list", "images: []\n", YAML_AMEND_APPEND, "images", NULL, NULL, NULL, 1,
     "images: [{name: \"acme/x\", newTag: \"1.10\"}]\n"},
    {"a list at the end of the file", "resources:\n  - a\n", YAML_AMEND_ADD, "", NULL, "images",
     NULL, 1, "resources:\n  - a\nimages:\n  - name: acme/x\n    newTag: \"1.10\"\n"},
    {"several items at once", "resources:\n- a\n", YAML_AMEND_ADD, "", NULL, "images", NULL, 2,
     "resources:\n- a\nimages:\n- name: acme/x\n  newTag: \"1.10\"\n- name: acme/y\n"
     "  newTag: \"2\"\n"},
    {"several items of a list", "images:\n  - name: a\n", YAML_AMEND_APPEND, "images", NULL, NULL,
     NULL, 2,
     "images:\n  - name: a\n  - name: acme/x\n    newTag: \"1.10\"\n  - name: acme/y\n"
     "    newTag: \"2\"\n"},
    {"several items of a flow list", "images: []\n", YAML_AMEND_APPEND, "images", NULL, NULL, NULL,
     2, "images: [{name: \"acme/x\", newTag: \"1.10\"}, {name: \"acme/y\", newTag: \"2\"}]\n"},
    {"a line goes", "a:\n  tag: 1\n  digest: x # old\n  z: 2\n", YAML_AMEND_REMOVE, "a", "a.digest",
     NULL, NULL, 0, "a:\n  tag: 1\n  z: 2\n"},
    {"the last line of a file without a line end goes", "a:\n  tag: 1\n  digest: x",
     YAML_AMEND_REMOVE, "a", "a.digest", NULL, NULL, 0, "a:\n  tag: 1"},
    {"a piece of a flow mapping goes", "a: {tag: 1, digest: x, z: 2}\n", YAML_AMEND_REMOVE, "a",
     "a.digest", NULL, NULL, 0, "a: {tag: 1, z: 2}\n"},
    {"the first piece goes with its comma", "a: {digest: x, tag: 1}\n", YAML_AMEND_REMOVE, "a",
     "a.digest", NULL, NULL, 0, "a: {tag: 1}\n"},
    {"an alias keeps what it stands for", "x: &t 1\na:\n  b: c\n  tag: &t 2\nuse: *t\n",
     YAML_AMEND_REMOVE, "a", "a.tag", NULL, NULL, 0, NULL},
    {"with aliases that go nowhere else", "x: &t 1\na:\n  tag: 2\n  z: *t\ny: &t 3\nuse: *t\n",
     YAML_AMEND_REMOVE, "a", "a.tag", NULL, NULL, 0, "x: &t 1\na:\n  z: *t\ny: &t 3\nuse: *t\n"},
    {"a key behind a dash has no line of its own", "- digest: x\n  tag: 1\n", YAML_AMEND_REMOVE,
     "[0]", "[0].digest", NULL, NULL, 0, NULL},
    {"what an alias repeats would change twice", "a: &a\n  tag: 1\nb: *a\n", YAML_AMEND_SET, NULL,
     "a.tag", NULL, "2", 0, NULL},
};

static void amendments_look_like_their_surroundings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(&cases[i]);
    }
}

static void many_amendments_are_one_change(void **state)
{
    (void)state;
    static const char text[] = "images:\n  - name: a\n    newTag: 1.0\n    digest: sha256:1\n"
                               "  - name: b\n    digest: sha256:2 # two\n";
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(got, TEXT_BYTES_MAX);
    struct err err = {0};
    struct yaml_document *document = NULL;
    ASSERT_OK(yaml_parse(arena, slice_of(text), &document, &err), err);
    const struct yaml_node *root = document->root;
    const struct yaml_amendment amendments[] = {
        {.kind = YAML_AMEND_SET, .at = yaml_at(root, "images[0].newTag"), .value = "2.0"},
        {.kind = YAML_AMEND_REMOVE,
         .in = yaml_at(root, "images[0]"),
         .at = yaml_at(root, "images[0].digest")},
        {.kind = YAML_AMEND_ADD,
         .in = yaml_at(root, "images[1]"),
         .at = yaml_at(root, "images[1].digest"),
         .key = "newTag",
         .value = "3.0.1"},
        {.kind = YAML_AMEND_SET, .at = yaml_at(root, "images[1].digest"), .value = "sha256:3"},
    };
    ASSERT_OK(yaml_amend(slice_of(text), document, amendments, COUNT_OF(amendments), &got, &err),
              err);
    assert_string_equal(got.text, "images:\n  - name: a\n    newTag: \"2.0\"\n  - name: b\n"
                                  "    digest: sha256:3 # two\n    newTag: 3.0.1\n");
}

struct tree_case {
    const char *name, *text, *in;
    const char *want; /* NULL: refused */
};

static const struct tree_case tree_cases[] = {
    {"below the last key", "a: 1\n", "", "a: 1\ncart:\n  image:\n    tag: \"1.10\"\n"},
    {"deeper, in the file's own place", "a:\n    b: c # note\nd: e\n", "a",
     "a:\n    b: c # note\n    cart:\n      image:\n        tag: \"1.10\"\nd: e\n"},
    {"with CRLF", "a: 1\r\n", "", "a: 1\r\ncart:\r\n  image:\r\n    tag: \"1.10\"\r\n"},
    {"in a flow mapping", "a: {b: c}\n", "a", "a: {b: c, cart: {\"image\":{\"tag\":\"1.10\"}}}\n"},
    {"not where nothing shows the style", "{}\n", "", NULL},
    {"not under a key that is there", "cart: 1\n", "", NULL},
};

static void mappings_of_mappings_are_added(void **state)
{
    (void)state;
    AUTO_JSON *tree = json_pack("{s:{s:s}}", "image", "tag", "1.10");
    for (size_t i = 0; i < COUNT_OF(tree_cases); i++) {
        const struct tree_case *one = &tree_cases[i];
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_STR(got, TEXT_BYTES_MAX);
        struct err err = {0};
        struct yaml_document *document = NULL;
        ASSERT_OK(yaml_parse(arena, slice_of(one->text), &document, &err), err);
        struct yaml_amendment amendment = {
            .kind = YAML_AMEND_ADD, .in = node_at(document, one->in), .key = "cart", .tree = tree};
        bool done = yaml_amend(slice_of(one->text), document, &amendment, 1, &got, &err);
        if (done != (one->want != NULL) || (done && strcmp(got.text, one->want) != 0)) {
            fail_msg("%s: got\n%s", one->name, done ? got.text : err.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amendments_look_like_their_surroundings),
        cmocka_unit_test(many_amendments_are_one_change),
        cmocka_unit_test(mappings_of_mappings_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
