/*
 * A day in the shop.  Every answer of it is held against the OpenAPI document as it comes, and
 * kept in <build>/api-answers for those who test clients.
 */
#include "../server/listener.h"
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct day {
    struct house *house;
    struct listener *listener;
    const char *mia; /* who may approve */
};

static int begin_day(void **state)
{
    struct day *day = xcalloc(1, sizeof(*day));
    if (house_open((void **)&day->house) != 0) {
        return -1;
    }
    day->house->on_answer = contract_check;
    day->mia = house_token(day->house, "mia", "approve");
    day->listener = listener_open(day->house, "/api/v1/events",
                                  house_token(day->house, "listener", "read"), NULL);
    *state = day;
    return 0;
}

static int end_day(void **state)
{
    struct day *day = *state;
    assert_int_equal(ASK(day->house, "DELETE", "/api/v1/tokens/listener")->status, 204);
    listener_close(&day->listener);
    house_close((void **)&day->house);
    free(day);
    return 0;
}

/* Ask, expect this status, and keep the answer. */
static const json_t *keep(struct day *day, const char *name, const struct ask *ask, int status)
{
    const struct answer *answer = house_ask(day->house, ask);
    if (answer->status != status) {
        fail_msg("%s %s: %d %s", ask->method, ask->path, answer->status, answer->raw.body.text);
    }
    contract_record(name, ask, answer);
    return answer->body;
}

static const json_t *keep_get(struct day *day, const char *name, const char *path)
{
    return keep(day, name, &(struct ask){.method = "GET", .path = path}, 200);
}

static const char *path_of(struct day *day, int64_t release, const char *verb)
{
    return arena_printf(day->house->arena, "/api/v1/releases/%lld%s", (long long)release, verb);
}

static const json_t *keep_release(struct day *day, const char *name, int64_t release)
{
    return keep_get(day, name, path_of(day, release, ""));
}

static void sync_all(struct day *day)
{
    static const char *const clusters[] = {"dev", "staging", "prod-eu", "prod-us"};
    for (size_t i = 0; i < COUNT_OF(clusters); i++) {
        house_sync(day->house, clusters[i], NULL);
    }
}

/* The newest release of a cell that is in this phase; waits for it. */
static int64_t find_release(struct day *day, const char *stage, const char *workload,
                            const char *phase)
{
    const char *path =
        arena_printf(day->house->arena, "/api/v1/releases?stage=%s&workload=%s&state=%s&limit=1",
                     stage, workload, phase);
    for (int waited_ms = 0; waited_ms < DEADLINE_MS; waited_ms += 10) {
        const json_t *items = json_array_at(house_get(day->house, path), "items");
        if (json_array_size(items)) {
            return json_int_at(json_array_get(items, 0), "id", 0);
        }
        usleep(10000);
    }
    fail_msg("%s has no release of %s that is %s", stage, workload, phase);
    return 0;
}

/* ---- the day ---- */

static void an_empty_morning(void **state)
{
    struct day *day = *state;
    keep_get(day, "whoami", "/api/v1/whoami");
    const json_t *board = keep_get(day, "board-quiet", "/api/v1/board");
    assert_int_equal(json_array_size(json_array_at(board, "stages")), 3);
    assert_int_equal(json_array_size(json_array_at(board, "workloads")), 3);
    const json_t *row = json_array_get(json_array_at(board, "workloads"), 0);
    assert_int_equal(json_array_size(json_array_at(row, "cells")), 3);
    assert_string_equal(json_text_at(json_array_get(json_array_at(row, "cells"), 0), "state", ""),
                        "healthy");
    keep_get(day, "releases-none", "/api/v1/releases");
    keep_get(day, "holds-none", "/api/v1/holds");
    const json_t *pipeline = keep_get(day, "pipeline", "/api/v1/pipeline");
    assert_string_equal(json_text_at(pipeline, "name", ""), "shop");
    keep_get(day, "clusters", "/api/v1/clusters");
    const json_t *cluster = keep_get(day, "cluster", "/api/v1/clusters/prod-eu");
    assert_true(json_bool_at(cluster, "isConnected", false));
    assert_int_equal(json_array_size(json_array_at(cluster, "workloads")), 3);
    keep_get(day, "cell-healthy", "/api/v1/cells/prod/cart");
}

