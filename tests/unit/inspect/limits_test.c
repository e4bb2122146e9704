/* Files made to hang or to fill memory: edited right, or refused with words, within seconds. */
#include "tree.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECONDS_MAX 60
#define MEMORY_KIB_MAX (1024L * 1024)
#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"

static const struct inspect_wish wish = {.image = "acme/a", .tag = "2.0", .digest = ""};

/* `words`: of the one refusal; NULL: there is an edit. */
static void set_in(const struct str *text, const char *path, const char *words, size_t edits_of)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct one_file file = {path, str_slice(text)};
    struct inspect_outcome outcome = {0};
    assert_false(text->failed);
    alarm(SECONDS_MAX);
    set_in_file(&file, &wish, arena, &outcome);
    alarm(0);
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    if (usage.ru_maxrss > MEMORY_KIB_MAX) {
        fail_msg("it took %ld KiB", usage.ru_maxrss);
    }
    if (words) {
        assert_int_equal(outcome.edit_count, 0);
        if (outcome.refusal_count == 0 || !strstr(outcome.refusals[0].reason, words)) {
            fail_msg("%zu refusals: %s", outcome.refusal_count,
                     outcome.refusal_count ? outcome.refusals[0].reason : "");
        }
        return;
    }
    assert_int_equal(outcome.refusal_count, 0);
    assert_int_equal(outcome.edit_count, 1);
    assert_int_equal(outcome.place_count, edits_of);
}

/* A pod with comments up to so many bytes. */
static void write_large(struct str *text, size_t bytes)
{
    str_add(text, POD "  containers:\n    - image: acme/a:1.0\n");
    while (text->length < bytes) {
        str_add(text, "# a comment that makes the file large, again and again and again\n");
    }
}

static void a_file_of_ten_megabytes_is_edited(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    write_large(&text, 10000000);
    set_in(&text, "pod.yaml", NULL, 1);
}

static void a_file_of_more_than_sixteen_megabytes_is_refused(void **state)
{
    (void)state;
    AUTO_STR(text, 17U << 20);
    write_large(&text, (16U << 20) + 1);
    set_in(&text, "pod.yaml", "larger than 16 MiB", 0);
}

/* `levels` of one kind, with an image at the bottom. */
static void set_below(const char *opens, const char *closes, int levels, const char *words)
{
    AUTO_STR(text, 1U << 20);
    str_add(&text, POD "  more:\n    ");
    for (int level = 0; level < levels; level++) {
        str_add(&text, opens);
    }
    str_add(&text, closes[0] ? "{containers: [{image: 'acme/a:1.0'}]}"
                             : "containers: [{image: 'acme/a:1.0'}]");
    for (int level = 0; level < levels; level++) {
        str_add(&text, closes);
    }
    set_in(&text, "pod.yaml", words, words ? 0 : 1);
}

static void an_image_below_a_thousand_levels_is_edited_and_more_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *opens, *closes;
    } kinds[] = {{"[", "]"}, {"{a: ", "}"}, {"- ", ""}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        set_below(kinds[i].opens, kinds[i].closes, 1000, NULL);
        set_below(kinds[i].opens, kinds[i].closes, 1025, "nested deeper than 1024 levels");
    }
}

static void brackets_to_the_brim_do_not_hang(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, "# acme/a\n");
    while (text.length < 10000000) {
        str_add(&text, "[{");
    }
    set_in(&text, "pod.yaml", "nested deeper than 1024 levels", 0);
}

static void an_alias_bomb_is_refused(void **state)
{
    (void)state;
    AUTO_STR(text, 1U << 20);
    str_add(&text,
            POD "  containers:\n    - image: acme/a:1.0\nx0: &x0 [a, a, a, a, a, a, a, a, a]\n");
    for (int i = 1; i < 20; i++) {
        str_addf(&text, "x%d: &x%d [*x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d, *x%d]\n", i, i,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    }
    set_in(&text, "pod.yaml", "aliases repeat more than 200000 values", 0);
}

static void merges_of_merges_do_not_hang(void **state)
{
    (void)state;
    AUTO_STR(text, 1U << 20);
    str_add(&text, POD "  m0: &m0 {x: y}\n");
    for (int i = 1; i < 13; i++) {
        str_addf(&text, "  m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i - 1, i - 1);
    }
    str_add(&text, "  containers:\n    - {<<: *m12, image: acme/a:1.0}\n");
    set_in(&text, "pod.yaml", NULL, 1);
}

static void thousands_of_places_are_one_change(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, POD "  containers:\n");
    for (int i = 0; i < 20000; i++) {
        str_addf(&text, "    - {name: c%d, image: acme/a:1.0}\n", i);
    }
    set_in(&text, "pod.yaml", NULL, 20000);
}

static void thousands_of_added_lines_are_one_change(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, "images:\n");
    for (int i = 0; i < 20000; i++) {
        str_add(&text, "  - name: acme/a\n");
    }
    set_in(&text, "kustomization.yaml", NULL, 20000);
}

static void thousands_of_uses_of_an_anchor_are_one_change(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, POD "  containers:\n    - image: &a acme/a:1.0\n");
    for (int i = 0; i < 5000; i++) {
        str_add(&text, "    - image: *a\n");
    }
    set_in(&text, "pod.yaml", NULL, 5001);
}

/* Each refusal costs a few readings of the file, so their number is bounded. */
static void thousands_of_refusals_end(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, POD "  containers:\n");
    for (int i = 0; i < 5000; i++) {
        str_addf(&text, "    - {image: &a%d acme/a:1.0, name: *a%d}\n", i, i);
    }
    set_in(&text, "pod.yaml", "under the anchor &a0", 0);
}

static void markers_on_one_long_line_do_not_hang(void **state)
{
    (void)state;
    AUTO_STR(text, 16U << 20);
    str_add(&text, POD "  containers: [{image: acme/a:1.0}]\n  list: [");
    for (int i = 0; i < 100000; i++) {
        str_add(&text, "a, ");
    }
    str_add(&text, "a] # {\"$imagepolicy\": \"a:b\"}\n");
    set_in(&text, "pod.yaml", NULL, 1);
}

/* Each of them may take the other's values, and all stand in one file. */
static void a_file_of_many_releases_is_read_once(void **state)
{
    (void)state;
    AUTO_STR(text, 1U << 20);
    for (int i = 0; i < 1000; i++) {
        str_addf(&text,
                 "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                 "metadata: {name: r%d%s}\n"
                 "spec: {values: {image: {repository: acme/a, tag: 1.0}}}\n---\n",
                 i / 2, i % 2 ? ", namespace: a" : "");
    }
    set_in(&text, "releases.yaml", NULL, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_ten_megabytes_is_edited),
        cmocka_unit_test(a_file_of_more_than_sixteen_megabytes_is_refused),
        cmocka_unit_test(an_image_below_a_thousand_levels_is_edited_and_more_are_refused),
        cmocka_unit_test(brackets_to_the_brim_do_not_hang),
        cmocka_unit_test(an_alias_bomb_is_refused),
        cmocka_unit_test(merges_of_merges_do_not_hang),
        cmocka_unit_test(thousands_of_places_are_one_change),
        cmocka_unit_test(thousands_of_added_lines_are_one_change),
        cmocka_unit_test(thousands_of_uses_of_an_anchor_are_one_change),
        cmocka_unit_test(thousands_of_refusals_end),
        cmocka_unit_test(a_file_of_many_releases_is_read_once),
        cmocka_unit_test(markers_on_one_long_line_do_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
