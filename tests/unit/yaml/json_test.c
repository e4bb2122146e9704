#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "yaml/yaml.h"

static json_t *convert(const char *text, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    if (!yaml_parse(arena, slice_of(text), &document, err)) {
        return NULL;
    }
    assert_non_null(document);
    return yaml_to_json(document->root, err);
}

/* 1e20 and 100000000000000000000 are one number in two spellings. */
static bool is_same(const json_t *a, const json_t *b)
{
    if (json_is_number(a) && json_is_number(b)) {
        return json_number_value(a) == json_number_value(b);
    }
    return json_equal(a, b);
}

static void check_scalar(const char *scalar, const char *wanted)
{
    AUTO_STR(text, 200);
    struct err err = {0};
    str_addf(&text, "v: %s\n", scalar);
    AUTO_JSON *got = convert(text.text, &err);
    if (strcmp(wanted, "error") == 0) {
        if (got) {
            fail_msg("%s must be an error", scalar);
        }
        return;
    }
    if (!got) {
        fail_msg("%s: %s", scalar, err.text);
    }
    /* An integer for an integer: the API refuses 1.0 where it wants 1. */
    AUTO_JSON *want = json_loads(wanted, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    AUTO_JSON *as_it_is = json_loads(wanted, JSON_DECODE_ANY, NULL);
    const json_t *value = json_object_get(got, "v");
    bool same_type = !json_is_integer(as_it_is) || json_is_integer(value);
    if (!is_same(value, json_is_number(want) ? want : as_it_is) || !same_type) {
        AUTO(xfree) char *shown = json_text(value);
        fail_msg("%s: got %s, wanted %s", scalar, shown, wanted);
    }
}

/* resolve.tsv is what sigs.k8s.io/yaml 1.6.0 itself prints for each scalar. */
static void scalars_mean_what_kubernetes_reads(void **state)
{
    (void)state;
    AUTO_STR(table, 65536);
    struct err err = {0};
    size_t count = 0;
    ASSERT_OK(file_read("tests/golden/yaml/resolve.tsv", &table, &err), err);
    for (char *line = strtok(table.text, "\n"); line; line = strtok(NULL, "\n")) {
        char *tab = strrchr(line, '\t');
        assert_non_null(tab);
        *tab = '\0';
        check_scalar(line, tab + 1);
        count++;
    }
    assert_true(count > 80);
}

static void mappings_become_what_kubernetes_reads(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        {"1: a\ntrue: b\n0x10: c\n\"2\": d",
         "{\"1\":\"a\",\"16\":\"c\",\"2\":\"d\",\"true\":\"b\"}"},
        {"a: &x {k: 1}\nb: *x", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}"},
        {"a: &x {k: 1, l: 2}\nb: {k: 0, <<: *x, l: 3}",
         "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":1,\"l\":3}}"},
        {"b: {<<: [{k: 1}, {k: 2, l: 2}]}", "{\"b\":{\"k\":1,\"l\":2}}"},
        {"b: {\"<<\": 1}", "{\"b\":{\"<<\":1}}"},
        {"a: |\n  x\n  y\nb: >-\n  x\n  y", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
        {"{\"a\": [1, 2.5, \"x\", null, {}]}", "{\"a\":[1,2.5,\"x\",null,{}]}"},
        {"- a\n-\n- ", "[\"a\",null,null]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_JSON *got = convert(cases[i].yaml, &err);
        if (!got) {
            fail_msg("%s: %s", cases[i].yaml, err.text);
        }
        AUTO(xfree) char *text = json_text(got);
        assert_string_equal(text, cases[i].json);
    }
}

static void what_json_cannot_carry_is_an_error_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *part;
    } cases[] = {
        {"a: 1\nb: {{ .Image }}", "line 2, column 5: a key must be a text"},
        {"? [a]\n: 1", "line 1, column 3: a key must be a text"},
        {"a:\n  ~: 1", "line 2, column 3: a key may not be null"},
        {"a: .inf", "line 1, column 4: JSON has no such number"},
        {"a: 18446744073709551615", "63 bits"},
        {"a: !!int x", "does not fit its tag"},
        {"a: {<<: 1}", "<< wants a mapping"},
        {"a: !!binary AA==", "!!binary"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        ASSERT_FAILS(convert(cases[i].yaml, &err) != NULL, err, ERR_INVALID, cases[i].part);
    }
}

static void plain_texts_that_other_readers_take_for_something_else_are_quoted(void **state)
{
    (void)state;
    static const char *const strings[] = {
        "a",        "1.2.3", "v1.10",   "repo:1234567", "a:b@c", "ghcr.io/a/b:1.0@sha256:00",
        "2026.8.3", "a#b",   "sha-1e5", "größe"};
    static const char *const others[] = {
        "",   "1",    "1.10", "1e5",  "0x1F", "0o17", "yes",  "oN",       "y",  "NULL", "~",
        "=",  "<<",   "1_0",  "1:30", ".inf", "- a",  "a: b", "a #b",     "a:", " a",   "a ",
        "[a", "{a",   "a, b", "*a",   "&a",   "!a",   "|",    "2026-1-2", "@a", "`a",   "%a",
        "'a", "a\nb", "\x7F", "\xFF", "...",  "---",  "0777", "08"};
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        if (!yaml_plain_is_string(strings[i])) {
            fail_msg("\"%s\" needs no quotes", strings[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (yaml_plain_is_string(others[i])) {
            fail_msg("\"%s\" needs quotes", others[i]);
        }
    }
}

static void a_written_scalar_is_read_back_as_the_same_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"a",           "1.10",       "",   "yes",  "a: b",
                                        "\"q\" \\",    "two\nlines", "\t", "雪 🎉", "# c",
                                        "\xE2\x80\xA8"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO_STR(out, 200);
        struct err err = {0};
        str_add(&out, "v: ");
        yaml_write_scalar(&out, texts[i]);
        AUTO_JSON *got = convert(out.text, &err);
        assert_string_equal(json_text_at(got, "v", "(nothing)"), texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_mean_what_kubernetes_reads),
        cmocka_unit_test(mappings_become_what_kubernetes_reads),
        cmocka_unit_test(what_json_cannot_carry_is_an_error_with_its_place),
        cmocka_unit_test(plain_texts_that_other_readers_take_for_something_else_are_quoted),
        cmocka_unit_test(a_written_scalar_is_read_back_as_the_same_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
