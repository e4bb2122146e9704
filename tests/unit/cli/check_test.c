/* What `heddle check` finds, as other programs read it.  Its words are in tests/golden/repos. */
#include "../testing.h"

#include "base/map.h"
#include "cli/check.h"

#define TROUBLES "tests/golden/repos/troubles/repo"

static void look(const char *folder, struct arena *arena, struct inspect_finding **out,
                 size_t *out_count)
{
    struct manifest_tree tree;
    struct inspection *inspection = NULL;
    struct err err = {0};
    ASSERT_OK(inspect_folder(folder, arena, &tree, &err), err);
    ASSERT_OK(inspect_check(&tree, arena, &inspection, out, out_count, &err), err);
}

static void every_rule_is_met_in_some_repository(void **state)
{
    (void)state;
    static const char *const folders[] = {TROUBLES, "tests/golden/repos/broken-pipeline/repo"};
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(map_done) struct map met = {0};
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        struct inspect_finding *findings = NULL;
        size_t count = 0;
        look(folders[i], arena, &findings, &count);
        for (size_t n = 0; n < count; n++) {
            map_set(&met, findings[n].rule->id, NULL);
        }
    }
    for (size_t i = 0; i < inspect_rule_count; i++) {
        if (!map_has(&met, inspect_rules[i].id)) {
            fail_msg("nothing there is against %s", inspect_rules[i].id);
        }
    }
}

/* ---- SARIF ---- */

static const char *text_in(const json_t *object, const char *path)
{
    const char *text = json_text_at(object, path, NULL);
    if (!text || !text[0]) {
        fail_msg("%s is missing", path);
    }
    return text;
}

/* What the standard asks for: sarifLog, run, tool and toolComponent (3.13, 3.14, 3.18, 3.19), and
   of reportingDescriptor (3.49) that identifiers are unique. */
static const json_t *check_frame(const json_t *log)
{
    AUTO(map_done) struct map ids = {0};
    assert_string_equal(text_in(log, "version"), "2.1.0");
    assert_string_equal(text_in(log, "$schema"), "https://json.schemastore.org/sarif-2.1.0.json");
    const json_t *runs = json_object_get(log, "runs");
    assert_int_equal(json_array_size(runs), 1);
    const json_t *run = json_array_get(runs, 0);
    assert_string_equal(text_in(run, "tool.driver.name"), "heddle");
    assert_string_equal(text_in(run, "tool.driver.version"), HEDDLE_VERSION);
    const json_t *rules = json_at(run, "tool.driver.rules");
    assert_int_equal(json_array_size(rules), inspect_rule_count);
    size_t i = 0;
    const json_t *rule = NULL;
    json_array_foreach (rules, i, rule) {
        const char *id = text_in(rule, "id");
        assert_false(map_has(&ids, id));
        map_set(&ids, id, NULL);
        text_in(rule, "shortDescription.text");
        text_in(rule, "defaultConfiguration.level");
    }
    return run;
}

/* result (3.27), message (3.11), location (3.28), region (3.30). */
static void check_result(const json_t *run, const json_t *result,
                         const struct inspect_finding *finding)
{
    const json_t *rules = json_at(run, "tool.driver.rules");
    const json_t *rule = json_array_get(rules, (size_t)json_int_at(result, "ruleIndex", 1 << 20));
    const json_t *locations = json_object_get(result, "locations");
    const json_t *place = json_object_get(json_array_get(locations, 0), "physicalLocation");
    assert_string_equal(text_in(result, "ruleId"), finding->rule->id);
    assert_string_equal(text_in(rule, "id"), finding->rule->id);
    const char *level = text_in(result, "level");
    assert_true(strcmp(level, "error") == 0 || strcmp(level, "warning") == 0);
    assert_ptr_equal(strstr(text_in(result, "message.text"), finding->message),
                     text_in(result, "message.text"));
    assert_int_equal(json_array_size(locations), 1);
    text_in(place, "artifactLocation.uri");
    assert_null(strpbrk(text_in(place, "artifactLocation.uri"), " \\%"));
    assert_string_equal(text_in(place, "artifactLocation.uriBaseId"), "%SRCROOT%");
    assert_int_equal(json_int_at(place, "region.startLine", 0), finding->line);
    assert_true(json_int_at(place, "region.startColumn", 0) >= 1);
}

static void findings_as_sarif_have_what_the_standard_asks_for(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct inspect_finding *findings = NULL;
    size_t count = 0;
    look(TROUBLES, arena, &findings, &count);
    AUTO_JSON *log = sarif_of(findings, count);
    const json_t *run = check_frame(log);
    const json_t *results = json_object_get(run, "results");
    assert_int_equal(json_array_size(results), count);
    for (size_t i = 0; i < count; i++) {
        check_result(run, json_array_get(results, i), &findings[i]);
    }
}

static void a_clean_repository_is_a_run_without_results(void **state)
{
    (void)state;
    AUTO_JSON *log = sarif_of(NULL, 0);
    const json_t *results = json_object_get(check_frame(log), "results");
    assert_true(json_is_array(results));
    assert_int_equal(json_array_size(results), 0);
}

static void strange_paths_become_uris(void **state)
{
    (void)state;
    static const struct inspect_finding finding = {
        .rule = &inspect_rules[0], .file = "a b/ü%.yaml", .message = "m", .remedy = ""};
    AUTO_JSON *log = sarif_of(&finding, 1);
    char *text = json_text(log);
    assert_non_null(strstr(text, "\"uri\":\"a%20b/%C3%BC%25.yaml\""));
    assert_null(strstr(text, "region")); /* the whole file */
    xfree(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_is_met_in_some_repository),
        cmocka_unit_test(findings_as_sarif_have_what_the_standard_asks_for),
        cmocka_unit_test(a_clean_repository_is_a_run_without_results),
        cmocka_unit_test(strange_paths_become_uris),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
