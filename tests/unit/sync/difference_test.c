#include "../testing.h"

#include "sync/difference.h"

#define WANTED                                                                                     \
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\","          \
    "\"labels\":{\"app\":\"web\"}},\"spec\":{\"replicas\":2,\"template\":{\"spec\":{"              \
    "\"containers\":[{\"name\":\"main\",\"image\":\"web:1\",\"resources\":{\"requests\":{"         \
    "\"cpu\":1}}},{\"name\":\"side\",\"image\":\"side:1\"}],\"nodeSelector\":null,"                \
    "\"hosts\":[\"a\",\"b\"]}}}}"

/* The wanted object with one part of its text replaced, as the cluster has it. */
static void find(const char *part, const char *instead, struct str *out)
{
    AUTO_STR(text, 4096);
    const char *at = strstr(WANTED, part);
    assert_non_null(at);
    str_add_bytes(&text, WANTED, (size_t)(at - WANTED));
    str_addf(&text, "%s%s", instead, at + strlen(part));
    struct err err = {0};
    AUTO_JSON *wanted = json_parse(slice_of(WANTED), &err);
    AUTO_JSON *live = json_parse(str_slice(&text), &err);
    assert_non_null(live);
    difference_find(wanted, live, out);
}

static void the_field_that_differs_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *part, *instead, *path;
    } cases[] = {
        {"\"replicas\":2", "\"replicas\":5", "spec.replicas"},
        {"\"replicas\":2,", "", "spec.replicas"},
        {"\"image\":\"web:1\"", "\"image\":\"web:2\"", "spec.template.spec.containers[main].image"},
        {"{\"name\":\"side\",\"image\":\"side:1\"}", "{\"name\":\"x\"}",
         "spec.template.spec.containers[side]"},
        {"\"app\":\"web\"", "\"app\":\"other\"", "metadata.labels.app"},
        {"\"cpu\":1", "\"cpu\":\"2\"",
         "spec.template.spec.containers[main].resources.requests.cpu"},
        {"[\"a\",\"b\"]", "[\"a\",\"c\"]", "spec.template.spec.hosts[1]"},
        {"[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]", "spec.template.spec.hosts"},
        {"\"spec\":{\"replicas\"", "\"spec\":7,\"was\":{\"replicas\"", "spec"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(path, 512);
        find(cases[i].part, cases[i].instead, &path);
        assert_string_equal(path.text, cases[i].path);
    }
}

static void what_the_server_writes_otherwise_is_no_difference(void **state)
{
    (void)state;
    static const struct {
        const char *part, *instead;
    } cases[] = {
        {"\"replicas\":2", "\"replicas\":2,\"paused\":true"},
        {"\"cpu\":1", "\"cpu\":\"1000m\""},
        {"\"nodeSelector\":null,", ""},
        {"\"name\":\"web\"", "\"name\":\"web\",\"uid\":\"7\""},
        {"\"apps/v1\"", "\"apps/v1beta1\""},
        {"{\"name\":\"main\",\"image\":\"web:1\",\"resources\":{\"requests\":{\"cpu\":1}}},"
         "{\"name\":\"side\",\"image\":\"side:1\"}",
         "{\"name\":\"side\",\"image\":\"side:1\"},"
         "{\"name\":\"main\",\"image\":\"web:1\",\"resources\":{\"requests\":{\"cpu\":1}}}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(path, 512);
        find(cases[i].part, cases[i].instead, &path);
        assert_string_equal(path.text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_field_that_differs_is_named),
        cmocka_unit_test(what_the_server_writes_otherwise_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
