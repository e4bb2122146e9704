#include "../testing.h"

#include "base/file.h"
#include "house.h"

#define REVISION "deployment.kubernetes.io/revision"

/* Fields of an answer that `want` names must be equal. */
static void same(size_t step, const char *what, const json_t *want, const json_t *got)
{
    if (want != got && !json_equal(want, got)) {
        AUTO(xfree) char *wanted = json_text(want);
        AUTO(xfree) char *have = json_text(got);
        fail_msg("step %zu, %s: Kubernetes says %s, we %s", step, what, wanted, have);
    }
}

static void check_refusal(size_t step, const json_t *want, const json_t *answer)
{
    static const char *const keys[] = {"message", "reason"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (json_object_get(want, keys[i])) {
            same(step, keys[i], json_object_get(want, keys[i]), json_object_get(answer, keys[i]));
        }
    }
    same(step, "causes", json_object_get(want, "causes"), json_at(answer, "details.causes"));
}

/* Who owns what: {"heddle/Apply/": {"f:data": …}}; controllers are left out. */
static json_t *managers_of(const json_t *object)
{
    json_t *managers = json_object();
    const json_t *entries = json_array_at(object, "metadata.managedFields");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        AUTO_STR(key, 256);
        str_addf(&key, "%s/%s/%s", json_text_at(entry, "manager", ""),
                 json_text_at(entry, "operation", ""), json_text_at(entry, "subresource", ""));
        json_object_set(managers, key.text, json_object_get(entry, "fieldsV1"));
    }
    return managers;
}

static void check_object(size_t step, const json_t *want, const json_t *answer)
{
    AUTO_JSON *managers = managers_of(answer);
    same(step, "managers", json_object_get(want, "managers"), managers);
    json_t *annotations = json_object_get(json_object_get(answer, "metadata"), "annotations");
    json_object_del(annotations, REVISION);
    if (json_object_size(annotations) == 0) {
        json_object_del(json_object_get(answer, "metadata"), "annotations");
    }
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get(want, "fields"), key, value) {
        same(step, key, value, json_object_get(answer, key));
    }
    json_object_foreach (json_object_get(want, "metadata"), key, value) {
        same(step, key, value, json_object_get(json_object_get(answer, "metadata"), key));
    }
}

/* tests/golden/kube-api/apply.json was recorded from Kubernetes 1.36.3: requests, one after
   another, and what it answered. */
static void requests_are_answered_as_kubernetes_does(void **state)
{
    (void)state;
    struct err err;
    struct house house;
    AUTO_STR(text, 4U << 20);
    ASSERT_OK(file_read("tests/golden/kube-api/apply.json", &text, &err), err);
    AUTO_JSON *steps = json_parse(str_slice(&text), &err);
    ASSERT_OK(steps, err);
    house_open(&house, (struct sandbox_cluster_options){.name = "apply"});
    json_decref(house_expect(&house, 201, "POST", "/api/v1/namespaces",
                             "{\"metadata\": {\"name\": \"cmp\"}}"));
    assert_true(json_array_size(steps) > 40);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        const json_t *want = json_object_get(step, "want");
        const json_t *body = json_object_get(step, "body");
        AUTO(xfree) char *sent = body ? json_text(body) : NULL;
        int status = 0;
        AUTO_JSON *answer =
            house_call(&house, json_text_at(step, "method", ""), json_text_at(step, "path", ""),
                       json_text_at(step, "type", NULL), sent, &status);
        if (status != json_int_at(want, "code", 0)) {
            fail_msg("step %zu: status %d: %s", i, status, json_text_at(answer, "message", ""));
        }
        if (json_object_get(want, "fields")) {
            check_object(i, want, answer);
        } else {
            check_refusal(i, want, answer);
        }
    }
    house_close(&house);
}

static const char configuration[] = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", "
                                    "\"metadata\": {\"name\": \"c\", \"namespace\": "
                                    "\"default\"}, \"data\": {\"a\": \"1\"}}";

static void an_equal_apply_changes_nothing(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "apply"});
    const char *path = "/api/v1/namespaces/default/configmaps/c?fieldManager=apply";
    AUTO_JSON *first = house_expect(&house, 201, "PATCH", path, configuration);
    AUTO_JSON *second = house_expect(&house, 200, "PATCH", path, configuration);
    assert_true(json_equal(first, second));
    house_close(&house);
}

static void a_dry_run_stores_nothing(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "apply"});
    const char *path = "/api/v1/namespaces/default/configmaps/c?fieldManager=apply&dryRun=All";
    AUTO_JSON *would = house_expect(&house, 201, "PATCH", path, configuration);
    assert_string_equal(json_text_at(would, "data.a", ""), "1");
    json_decref(house_expect(&house, 404, "GET", "/api/v1/namespaces/default/configmaps/c", NULL));
    house_close(&house);
}

static void status_is_written_apart_from_the_rest(void **state)
{
    (void)state;
    struct house house;
    const char *path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/i";
    const char *status_path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/i/status";
    house_open(&house, (struct sandbox_cluster_options){.name = "apply"});
    json_decref(house_expect(&house, 201, "POST",
                             "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
                             "{\"metadata\": {\"name\": \"i\"}, \"spec\": {\"a\": 1}, \"status\": "
                             "{\"x\": 1}}"));
    AUTO_JSON *written = house_expect(&house, 200, "PATCH", status_path,
                                      "{\"spec\": {\"a\": 2}, \"status\": {\"y\": 2}}");
    assert_int_equal(json_int_at(written, "spec.a", 0), 1);
    assert_int_equal(json_int_at(written, "status.y", 0), 2);
    assert_int_equal(json_int_at(written, "status.x", 0), 0);
    assert_int_equal(json_int_at(written, "metadata.generation", 0), 1);
    AUTO_JSON *spec =
        house_expect(&house, 200, "PATCH", path, "{\"spec\": {\"a\": 3}, \"status\": {\"y\": 9}}");
    assert_int_equal(json_int_at(spec, "status.y", 0), 2);
    assert_int_equal(json_int_at(spec, "metadata.generation", 0), 2);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered_as_kubernetes_does),
        cmocka_unit_test(an_equal_apply_changes_nothing),
        cmocka_unit_test(a_dry_run_stores_nothing),
        cmocka_unit_test(status_is_written_apart_from_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
