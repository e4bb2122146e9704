/* Versions of Helm charts: out of an index, or of the tags of an OCI repository. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/chart_index.h"
#include "script.h"

#define INDEX "GET /charts/index.yaml "

struct bench {
    struct script script;
    struct registry *registry;
    char repository[64];
    char config_file[64];
};

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count)
{
    struct err err = {0};
    AUTO_STR(config, 500);
    *bench = (struct bench){0};
    script_start(&bench->script, rules, count);
    snprintf(bench->repository, sizeof(bench->repository), "http://127.0.0.1:%d/charts",
             bench->script.port);
    snprintf(bench->config_file, sizeof(bench->config_file), "/tmp/heddle-charts-%d",
             (int)getpid());
    str_addf(&config, "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"Y2k6c2VjcmV0\"}}}",
             bench->script.port);
    ASSERT_OK(file_replace(bench->config_file, str_slice(&config), 0600, &err), err);
    const struct registry_options options = {.config_file = bench->config_file};
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
}

static void bench_stop(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->script);
    unlink(bench->config_file);
}

/* "1.0.0/app@created!" */
static void show(const struct registry_charts *charts, struct str *out)
{
    for (size_t i = 0; i < charts->count; i++) {
        const struct registry_chart *chart = &charts->items[i];
        str_addf(out, "%s%s", i ? " " : "", chart->version);
        if (chart->app_version) {
            str_addf(out, "/%s", chart->app_version);
        }
        if (chart->created_ms) {
            str_addf(out, "@%lld", (long long)chart->created_ms);
        }
        str_add(out, chart->is_deprecated ? "!" : "");
    }
}

static bool read_text(void *context, char *buffer, size_t size, size_t *out_length, struct err *err)
{
    struct slice *left = context;
    (void)err;
    *out_length = left->length < size ? left->length : size;
    memcpy(buffer, left->bytes, *out_length);
    left->bytes += *out_length;
    left->length -= *out_length;
    return true;
}

static bool read_index(const char *text, const char *chart, struct registry_charts *out,
                       struct err *err)
{
    struct slice left = slice_of(text);
    const struct yaml_source source = {read_text, &left};
    struct registry_index_chart asked = {.name = chart};
    bool is_read = chart_index_read(&source, &asked, 1, err);
    *out = asked.versions;
    if (is_read && asked.err.kind != ERR_NONE) {
        *err = asked.err;
        return false;
    }
    return is_read;
}

/* As helm writes it, by a tool that writes JSON, and with whatever else may stand there. */
static void only_the_chart_that_is_asked_for_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"apiVersion: v1\nentries:\n"
         "  other:\n  - version: 9.9.9\n    name: other\n"
         "  podinfo:\n"
         "  - apiVersion: v1\n    appVersion: 6.5.0\n    created: \"2026-01-01T00:00:00Z\"\n"
         "    dependencies:\n    - name: redis\n      version: 7.7.7\n"
         "    annotations: {version: 8.8.8}\n"
         "    maintainers:\n    - {name: x, version: 6.6.6}\n"
         "    urls:\n    - https://example.org/podinfo-6.5.0.tgz\n    version: 6.5.0\n"
         "  - deprecated: true\n    version: 6.4.0+build.1\n"
         "generated: \"2026-01-01T00:00:00Z\"\n",
         "6.5.0/6.5.0@1767225600000 6.4.0+build.1!"},
        {"{\"entries\": {\"podinfo\": [{\"version\": \"1.0.0\"}, {\"version\": \"2.0.0\"}],"
         " \"other\": [{\"version\": \"3.0.0\"}]}}",
         "1.0.0 2.0.0"},
        {"entries: {podinfo: []}\n", ""},
        {"entries: {podinfo: [{version: [1]}, {version: {a: b}}, text, [version, 1.0.0], {}, "
         "{version: 'a b'}, {version: \"a\\0b\"}, {version: 1.0.0}]}\n",
         "1.0.0"},
        {"other: {podinfo: [{version: 1.0.0}]}\n"
         "entries: {x: {podinfo: [{version: 2.0.0}]}, podinfo: [{version: 3.0.0}]}\n",
         "3.0.0"},
        {"entries:\n  ? {podinfo: x}\n  : [{version: 1.0.0}]\n  podinfo: [{version: 2.0.0}]\n",
         "2.0.0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(registry_charts_done) struct registry_charts charts = {0};
        AUTO_STR(text, 1000);
        struct err err = {0};
        ASSERT_OK(read_index(cases[i].text, "podinfo", &charts, &err), err);
        show(&charts, &text);
        assert_string_equal(text.text, cases[i].wanted);
    }
}

