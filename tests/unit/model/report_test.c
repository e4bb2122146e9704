#include "../testing.h"

#include <stdio.h>

#include "model/report.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OID "0123456789abcdef0123456789abcdef01234567"

static struct report *make_report(struct arena *arena)
{
    struct report *report = ARENA_NEW(arena, struct report);
    struct report_workload *workload = ARENA_NEW(arena, struct report_workload);
    struct workload_image *image = ARENA_NEW(arena, struct workload_image);
    struct report_problem *problem = ARENA_NEW(arena, struct report_problem);
    *image = (struct workload_image){
        .container = "cart",
        .image = {.repository = "r.io/cart", .tag = "1.2.3", .digest = "sha256:" HEX}};
    *workload = (struct report_workload){
        .name = "cart",
        .namespace = "shop",
        .kind = WORKLOAD_STATEFUL_SET,
        .state = WORKLOAD_STUCK,
        .since_ms = 1795341785000,
        .wanted = 4,
        .updated = 1,
        .ready = 3,
        .old_ready = 3,
        .drift_fixed = 2,
        .drift_fixed_ms = 1795341780000,
        .drift_manager = "kubectl-edit",
        .wanted_images = image,
        .wanted_count = 1,
        .running_images = image,
        .running_count = 1,
        .diagnosis = {"HD1011", true, "it crashes", "old pods serve", "roll back", "exit code 1"},
        .diagnosis_since_ms = 1795341781000,
        .use = {4, {250, 64 << 20}, 3, {90, 40 << 20}}};
    struct report_drift *drift = ARENA_NEW(arena, struct report_drift);
    *drift = (struct report_drift){"Deployment", "shop",          "cart",       "spec.replicas",
                                   true,         "kubectl-scale", 1795341780000};
    struct report_use *use = ARENA_NEW(arena, struct report_use);
    *use = (struct report_use){"web", {2, {100, 1 << 20}, 0, {0, 0}}};
    struct capacity *capacity = ARENA_NEW(arena, struct capacity);
    *capacity = (struct capacity){.nodes = 3,
                                  .closed_nodes = 1,
                                  .allocatable = {24000, INT64_C(96) << 30},
                                  .requested = {6000, INT64_C(20) << 30},
                                  .pods_max = 330,
                                  .pods = 40,
                                  .used = {1200, INT64_C(7) << 30},
                                  .rooms = {{"node-2", {7000, INT64_C(30) << 30}, 90}},
                                  .room_count = 1};
    *problem = (struct report_problem){"clusters/dev/a.yaml", 7, "broken \"yaml\""};
    *report = (struct report){.cluster = "dev",
                              .session = "aB3",
                              .sequence = 17,
                              .is_full = true,
                              .agent_version = "0.1.0",
                              .path = "clusters/dev",
                              .applied_commit = OID,
                              .seen_commit = OID,
                              .applied_ms = 1795341700000,
                              .object_count = 40,
                              .workloads = workload,
                              .workload_count = 1,
                              .problems = problem,
                              .problem_count = 1,
                              .drifts = drift,
                              .drift_count = 1,
                              .uses = use,
                              .use_count = 1,
                              .capacity = capacity};
    return report;
}

static void a_report_survives_json(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_JSON *value = report_to_json(make_report(arena));
    struct report back;
    struct err err = {0};
    ASSERT_OK(report_from_json(value, arena, &back, &err), err);
    AUTO_JSON *again = report_to_json(&back);
    assert_true(json_equal(value, again));
    assert_int_equal(back.workloads[0].since_ms, 1795341785000);
    assert_string_equal(back.workloads[0].diagnosis.evidence, "exit code 1");
    assert_int_equal(back.workloads[0].running_count, 1);
    assert_int_equal(back.problems[0].line, 7);
    assert_int_equal(back.workloads[0].use.used.cpu_milli, 90);
    assert_int_equal(back.uses[0].use.per_pod.memory_bytes, 1 << 20);
    assert_string_equal(back.drifts[0].field, "spec.replicas");
    assert_string_equal(back.capacity->rooms[0].name, "node-2");
    assert_int_equal(back.capacity->pods_max, 330);
}

static void an_agent_that_may_not_look_says_why_it_knows_no_capacity(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report *report = make_report(arena);
    TEXT_COPY_CUT(report->capacity->unknown, "nodes is forbidden");
    AUTO_JSON *value = report_to_json(report);
    struct report back;
    struct err err = {0};
    ASSERT_OK(report_from_json(value, arena, &back, &err), err);
    assert_string_equal(back.capacity->unknown, "nodes is forbidden");
    assert_int_equal(back.capacity->nodes, 0);
}

