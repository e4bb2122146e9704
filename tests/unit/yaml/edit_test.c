/* The cases of tests/golden/yaml/edit: `edit` has one line per edit, "document path value"; the
   result must be want.yaml to the byte, or be refused with the words in `refused`. */
#include "../testing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "yaml/yaml.h"

#define CASES "tests/golden/yaml/edit"
#define FILE_BYTES_MAX 65536
#define EDITS_MAX 16

static void load(const char *name, const char *file, struct str *out)
{
    char path[512];
    struct err err = {0};
    snprintf(path, sizeof(path), CASES "/%s/%s", name, file);
    ASSERT_OK(file_read(path, out, &err), err);
}

static bool has(const char *name, const char *file)
{
    char path[512];
    snprintf(path, sizeof(path), CASES "/%s/%s", name, file);
    return access(path, R_OK) == 0;
}

static const struct yaml_node *find(struct yaml_document *document, unsigned index,
                                    const char *path)
{
    while (document && document->index != index) {
        document = document->next;
    }
    assert_non_null(document);
    const struct yaml_node *node = yaml_at(document->root, path);
    if (!node) {
        fail_msg("no %s in document %u", path, index);
    }
    return node;
}

/* Takes the lines of `edit` apart; `lines` is changed, and the edits point into it. */
static size_t plan(struct arena *arena, struct slice text, char *lines, struct yaml_edit *out)
{
    struct err err = {0};
    struct yaml_document *document = NULL;
    size_t count = 0;
    ASSERT_OK(yaml_parse(arena, text, &document, &err), err);
    for (char *line = strtok(lines, "\n"); line && count < EDITS_MAX; line = strtok(NULL, "\n")) {
        char *path = strchr(line, ' ');
        char *value = strchr(path + 1, ' ');
        *path++ = *value++ = '\0';
        const struct yaml_node *node = find(document, (unsigned)atoi(line), path);
        out[count++] = (struct yaml_edit){node->start, node->end, value};
    }
    return count;
}

static void check_case(const char *name)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_STR(in, FILE_BYTES_MAX);
    AUTO_STR(lines, FILE_BYTES_MAX);
    AUTO_STR(want, FILE_BYTES_MAX);
    AUTO_STR(got, FILE_BYTES_MAX);
    struct yaml_edit edits[EDITS_MAX];
    struct err err = {0};
    load(name, "in.yaml", &in);
    load(name, "edit", &lines);
    size_t count = plan(arena, str_slice(&in), lines.text, edits);
    str_add(&got, "before ");
    bool done = yaml_edit(str_slice(&in), edits, count, &got, &err);
    if (has(name, "refused")) {
        load(name, "refused", &want);
        want.text[strcspn(want.text, "\n")] = '\0';
        ASSERT_FAILS(done, err, ERR_REFUSED, want.text);
        assert_string_equal(got.text, "before ");
        return;
    }
    load(name, "want.yaml", &want);
    if (!done) {
        fail_msg("%s: %s", name, err.text);
    }
    if (got.length != want.length + 7 || memcmp(got.text + 7, want.text, want.length) != 0) {
        fail_msg("%s: got\n%s\nwanted\n%s", name, got.text + 7, want.text);
    }
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void each_golden_edit_gives_exactly_the_wanted_bytes(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    int count = scandir(CASES, &entries, is_visible, alphasort);
    assert_true(count >= 20);
    for (int i = 0; i < count; i++) {
        check_case(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static void an_edit_that_meets_no_value_is_an_error(void **state)
{
    (void)state;
    static const struct yaml_edit cases[] = {
        {3, 5, "x"},  /* half of the value */
        {0, 1, "x"},  /* from the key's first byte, not to its end */
        {90, 95, "x"} /* behind the text */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(out, 100);
        struct err err = {0};
        ASSERT_FAILS(yaml_edit(slice_of("ab: cde\n"), &cases[i], 1, &out, &err), err, ERR_INVALID,
                     "not one value");
        assert_int_equal(out.length, 0);
    }
}

static void two_edits_of_one_value_are_an_error(void **state)
{
    (void)state;
    const struct yaml_edit edits[] = {{3, 4, "x"}, {3, 4, "y"}};
    AUTO_STR(out, 100);
    struct err err = {0};
    ASSERT_FAILS(yaml_edit(slice_of("a: b\n"), edits, 2, &out, &err), err, ERR_INVALID,
                 "not one value");
}

static void a_key_is_not_edited(void **state)
{
    (void)state;
    const struct yaml_edit edit = {0, 1, "x"};
    AUTO_STR(out, 100);
    struct err err = {0};
    ASSERT_FAILS(yaml_edit(slice_of("a: b\n"), &edit, 1, &out, &err), err, ERR_REFUSED, "a key");
}

static void a_text_with_control_bytes_comes_back_as_it_was(void **state)
{
    (void)state;
    static const char *const values[] = {
        "tab\tnewline\nend", "\x01\x7F", "\xC2\x85\xE2\x80\xA8", "", " ", "\xEF\xBB\xBF"};
    static const char *const texts[] = {"a: b\n", "a: 'b'\n", "a: \"b\"\n", "{a: b}\n", "a:\n"};
    for (size_t t = 0; t < COUNT_OF(texts); t++) {
        for (size_t v = 0; v < COUNT_OF(values); v++) {
            AUTO(arena_free) struct arena *arena = arena_new();
            AUTO_STR(out, 1000);
            struct err err = {0};
            struct yaml_document *document = NULL;
            ASSERT_OK(yaml_parse(arena, slice_of(texts[t]), &document, &err), err);
            const struct yaml_node *old = yaml_get(document->root, "a");
            const struct yaml_edit edit = {old->start, old->end, values[v]};
            ASSERT_OK(yaml_edit(slice_of(texts[t]), &edit, 1, &out, &err), err);
            ASSERT_OK(yaml_parse(arena, str_slice(&out), &document, &err), err);
            assert_string_equal(yaml_get(document->root, "a")->text, values[v]);
        }
    }
}

static void an_edit_that_would_pass_the_ceiling_leaves_nothing_behind(void **state)
{
    (void)state;
    const struct yaml_edit edit = {3, 4, "much longer than before"};
    AUTO_STR(out, 10);
    struct err err = {0};
    ASSERT_FAILS(yaml_edit(slice_of("a: b\n"), &edit, 1, &out, &err), err, ERR_INVALID,
                 "larger than 10 bytes");
    assert_int_equal(out.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_golden_edit_gives_exactly_the_wanted_bytes),
        cmocka_unit_test(an_edit_that_meets_no_value_is_an_error),
        cmocka_unit_test(two_edits_of_one_value_are_an_error),
        cmocka_unit_test(a_key_is_not_edited),
        cmocka_unit_test(a_text_with_control_bytes_comes_back_as_it_was),
        cmocka_unit_test(an_edit_that_would_pass_the_ceiling_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
