/* Charts of an index.yaml: one question serves all of them, and an equal index costs no more. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "../registry/script.h"
#include "base/map.h"
#include "count.h"
#include "discover/discover.h"

#define POLL_MS 60000
#define INDEX "GET /stable/index.yaml "
#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ETAG(name) .status = "200 OK", .headers = "ETag: \"" name "\"\r\n"
#define SAME(name)                                                                                 \
    .when = INDEX, .with = "If-None-Match: \"" name "\"", .status = "304 Not Modified",            \
    .headers = "", .body = ""

struct bench {
    struct script script;
    struct loop *loop;
    struct discover *discover;
    struct env env;
    int64_t mono_ms;
    char web[64], api[64], none[64];
    struct map listings; /* repository → its last listing, as text */
    int told, errors;
    struct err error;
    int64_t retry_at_ms;
};

static const struct version_rule semver = {
    .images = "**", .policy = POLICY_SEMVER, .range = "", .tags = ""};

static int64_t bench_now_ms(void *context)
{
    return 1795341785000 + ((struct bench *)context)->mono_ms;
}

static int64_t bench_mono_ms(void *context)
{
    return ((struct bench *)context)->mono_ms;
}

static void not_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0, length);
}

static int by_tag(const void *left, const void *right)
{
    return strcmp(((const struct version_row *)left)->tag,
                  ((const struct version_row *)right)->tag);
}

/* "1.0.0=a@1767225600000 1.1.0_7=" */
static void on_versions(void *context, const char *repository, const struct version_row *rows,
                        size_t count)
{
    struct bench *bench = context;
    struct version_row *sorted = xcalloc(count, sizeof(*rows));
    AUTO_STR(text, 1024);
    if (count) {
        memcpy(sorted, rows, count * sizeof(*rows));
        qsort(sorted, count, sizeof(*rows), by_tag);
    }
    for (size_t i = 0; i < count; i++) {
        str_addf(&text, "%s%s=%.1s", i ? " " : "", sorted[i].tag,
                 sorted[i].digest[0] ? sorted[i].digest + strlen("sha256:") : "");
        if (sorted[i].created_ms > 0) {
            str_addf(&text, "@%lld", (long long)sorted[i].created_ms);
        }
    }
    free(sorted);
    free(map_set(&bench->listings, repository, xstrdup(text.text)));
    bench->told++;
}

static void on_error(void *context, const char *repository, const struct err *err,
                     int64_t retry_at_ms)
{
    struct bench *bench = context;
    (void)repository;
    bench->error = *err;
    bench->retry_at_ms = retry_at_ms;
    bench->errors++;
}

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count)
{
    struct err err = {0};
    *bench = (struct bench){.mono_ms = 1000};
    bench->env = (struct env){bench_now_ms, bench_mono_ms, not_random, bench};
    script_start(&bench->script, rules, count);
    snprintf(bench->web, sizeof(bench->web), "http://127.0.0.1:%d/stable/web", bench->script.port);
    snprintf(bench->api, sizeof(bench->api), "http://127.0.0.1:%d/stable/api", bench->script.port);
    snprintf(bench->none, sizeof(bench->none), "http://127.0.0.1:%d/stable/none",
             bench->script.port);
    bench->loop = loop_new();
    const struct discover_options options = {.loop = bench->loop,
                                             .env = &bench->env,
                                             .poll_ms = POLL_MS,
                                             .on_versions = on_versions,
                                             .on_error = on_error,
                                             .context = bench};
    ASSERT_OK(discover_new(&options, &bench->discover, &err), err);
}

static void bench_stop(struct bench *bench)
{
    discover_free(&bench->discover);
    loop_free(&bench->loop);
    script_stop(&bench->script);
    MAP_EACH (slot, &bench->listings) {
        free(slot->value);
    }
    map_done(&bench->listings);
}

static bool is_idle(const struct bench *bench)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_status *rows = NULL;
    size_t count = discover_state(bench->discover, arena, &rows);
    bool is_one = true;
    for (size_t i = 0; i < count; i++) {
        is_one = is_one && !rows[i].is_polling;
    }
    return is_one;
}

/* All that is due is asked for, and answered. */
static void poll_again(struct bench *bench, int64_t after_ms)
{
    bool has_ended = false;
    bench->mono_ms += after_ms;
    discover_run_due(bench->discover);
    for (int64_t tries = 0; tries < PATIENCE_MS && !has_ended; tries++) {
        int one = 1;
        await_count(bench->loop, &one, 1);
        has_ended = is_idle(bench);
    }
    assert_true(has_ended);
}

static void watch(struct bench *bench, const char *first, const char *second)
{
    struct discover_repository repositories[2] = {{first, &semver}, {second, &semver}};
    discover_set_repositories(bench->discover, repositories, second ? 2 : 1);
}

static void expect(struct bench *bench, const char *repository, const char *wanted)
{
    const char *listing = map_get(&bench->listings, repository);
    assert_string_equal(listing ? listing : "never told", wanted);
}