static void a_healthy_workload_has_no_diagnosis(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report *report = make_report(arena);
    report->workloads[0].diagnosis.code[0] = '\0';
    AUTO_JSON *value = report_to_json(report);
    struct report back;
    struct err err = {0};
    ASSERT_OK(report_from_json(value, arena, &back, &err), err);
    assert_string_equal(back.workloads[0].diagnosis.code, "");
    assert_string_equal(back.workloads[0].diagnosis.what, "");
}

/* One value that replaces the one at `key` of the report or of its first workload. */
struct lie {
    bool in_workload;
    const char *key;
    const char *json;
    const char *says;
};

static void a_lie_is_refused_and_named(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {false, "cluster", "\"Dev\"", "report: cluster \"Dev\""},
        {false, "cluster", "7", "\"cluster\" is not a string"},
        {false, "session", "\"\"", "\"session\" is missing"},
        {false, "session", "\"a b\"", "letters and digits"},
        {false, "session", "\"0123456789012345678901234567890123456789\"", "too long"},
        {false, "sequence", "-1", "out of range"},
        {false, "sequence", "\"1\"", "not a whole number"},
        {false, "path", "\"../x\"", "relative path"},
        {false, "appliedCommit", "\"main\"", "not a commit id"},
        {false, "objectCount", "99999999999", "out of range"},
        {false, "appliedAt", "\"soon\"", "not a time"},
        {false, "workloads", "{}", "not an array"},
        {false, "workloads", "[3]", "workloads[0]: \"name\" is not a name"},
        {false, "problems", "[{\"line\": -4}]", "problems[0]: \"line\" is out of range"},
        {false, "drifts", "[{\"at\": \"soon\"}]", "drifts[0]: \"at\" is not a time"},
        {false, "uses", "[{\"name\": \"\"}]", "uses[0]: \"name\" is not a name"},
        {false, "uses", "[{\"name\": \"web\", \"pods\": -1}]", "\"pods\" is no count"},
        {false, "capacity", "7", "\"capacity\" is not an object"},
        {false, "capacity", "{\"nodes\": 1.5}", "\"nodes\" is no count"},
        {false, "capacity", "{\"used\": {\"cpuMilli\": -1}}", "\"cpuMilli\" is no amount"},
        {false, "capacity", "{\"rooms\": [[]]}", "rooms[0]"},
        {true, "name", "\"a/b\"", "workloads[0]: \"name\" is not a name"},
        {true, "namespace", "\"\"", "\"namespace\" is not a name"},
        {true, "kind", "\"Pod\"", "not a kind of workload"},
        {true, "state", "\"fine\"", "not a workload's state"},
        {true, "ready", "1.5", "not a whole number"},
        {true, "wantedImages", "[{\"container\": \"c\", \"image\": {\"repository\": \"A B\"}}]",
         "wantedImages[0]: \"image\" is not an image"},
        {true, "diagnosis", "\"bad\"", "not an object"},
        {true, "diagnosis", "{\"code\": \"HD101199\"}", "\"code\" is too long"},
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_JSON *value = report_to_json(make_report(arena));
        json_t *holder =
            lies[i].in_workload ? json_array_get(json_object_get(value, "workloads"), 0) : value;
        json_put(holder, lies[i].key, json_loads(lies[i].json, JSON_DECODE_ANY, NULL));
        struct report back;
        struct err err = {0};
        ASSERT_FAILS(report_from_json(value, arena, &back, &err), err, ERR_INVALID, lies[i].says);
    }
}

static void lists_have_an_end(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_JSON *value = report_to_json(make_report(arena));
    json_t *problems = json_array();
    for (size_t i = 0; i <= REPORT_PROBLEMS_MAX; i++) {
        json_array_append_new(problems, json_object());
    }
    json_put(value, "problems", problems);
    struct report back;
    struct err err = {0};
    ASSERT_FAILS(report_from_json(value, arena, &back, &err), err, ERR_INVALID,
                 "\"problems\" has too many items");
    ASSERT_FAILS(report_from_json(NULL, arena, &back, &err), err, ERR_INVALID, "not a JSON object");
}

static void shown_text_is_cut_on_a_characters_border(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO_JSON *value = report_to_json(make_report(arena));
    AUTO_STR(text, 4000);
    for (size_t i = 0; i < 1000; i++) {
        str_add(&text, "é");
    }
    json_t *problem = json_array_get(json_object_get(value, "problems"), 0);
    json_put_text(problem, "text", text.text);
    struct report back;
    struct err err = {0};
    ASSERT_OK(report_from_json(value, arena, &back, &err), err);
    assert_int_equal(strlen(back.problems[0].text), REASON_BYTES - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_survives_json),
        cmocka_unit_test(an_agent_that_may_not_look_says_why_it_knows_no_capacity),
        cmocka_unit_test(a_healthy_workload_has_no_diagnosis),
        cmocka_unit_test(a_lie_is_refused_and_named),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(shown_text_is_cut_on_a_characters_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