static void a_version_reaches_dev_and_soaks_before_staging(void **state)
{
    struct day *day = *state;
    house_push(day->house, "cart", "1.1.0");
    keep_get(day, "versions", "/api/v1/versions?workload=cart");
    int64_t first = find_release(day, "dev", "cart", "syncing");
    keep_release(day, "release-syncing", first);
    house_reach(day->house, first, "done");
    const json_t *done = keep_release(day, "release-auto-done", first);
    assert_string_equal(json_text_at(done, "kind", ""), "auto");
    int64_t second = find_release(day, "staging", "cart", "queued");
    const json_t *queued = keep_release(day, "release-queued", second);
    const json_t *gate = json_array_get(json_array_at(queued, "gates"), 0);
    assert_string_equal(json_text_at(gate, "name", ""), "soak");
    assert_true(json_text_at(gate, "askAgainAt", "")[0] != '\0');
    const json_t *cell = keep_get(day, "cell-waiting", "/api/v1/cells/staging/cart");
    assert_string_equal(json_text_at(cell, "state", ""), "waiting");
    house_pass(day->house, 11000);
    sync_all(day);
    house_reach(day->house, second, "done");
}

static void prod_waits_for_mia_and_goes_in_two_waves(void **state)
{
    struct day *day = *state;
    const struct ask plan = {.method = "POST",
                             .path = "/api/v1/plans",
                             .body = "{\"to\": \"prod\", \"workloads\": [\"cart\", \"web\"]}"};
    const json_t *planned = keep(day, "plan", &plan, 200);
    assert_int_equal(json_int_at(planned, "waves", 0), 2);
    assert_int_equal(json_array_size(json_array_at(planned, "items")), 2);
    assert_int_equal(json_array_size(json_array_at(planned, "skipped")), 2);
    assert_non_null(strstr(json_text_at(planned, "diff", ""), "+          image: "));
    const char *body = arena_printf(day->house->arena,
                                    "{\"to\": \"prod\", \"workloads\": [\"cart\", \"web\"], "
                                    "\"planDigest\": \"%s\", \"reason\": \"the sale\"}",
                                    json_text_at(planned, "digest", ""));
    const struct ask promote = {.method = "POST", .path = "/api/v1/releases", .body = body};
    const json_t *made = keep(day, "release-made", &promote, 201);
    int64_t id = json_int_at(made, "id", 0);
    house_reach(day->house, id, "needs_approval");
    keep_release(day, "release-needs-approval", id);
    keep_get(day, "cell-needs-approval", "/api/v1/cells/prod/cart");
    keep_get(day, "release-diff-planned", path_of(day, id, "/diff"));
    const struct ask approve = {.method = "POST",
                                .path = path_of(day, id, "/approve"),
                                .token = day->mia,
                                .body = "{\"message\": \"go\"}"};
    const json_t *approved = keep(day, "release-approved", &approve, 200);
    assert_int_equal(json_array_size(json_array_at(approved, "approvals")), 1);
    const struct trouble rolling = {.workload = "cart", .state = WORKLOAD_ROLLING_OUT};
    house_sync_until(day->house, "prod-eu", &rolling, id, "rolling_out");
    const json_t *rolls = keep_release(day, "release-rolling-out", id);
    assert_int_equal(json_int_at(rolls, "wave", 0), 1);
    keep_get(day, "cell-rolling-out", "/api/v1/cells/prod/cart");
    keep_get(day, "board-rolling-out", "/api/v1/board");
    house_reach(day->house, id, "done");
    const json_t *done = keep_release(day, "release-done", id);
    assert_int_equal(json_array_size(json_array_at(done, "commits")), 2);
    keep_get(day, "release-diff", path_of(day, id, "/diff"));
    const json_t *found =
        keep_get(day, "releases-by-text", "/api/v1/releases?text=Sale&state=over");
    const json_t *row = json_array_get(json_array_at(found, "items"), 0);
    assert_int_equal(json_int_at(row, "id", 0), id);
    assert_int_equal(json_array_size(json_array_at(row, "versions")), 1);
    const json_t *cart = json_array_get(json_array_at(row, "versions"), 0);
    assert_string_equal(json_text_at(cart, "from", ""), "1.0.0");
    assert_string_equal(json_text_at(cart, "to", ""), "1.1.0");
    assert_string_equal(json_string_value(json_array_get(json_array_at(row, "approvedBy"), 0)),
                        "mia");
    assert_null(json_object_get(row, "liveUntil"));
}