static void charts_of_one_index_are_read_by_one_question(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {SAME("one")},
        {.when = INDEX,
         ETAG("one"),
         .body = "entries:\n  api:\n  - {version: 2.0.0, created: \"2026-01-01T00:00:00Z\"}\n"
                 "  web:\n  - {version: 1.1.0+7}\n  - {version: 1.0.0, digest: " HEX_A "}\n"
                 "  - {version: 1.0.0}\n  other:\n  - {version: 9.0.0}\n"}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.web, bench.api);
    await_count(bench.loop, &bench.told, 2);
    expect(&bench, bench.web, "1.0.0=a 1.1.0_7=");
    expect(&bench, bench.api, "2.0.0=@1767225600000");
    assert_int_equal(script_count(&bench.script, INDEX), 1);
    for (int i = 0; i < 3; i++) {
        poll_again(&bench, POLL_MS);
    }
    assert_int_equal(bench.told, 2);
    assert_int_equal(script_count(&bench.script, INDEX), 4);
    assert_int_equal(script_count(&bench.script, "If-None-Match: \"one\""), 3);
    assert_int_equal(bench.errors, 0);
    bench_stop(&bench);
}

static void a_new_version_is_told_and_one_that_left_is_gone(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = INDEX,
         ETAG("one"),
         .body = "entries:\n  web:\n  - version: 1.0.0\n  api:\n  - version: 2.0.0\n",
         .times = 1},
        {.when = INDEX,
         ETAG("two"),
         .body = "entries:\n  web:\n  - version: 1.1.0\n  api:\n  - version: 2.0.0\n"}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.web, bench.api);
    await_count(bench.loop, &bench.told, 2);
    poll_again(&bench, POLL_MS);
    assert_int_equal(bench.told, 3); /* nothing is new of the other */
    expect(&bench, bench.web, "1.1.0=");
    bench_stop(&bench);
}

/* What was read before it was asked for says nothing of it. */
static void a_chart_that_joins_later_has_the_index_read_again(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {SAME("one")},
        {.when = INDEX,
         ETAG("one"),
         .body = "entries:\n  web:\n  - version: 1.0.0\n  api:\n  - version: 2.0.0\n"}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.web, NULL);
    await_count(bench.loop, &bench.told, 1);
    watch(&bench, bench.web, bench.api);
    await_count(bench.loop, &bench.told, 2);
    expect(&bench, bench.api, "2.0.0=");
    assert_int_equal(script_count(&bench.script, "If-None-Match"), 0);
    poll_again(&bench, POLL_MS);
    assert_int_equal(script_count(&bench.script, "If-None-Match"), 1);
    bench_stop(&bench);
}

static void a_chart_that_is_missing_troubles_no_other(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {SAME("one")},
        {.when = INDEX, ETAG("one"), .body = "entries:\n  web:\n  - version: 1.0.0\n", .times = 1},
        {.when = INDEX, .status = "500 No", .headers = "", .body = ""}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.web, bench.none);
    await_count(bench.loop, &bench.errors, 1);
    await_count(bench.loop, &bench.told, 1);
    assert_int_equal(bench.error.kind, ERR_NOT_FOUND);
    assert_non_null(strstr(bench.error.text, "it has no chart \"none\""));
    poll_again(&bench, POLL_MS); /* an equal index lacks it still */
    assert_int_equal(bench.errors, 2);
    assert_non_null(strstr(bench.error.text, "still has no chart \"none\""));
    assert_int_equal(script_count(&bench.script, INDEX), 2);
    bench_stop(&bench);
}

static void a_failure_is_everybody_s_and_takes_nothing_away(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = INDEX,
         ETAG("one"),
         .body = "entries:\n  web:\n  - version: 1.0.0\n  api:\n  - version: 2.0.0\n",
         .times = 1},
        {.when = INDEX, ETAG("two"), .body = "entries:\n  web: []\n  api:\n  - {", .times = 1},
        {.when = INDEX, ETAG("two"), .body = "entries:\n  web: []\n  api: []\n", .times = 1},
        {.when = INDEX,
         .status = "429 Slow",
         .headers = "Retry-After: 900\r\n",
         .body = "",
         .times = 1},
        {.when = INDEX, .status = "500 No", .headers = "", .body = ""}};
    static const char *const says[] = {"line 5", "lists no tags at all", "answers 429"};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.web, bench.api);
    await_count(bench.loop, &bench.told, 2);
    for (int i = 0; i < 3; i++) {
        poll_again(&bench, DISCOVER_RETRY_MS_MAX);
        assert_int_equal(bench.errors, 2 * (i + 1));
        if (!strstr(bench.error.text, says[i])) {
            fail_msg("%d: %s", i, bench.error.text);
        }
    }
    assert_int_equal(bench.told, 2);
    assert_true(bench.retry_at_ms >= bench_now_ms(&bench) + 900000);
    assert_int_equal(script_count(&bench.script, INDEX), 4);
    poll_again(&bench, 800000); /* as long as it wants, it is left alone */
    assert_int_equal(script_count(&bench.script, INDEX), 4);
    poll_again(&bench, 110000);
    assert_int_equal(script_count(&bench.script, INDEX), 5);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charts_of_one_index_are_read_by_one_question),
        cmocka_unit_test(a_new_version_is_told_and_one_that_left_is_gone),
        cmocka_unit_test(a_chart_that_joins_later_has_the_index_read_again),
        cmocka_unit_test(a_chart_that_is_missing_troubles_no_other),
        cmocka_unit_test(a_failure_is_everybody_s_and_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