static void what_is_no_index_or_has_no_such_chart_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"", ERR_INVALID, "it has no entries"},
        {"<html>\n", ERR_INVALID, "it has no entries"},
        {"entries: [podinfo]\n", ERR_INVALID, "it has no entries"},
        {"entries: {}\n", ERR_NOT_FOUND, "it has no chart \"podinfo\""},
        {"entries: {podinfo: text}\n", ERR_NOT_FOUND, "it has no chart \"podinfo\""},
        {"entries: {podinfo: {version: 1.0.0}}\n", ERR_NOT_FOUND, "it has no chart \"podinfo\""},
        {"entries: {podinfo: [{version: 1.0.0}, {version", ERR_INVALID, "line "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct registry_charts charts = {0};
        struct err err = {0};
        ASSERT_FAILS(read_index(cases[i].text, "podinfo", &charts, &err), err, cases[i].kind,
                     cases[i].says);
        assert_int_equal(charts.count, 0);
    }
}

static void versions_without_end_are_refused(void **state)
{
    (void)state;
    struct registry_charts charts = {0};
    struct err err = {0};
    AUTO_STR(text, 4U << 20);
    str_add(&text, "entries:\n  podinfo:\n");
    for (int i = 0; i <= REGISTRY_CHART_VERSIONS_MAX; i++) {
        str_addf(&text, "  - version: 1.0.%d\n", i);
    }
    ASSERT_FAILS(read_index(text.text, "podinfo", &charts, &err), err, ERR_UNAVAILABLE,
                 "more than 10000 versions");
}

/* ---- from afar ---- */

static void an_index_is_fetched_with_the_credential_of_its_host(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = INDEX,
         .with = "Authorization: Basic Y2k6c2VjcmV0",
         .status = "200 OK",
         .headers = "Content-Type: application/yaml\r\n",
         .body = "entries:\n  podinfo:\n  - version: 1.0.0\n  - version: 1.1.0\n"}};
    static const char *const endings[] = {"", "/"};
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        struct bench bench;
        struct err err = {0};
        AUTO(registry_charts_done) struct registry_charts charts = {0};
        AUTO_STR(repository, 200);
        bench_start(&bench, rules, COUNT_OF(rules));
        str_addf(&repository, "%s%s", bench.repository, endings[i]);
        ASSERT_OK(registry_list_charts(bench.registry, repository.text, "podinfo", &charts, &err),
                  err);
        assert_int_equal(charts.count, 2);
        assert_int_equal(registry_take_asked(bench.registry), 1);
        bench_stop(&bench);
    }
}