static void a_bad_version_fails_and_is_rolled_back(void **state)
{
    struct day *day = *state;
    static const struct trouble crash = {
        .workload = "orders",
        .state = WORKLOAD_STUCK,
        .diagnosis = {.code = "HD1011",
                      .is_terminal = true,
                      .what = "orders exits with code 1 right after its start.",
                      .effect = "The old version still serves: 1 of 2 pods.",
                      .action = "Look at its log, or roll back.",
                      .evidence = "lastState.terminated.exitCode: 1"}};
    house_push(day->house, "orders", "1.1.0");
    int64_t bad = find_release(day, "dev", "orders", "syncing");
    house_sync_until(day->house, "dev", &crash, bad, "rolling_out");
    keep_get(day, "cell-stuck", "/api/v1/cells/dev/orders");
    const json_t *stuck = keep_release(day, "release-stuck", bad);
    assert_true(json_bool_at(stuck, "isStuck", false));
    const json_t *found = keep_get(day, "releases-stuck", "/api/v1/releases?state=stuck");
    assert_int_equal(json_array_size(json_array_at(found, "items")), 1);
    keep_get(day, "board-stuck", "/api/v1/board");
    /* The sentence follows what the agent says; patience does not begin anew. */
    struct trouble again = crash;
    TEXT_COPY_CUT(again.diagnosis.what, "orders exits with code 1 (3 restarts).");
    house_pass(day->house, 31000);
    house_sync(day->house, "dev", &again);
    const json_t *told = house_get(day->house, path_of(day, bad, ""));
    assert_non_null(strstr(json_text_at(told, "why", ""), "(3 restarts)"));
    house_pass(day->house, 30000);
    house_sync_until(day->house, "dev", &again, bad, "failed");
    keep_release(day, "release-failed", bad);
    const struct ask rollback = {
        .method = "POST",
        .path = "/api/v1/rollbacks",
        .body = "{\"stage\": \"dev\", \"workload\": \"orders\", \"reason\": \"it crashes\"}"};
    int64_t back = json_int_at(keep(day, "release-rollback", &rollback, 201), "id", 0);
    house_reach(day->house, back, "done");
    const json_t *holds = keep_get(day, "holds", "/api/v1/holds");
    const json_t *hold = json_array_get(json_array_at(holds, "items"), 0);
    assert_string_equal(json_text_at(hold, "rejected.tag", ""), "1.1.0");
    const json_t *cell = keep_get(day, "cell-held", "/api/v1/cells/dev/orders");
    assert_string_equal(json_text_at(cell, "state", ""), "held");
}

static void people_hold_stop_and_go_on(void **state)
{
    struct day *day = *state;
    const struct ask hold = {.method = "POST",
                             .path = "/api/v1/holds",
                             .body = "{\"stage\": \"dev\", \"workload\": \"web\", "
                                     "\"reason\": \"a test\", \"forMs\": 3600000}"};
    const json_t *held = keep(day, "hold", &hold, 201);
    assert_true(json_text_at(held, "expiresAt", "")[0] != '\0');
    house_push(day->house, "web", "1.1.0");
    const struct ask promote = {.method = "POST",
                                .path = "/api/v1/releases",
                                .body = "{\"to\": \"dev\", \"workloads\": [\"web\"]}"};
    int64_t id = json_int_at(keep(day, "release-by-hand", &promote, 201), "id", 0);
    house_await(day->house, path_of(day, id, ""), "phase", "syncing");
    const struct ask stop = {
        .method = "POST", .path = path_of(day, id, "/stop"), .body = "{\"reason\": \"not today\"}"};
    keep(day, "release-stopped", &stop, 200);
    const struct ask retry = {.method = "POST", .path = path_of(day, id, "/retry")};
    keep(day, "release-retried", &retry, 200);
    house_reach(day->house, id, "done");
    const struct ask resume = {.method = "POST",
                               .path = "/api/v1/holds/end",
                               .body = "{\"stage\": \"dev\", \"workload\": \"web\"}"};
    assert_int_equal(json_int_at(keep(day, "hold-ended", &resume, 200), "ended", 0), 1);
}

