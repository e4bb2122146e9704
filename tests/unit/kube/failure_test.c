#include "../testing.h"

#include "kube/kube.h"

struct refusal {
    const char *what;
    int http_status;
    const char *body;
    enum err_kind kind;
    const char *text;
};

static const struct refusal refusals[] = {
    {"fields are named, with their reasons", 422,
     "{\"kind\":\"Status\",\"message\":\"Deployment.apps \\\"x\\\" is invalid: …\",\"details\":{"
     "\"causes\":[{\"field\":\"spec.template.spec.containers\",\"message\":\"Required value\"},"
     "{\"field\":\"spec.replicas\",\"message\":\"Invalid value: -1: must be 0 or more\"}]}}",
     ERR_INVALID,
     "spec.template.spec.containers: Required value; spec.replicas: Invalid value: -1: must be 0 "
     "or "
     "more"},
    {"a dump of a whole selector is left out, and the way out is told", 422,
     "{\"kind\":\"Status\",\"details\":{\"causes\":[{\"field\":\"spec.selector\",\"message\":"
     "\"Invalid "
     "value: {\\\"matchLabels\\\":{\\\"app\\\":\\\"x\\\"}}: field is immutable\"}]}}",
     ERR_INVALID,
     "spec.selector: field is immutable (delete the object and heddle makes it anew, or give it "
     "another name)"},
    {"a field that the schema lacks is the manifest's fault, although the server says 500", 500,
     "{\"kind\":\"Status\",\"code\":500,\"message\":\"failed to create typed patch object "
     "(default/x; /v1, Kind=ConfigMap): .dta: field not declared in schema\"}",
     ERR_INVALID, "dta: field not declared in schema"},
    {"a server in trouble is asked again", 503,
     "{\"kind\":\"Status\",\"message\":\"etcd is away\"}", ERR_UNAVAILABLE, "etcd is away"},
    {"a page of a proxy is not shown", 502, "<html>Bad gateway</html>", ERR_UNAVAILABLE,
     "something before the API server answers with an error (HTTP 502)"},
    {"too many requests", 429, "", ERR_BUSY, "the API server asks us to wait (HTTP 429)"},
    {"no right", 403, "{\"kind\":\"Status\",\"message\":\"pods is forbidden\"}", ERR_DENIED,
     "pods is forbidden"},
    {"a forgotten version", 410, "{\"kind\":\"Status\",\"message\":\"too old\"}", ERR_CONFLICT,
     "too old"},
};

static void each_refusal_has_a_kind_and_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        struct err err = {0};
        assert_false(kube_failure(refusal->http_status, slice_of(refusal->body), &err));
        if (err.kind != refusal->kind || strcmp(err.text, refusal->text) != 0) {
            fail_msg("%s: %s \"%s\"", refusal->what, err_name(err.kind), err.text);
        }
    }
}

static void many_causes_are_counted(void **state)
{
    (void)state;
    struct err err = {0};
    kube_failure(422,
                 slice_of("{\"kind\":\"Status\",\"details\":{\"causes\":[{\"message\":\"a\"},"
                          "{\"message\":\"b\"},{\"message\":\"c\"},{\"message\":\"d\"}]}}"),
                 &err);
    assert_string_equal(err.text, "a; b; c; and 1 more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_refusal_has_a_kind_and_a_sentence),
        cmocka_unit_test(many_causes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