static void whatever_is_not_a_whole_index_is_an_error(void **state)
{
    (void)state;
    static const struct {
        struct script_rule rule;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {{.when = INDEX,
          .status = "404 Not Found",
          .headers = "",
          .body = "entries: {podinfo: []}"},
         ERR_NOT_FOUND,
         "answers 404"},
        {{.when = INDEX, .status = "401 Unauthorized", .headers = "", .body = ""},
         ERR_UNKNOWN_WHO,
         "answers 401; as user \"ci\" of /tmp/heddle-charts-"},
        {{.when = INDEX, .status = "429 Slow", .headers = "Retry-After: 7\r\n", .body = ""},
         ERR_BUSY,
         "answers 429"},
        {{.when = INDEX, .status = "304 Not Modified", .headers = "", .body = ""},
         ERR_UNAVAILABLE, /* nobody asked for that */
         "answers 304"},
        {{.when = INDEX, .status = "302 Found", .headers = "", .body = ""},
         ERR_UNAVAILABLE,
         "does not say where to look"},
        {{.when = INDEX,
          .status = "302 Found",
          .headers = "Location: http://charts.example.org/\r\n",
          .body = ""},
         ERR_UNAVAILABLE,
         "sends to another address that is not https"},
        {{.when = INDEX,
          .status = "302 Found",
          .headers = "Location: /charts/index.yaml\r\n",
          .body = ""},
         ERR_UNAVAILABLE,
         "answers 302"},
        {{.when = INDEX,
          .status = "200 OK",
          .headers = "",
          .body = "entries:\n  podinfo:\n  - version: 1.0.0\n",
          .is_cut = true},
         ERR_UNAVAILABLE,
         "the charts of http://127.0.0.1:"},
        {{.when = INDEX, .status = "200 OK", .headers = "", .body = "<!doctype html>"},
         ERR_INVALID,
         "it is no index of charts"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct script_rule rule = cases[i].rule;
        struct bench bench;
        struct registry_charts charts = {0};
        struct err err = {0};
        bench_start(&bench, &rule, 1);
        ASSERT_FAILS(
            registry_list_charts(bench.registry, bench.repository, "podinfo", &charts, &err), err,
            cases[i].kind, cases[i].says);
        assert_int_equal(charts.count, 0);
        bench_stop(&bench);
    }
}

/* Both hosts have one. */
static void give_credentials(struct bench *bench, int other_port)
{
    struct err err = {0};
    AUTO_STR(config, 500);
    str_addf(&config,
             "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"Y2k6c2VjcmV0\"}, \"127.0.0.1:%d\": "
             "{\"auth\": \"Y2k6b3RoZXI=\"}}}",
             bench->script.port, other_port);
    ASSERT_OK(file_replace(bench->config_file, str_slice(&config), 0600, &err), err);
    registry_free(&bench->registry);
    const struct registry_options options = {.config_file = bench->config_file};
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
}

static void an_index_that_lies_elsewhere_is_read_there_without_the_credential(void **state)
{
    (void)state;
    struct script_rule there[] = {{.when = "GET /moved/index.yaml ",
                                   .status = "200 OK",
                                   .headers = "",
                                   .body = "entries:\n  podinfo:\n  - version: 1.0.0\n"}};
    struct script other;
    AUTO_STR(location, 200);
    struct bench bench;
    struct err err = {0};
    AUTO(registry_charts_done) struct registry_charts charts = {0};
    script_start(&other, there, COUNT_OF(there));
    str_addf(&location, "Location: http://127.0.0.1:%d/moved/index.yaml\r\n", other.port);
    struct script_rule rules[] = {
        {.when = INDEX, .status = "301 Moved", .headers = location.text, .body = "entries: {}"}};
    bench_start(&bench, rules, COUNT_OF(rules));
    give_credentials(&bench, other.port);
    ASSERT_OK(registry_list_charts(bench.registry, bench.repository, "podinfo", &charts, &err),
              err);
    assert_int_equal(charts.count, 1);
    assert_int_equal(registry_take_asked(bench.registry), 2);
    assert_int_equal(script_count(&bench.script, "Authorization: Basic"), 1);
    assert_int_equal(script_count(&other, "Authorization"), 0);
    bench_stop(&bench);
    script_stop(&other);
}

static void an_index_is_read_once_for_many_charts_and_not_again_while_it_is_the_same(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = INDEX,
         .with = "If-None-Match: \"one\"",
         .status = "304 Not Modified",
         .headers = "",
         .body = ""},
        {.when = INDEX,
         .status = "200 OK",
         .headers = "ETag: \"one\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
         .body = "entries:\n  a:\n  - {version: 1.0.0, digest: "
                 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n"
                 "  - {version: 1.1.0, digest: sha256:short}\n  b:\n  - version: 2.0.0\n"}};
    struct bench bench;
    struct err err = {0};
    int64_t retry_ms = 0;
    struct registry_index_chart asked[] = {{.name = "b"}, {.name = "none"}, {.name = "a"}};
    bench_start(&bench, rules, COUNT_OF(rules));
    struct registry_index index = {.address = bench.repository, .charts = asked, .count = 3};
    ASSERT_OK(registry_read_index(bench.registry, &index, &retry_ms, &err), err);
    assert_false(index.is_same);
    assert_int_equal(asked[0].versions.count, 1);
    assert_int_equal(asked[1].err.kind, ERR_NOT_FOUND);
    assert_int_equal(asked[2].versions.count, 2);
    assert_string_equal(asked[2].versions.items[0].digest,
                        "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    assert_string_equal(asked[2].versions.items[1].digest, "");
    assert_string_equal(index.validators.etag, "\"one\"");
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        registry_charts_done(&asked[i].versions);
    }
    ASSERT_OK(registry_read_index(bench.registry, &index, &retry_ms, &err), err);
    assert_true(index.is_same);
    assert_int_equal(
        script_count(&bench.script, "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT"), 1);
    bench_stop(&bench);
}