static void a_newer_version_takes_the_place_of_one_that_waits(void **state)
{
    struct day *day = *state;
    int64_t waiting = find_release(day, "staging", "web", "queued");
    house_push(day->house, "web", "1.2.0");
    int64_t next = find_release(day, "dev", "web", "syncing");
    house_reach(day->house, next, "done");
    const json_t *second = keep_release(day, "release-with-usual-time", next);
    const json_t *usual = json_array_get(json_array_at(second, "usual"), 0);
    assert_string_equal(json_text_at(usual, "target", ""), "dev");
    assert_int_equal(json_int_at(usual, "of", 0), 1);
    house_await(day->house, path_of(day, waiting, ""), "phase", "superseded");
    /* dev had 1.1.0 until then. */
    const json_t *older =
        keep_get(day, "releases-replaced", "/api/v1/releases?stage=dev&workload=web&text=1.1.0");
    assert_true(json_text_at(json_array_get(json_array_at(older, "items"), 0), "liveUntil", "")[0]);
    const json_t *left = keep_release(day, "release-superseded", waiting);
    assert_true(json_int_at(left, "supersededBy", 0) > waiting);
}

static void a_person_rejects(void **state)
{
    struct day *day = *state;
    const struct ask promote = {
        .method = "POST",
        .path = "/api/v1/releases",
        .body = "{\"to\": \"prod\", \"from\": \"dev\", \"workloads\": [\"web\"]}"};
    int64_t id = json_int_at(keep(day, "release-to-reject", &promote, 201), "id", 0);
    house_reach(day->house, id, "needs_approval");
    const struct ask reject = {.method = "POST",
                               .path = path_of(day, id, "/reject"),
                               .token = day->mia,
                               .body = "{\"message\": \"not on a Friday\"}"};
    const json_t *rejected = keep(day, "release-rejected", &reject, 200);
    assert_string_equal(json_text_at(rejected, "phase", ""), "stopped");
}

static void a_commit_of_a_person_is_a_release_of_kind_config(void **state)
{
    struct day *day = *state;
    struct house *house = day->house;
    const char *text =
        arena_printf(house->arena, "%s# with a note\n", house_manifest(house, "cart", "1.0.0"));
    HOUSE_COMMIT(house, {"clusters/prod-us/cart.yaml", text},
                 {"clusters/dev/broken.yaml", "kind: Deployment\nmetadata: {name: [\n"});
    const json_t *pipeline = keep_get(day, "pipeline-problems", "/api/v1/pipeline");
    const json_t *problem = json_array_get(json_array_at(pipeline, "problems"), 0);
    assert_string_equal(json_text_at(problem, "file", ""), "clusters/dev/broken.yaml");
    const json_t *list = keep_get(day, "releases-config", "/api/v1/releases?kind=config");
    const json_t *release = json_array_get(json_array_at(list, "items"), 0);
    assert_string_equal(json_text_at(release, "actor", ""), "ada");
    house_reach(house, json_int_at(release, "id", 0), "done");
    keep_release(day, "release-config", json_int_at(release, "id", 0));
}

static void lists_come_in_pages(void **state)
{
    struct day *day = *state;
    const json_t *all = keep_get(day, "releases", "/api/v1/releases");
    size_t count = json_array_size(json_array_at(all, "items"));
    assert_true(count > 5);
    size_t seen = 0;
    int64_t before = INT64_MAX / 2;
    for (bool has_more = true; has_more;) {
        const char *path = arena_printf(day->house->arena, "/api/v1/releases?limit=2&before=%lld",
                                        (long long)before);
        const json_t *page = house_get(day->house, path);
        seen += json_array_size(json_array_at(page, "items"));
        has_more = json_object_get(page, "next") != NULL;
        before = json_int_at(page, "next", 0);
    }
    assert_int_equal(seen, count);
    const json_t *audit = keep_get(day, "audit", "/api/v1/audit?limit=5");
    assert_int_equal(json_array_size(json_array_at(audit, "items")), 5);
    assert_true(json_int_at(audit, "next", 0) > 0);
}