static void a_registry_that_asks_to_wait_is_understood_for_an_index_too(void **state)
{
    (void)state;
    struct script_rule rules[] = {{.when = INDEX,
                                   .status = "429 Too Many Requests",
                                   .headers = "Retry-After: 7\r\n",
                                   .body = ""}};
    struct bench bench;
    struct err err = {0};
    int64_t retry_ms = 0;
    struct registry_index_chart asked = {.name = "a"};
    bench_start(&bench, rules, COUNT_OF(rules));
    struct registry_index index = {.address = bench.repository, .charts = &asked, .count = 1};
    assert_false(registry_read_index(bench.registry, &index, &retry_ms, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_int_equal(retry_ms, 7000);
    bench_stop(&bench);
}

static void of_an_oci_repository_the_tags_are_the_versions(void **state)
{
    (void)state;
    struct script_rule rules[] = {{.when = "GET /v2/acme/charts/podinfo/tags/list?n=1000 ",
                                   .status = "200 OK",
                                   .headers = "",
                                   .body = "{\"tags\": [\"1.0.0\", \"1.1.0_build.7\"]}"}};
    struct bench bench;
    struct err err = {0};
    AUTO(registry_charts_done) struct registry_charts charts = {0};
    AUTO_STR(repository, 200);
    AUTO_STR(text, 200);
    bench_start(&bench, rules, COUNT_OF(rules));
    str_addf(&repository, "oci://127.0.0.1:%d/acme/charts/", bench.script.port);
    ASSERT_OK(registry_list_charts(bench.registry, repository.text, "podinfo", &charts, &err), err);
    show(&charts, &text);
    assert_string_equal(text.text, "1.0.0 1.1.0+build.7");
    bench_stop(&bench);
}

static void what_is_no_repository_or_chart_is_refused_before_anybody_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *repository, *chart, *says;
    } cases[] = {
        {"https://charts.example.org", "../podinfo", "is not the name of a chart"},
        {"https://charts.example.org", "", "is not the name of a chart"},
        {"charts.example.org", "podinfo", "is no repository of charts"},
        {"https://u:p@charts.example.org", "podinfo", "is no repository of charts"},
        {"https://charts.example.org/?a=b", "podinfo", "has a query"},
        {"http://charts.example.org", "podinfo", "speaks plain HTTP"},
    };
    struct bench bench;
    bench_start(&bench, NULL, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct registry_charts charts = {0};
        struct err err = {0};
        ASSERT_FAILS(registry_list_charts(bench.registry, cases[i].repository, cases[i].chart,
                                          &charts, &err),
                     err, ERR_INVALID, cases[i].says);
    }
    assert_int_equal(registry_take_asked(bench.registry), 0);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_chart_that_is_asked_for_is_kept),
        cmocka_unit_test(what_is_no_index_or_has_no_such_chart_is_refused),
        cmocka_unit_test(versions_without_end_are_refused),
        cmocka_unit_test(an_index_is_fetched_with_the_credential_of_its_host),
        cmocka_unit_test(whatever_is_not_a_whole_index_is_an_error),
        cmocka_unit_test(an_index_that_lies_elsewhere_is_read_there_without_the_credential),
        cmocka_unit_test(an_index_is_read_once_for_many_charts_and_not_again_while_it_is_the_same),
        cmocka_unit_test(a_registry_that_asks_to_wait_is_understood_for_an_index_too),
        cmocka_unit_test(of_an_oci_repository_the_tags_are_the_versions),
        cmocka_unit_test(what_is_no_repository_or_chart_is_refused_before_anybody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