static void what_an_admin_asks(void **state)
{
    struct day *day = *state;
    const struct ask token = {.method = "POST",
                              .path = "/api/v1/tokens",
                              .body = "{\"name\": \"ci\", \"role\": \"promote\", "
                                      "\"forMs\": 60000}"};
    const json_t *made = keep(day, "token-made", &token, 201);
    assert_true(json_text_at(made, "expiresAt", "")[0] != '\0');
    keep_get(day, "tokens", "/api/v1/tokens");
    const struct ask sign_in = {
        .method = "POST",
        .path = "/api/v1/session",
        .token = "",
        .body = arena_printf(day->house->arena, "{\"token\": \"%s\"}", day->house->admin)};
    keep(day, "session", &sign_in, 201);
    const json_t *sessions = keep_get(day, "sessions", "/api/v1/sessions");
    assert_int_equal(json_array_size(json_array_at(sessions, "items")), 1);
    const struct ask cluster = {
        .method = "POST", .path = "/api/v1/clusters", .body = "{\"name\": \"edge\"}"};
    const json_t *added = keep(day, "cluster-added", &cluster, 201);
    assert_string_equal(json_text_at(added, "name", ""), "edge");
    const struct ask sync = {
        .method = "POST", .path = "/api/v1/sync", .body = "{\"cluster\": \"dev\"}"};
    keep(day, "sync", &sync, 202);
}

static void silence_is_shown(void **state)
{
    struct day *day = *state;
    house_pass(day->house, 46000);
    const json_t *board = keep_get(day, "board-unreachable", "/api/v1/board");
    const json_t *row = json_array_get(json_array_at(board, "workloads"), 0);
    const json_t *cell = json_array_get(json_array_at(row, "cells"), 0);
    assert_string_equal(json_text_at(cell, "state", ""), "unreachable");
    const json_t *cluster = keep_get(day, "cluster-silent", "/api/v1/clusters/dev");
    assert_false(json_bool_at(cluster, "isConnected", true));
    sync_all(day);
}

static void errors_have_one_form(void **state)
{
    struct day *day = *state;
    static const struct {
        const char *name, *method, *path, *body;
        int status;
    } cases[] = {
        {"error-not-found", "GET", "/api/v1/releases/4711", NULL, 404},
        {"error-no-stage", "GET", "/api/v1/cells/nowhere/cart", NULL, 404},
        {"error-no-workload", "GET", "/api/v1/cells/dev/nothing", NULL, 404},
        {"error-no-cluster", "GET", "/api/v1/clusters/nowhere", NULL, 404},
        {"error-invalid", "POST", "/api/v1/plans", "{\"to\": \"dev\", \"workload\": \"cart\"}",
         422},
        {"error-refused", "POST", "/api/v1/releases",
         "{\"to\": \"prod\", \"workloads\": [\"cart\"], \"planDigest\": \"0\"}", 409},
        {"error-conflict", "POST", "/api/v1/tokens", "{\"name\": \"mia\", \"role\": \"read\"}",
         409},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct ask ask = {
            .method = cases[i].method, .path = cases[i].path, .body = cases[i].body};
        keep(day, cases[i].name, &ask, cases[i].status);
    }
    keep(day, "error-unauthenticated",
         &(struct ask){.method = "GET", .path = "/api/v1/board", .token = ""}, 401);
    keep(day, "error-denied",
         &(struct ask){.method = "GET", .path = "/api/v1/tokens", .token = day->mia}, 403);
}

static void programs_are_answered_too(void **state)
{
    struct day *day = *state;
    static const char *const paths[] = {"/healthz", "/readyz", "/metrics"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_int_equal(ASK(day->house, "GET", paths[i], .token = "")->status, 200);
    }
    const struct answer *served = ASK(day->house, "GET", "/api/v1/openapi.json", .token = "");
    assert_true(json_equal(served->body, contract_document()));
}

static void metrics_and_versions_count_what_each_registry_was_asked(void **state)
{
    struct day *day = *state;
    const json_t *versions = house_get(day->house, "/api/v1/versions");
    const json_t *registry = json_array_get(json_array_at(versions, "registries"), 0);
    int64_t requests = json_int_at(registry, "requests", 0);
    assert_string_equal(json_text_at(registry, "host", ""), day->house->address);
    assert_true(requests > 0);
    assert_int_equal(json_int_at(registry, "refusals", -1), 0);
    const struct answer *metrics = ASK(day->house, "GET", "/metrics", .token = "");
    const char *line =
        strstr(metrics->raw.body.text,
               arena_printf(day->house->arena, "\nheddle_registry_requests_total{registry=\"%s\"} ",
                            day->house->address));
    assert_non_null(line);
    assert_true(strtoll(strchr(line, '}') + 1, NULL, 10) >= requests);
    assert_non_null(strstr(metrics->raw.body.text, "heddle_registry_wait_seconds{registry="));
}

/* ---- what was told meanwhile ---- */

static const char *schema_of(const char *type)
{
    static const struct {
        const char *type, *schema;
    } types[] = {
        {"hello", "#/components/schemas/EventHello"},
        {"reset", "#/components/schemas/EventReset"},
        {"cell", "#/components/schemas/EventCell"},
        {"release", "#/components/schemas/EventRelease"},
        {"cluster", "#/components/schemas/EventCluster"},
        {"version", "#/components/schemas/EventVersion"},
        {"outages", "#/components/schemas/EventOutages"},
        {"pipeline", "#/components/schemas/EventPipeline"},
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strcmp(types[i].type, type) == 0) {
            return types[i].schema;
        }
    }
    fail_msg("nobody knows events of type \"%s\"", type);
    return NULL;
}

static void every_event_was_as_the_document_says(void **state)
{
    struct day *day = *state;
    AUTO_JSON *record = json_array();
    static const char *const types[] = {"hello",   "cell",    "release",
                                        "cluster", "version", "pipeline"};
    size_t seen[COUNT_OF(types)] = {0};
    size_t count = listener_count(day->listener);
    for (size_t i = 0; i < count; i++) {
        struct err err = {0};
        const char *type = listener_type(day->listener, i);
        AUTO_JSON *value = json_parse(slice_of(listener_data(day->listener, i)), &err);
        contract_check_value(schema_of(type), value);
        for (size_t n = 0; n < COUNT_OF(types); n++) {
            seen[n] += strcmp(types[n], type) == 0;
        }
        json_t *event = json_object();
        json_put_text(event, "event", type);
        json_put(event, "data", json_incref(value));
        json_array_append_new(record, event);
    }
    for (size_t n = 0; n < COUNT_OF(types); n++) {
        assert_true(seen[n] > 0);
    }
    contract_record_value("events", record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_morning),
        cmocka_unit_test(a_version_reaches_dev_and_soaks_before_staging),
        cmocka_unit_test(prod_waits_for_mia_and_goes_in_two_waves),
        cmocka_unit_test(a_bad_version_fails_and_is_rolled_back),
        cmocka_unit_test(people_hold_stop_and_go_on),
        cmocka_unit_test(a_newer_version_takes_the_place_of_one_that_waits),
        cmocka_unit_test(a_person_rejects),
        cmocka_unit_test(a_commit_of_a_person_is_a_release_of_kind_config),
        cmocka_unit_test(lists_come_in_pages),
        cmocka_unit_test(what_an_admin_asks),
        cmocka_unit_test(silence_is_shown),
        cmocka_unit_test(errors_have_one_form),
        cmocka_unit_test(programs_are_answered_too),
        cmocka_unit_test(metrics_and_versions_count_what_each_registry_was_asked),
        cmocka_unit_test(every_event_was_as_the_document_says),
    };
    return cmocka_run_group_tests(tests, begin_day, end_day);
}
