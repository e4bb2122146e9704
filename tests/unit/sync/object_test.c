#include "../testing.h"

#include "sync/object.h"
#include "sync/sync.h"

static json_t *read_json(const char *text)
{
    struct err err = {0};
    json_t *json = json_parse(slice_of(text), &err);
    if (!json) {
        fail_msg("%s: %s", text, err.text);
    }
    return json;
}

static uint64_t print_of(const char *text)
{
    AUTO_JSON *json = read_json(text);
    return object_fingerprint(json);
}

#define BASE                                                                                       \
    "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"}},\"spec\":{\"replicas\":1}}"

static void bookkeeping_does_not_change_the_fingerprint(void **state)
{
    (void)state;
    static const char *const same[] = {
        "{\"spec\":{\"replicas\":1},\"metadata\":{\"annotations\":{\"a\":\"1\"},\"name\":\"x\"}}",
        "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"status\":{\"replicas\":3},"
        "\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"}},\"spec\":{\"replicas\":1}}",
        "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"9\",\"generation\":4,"
        "\"managedFields\":"
        "[{\"manager\":\"kubectl\"}],\"annotations\":{\"a\":\"1\","
        "\"deployment.kubernetes.io/revision\":\"2\"}},\"spec\":{\"replicas\":1}}",
    };
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        if (print_of(same[i]) != print_of(BASE)) {
            fail_msg("%s", same[i]);
        }
    }
    assert_true(print_of("{\"metadata\":{\"name\":\"x\"}}") ==
                print_of("{\"metadata\":{\"name\":\"x\",\"annotations\":{"
                         "\"deployment.kubernetes.io/revision\":\"2\"}}}"));
}

static void what_people_change_changes_the_fingerprint(void **state)
{
    (void)state;
    static const char *const other[] = {
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"2\"}},\"spec\":{\"replicas\":1}}",
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"}},\"spec\":{\"replicas\":2}}",
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"},\"labels\":{\"l\":\"1\"}},"
        "\"spec\":{\"replicas\":1}}",
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"},\"uid\":\"u\"},"
        "\"spec\":{\"replicas\":1}}",
        "{\"metadata\":{\"name\":\"x\",\"annotations\":{\"a\":\"1\"}},\"spec\":{\"replicas\":1},"
        "\"data\":{}}",
    };
    for (size_t i = 0; i < COUNT_OF(other); i++) {
        if (print_of(other[i]) == print_of(BASE)) {
            fail_msg("%s", other[i]);
        }
    }
}

static void a_fingerprint_leaves_its_object_as_it_was(void **state)
{
    (void)state;
    AUTO_JSON *json = read_json("{\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{"
                                "\"deployment.kubernetes.io/revision\":\"2\"}},\"status\":{}}");
    AUTO(xfree) char *before = json_text(json);
    object_fingerprint(json);
    AUTO(xfree) char *after = json_text(json);
    assert_string_equal(before, after);
}

static void versions_are_compared_as_numbers_of_any_length(void **state)
{
    (void)state;
    assert_true(object_is_newer("10", "9"));
    assert_false(object_is_newer("9", "10"));
    assert_false(object_is_newer("10", "10"));
    assert_true(object_is_newer("99999999999999999999999", "99999999999999999999998"));
    assert_true(object_is_newer("b", "a"));
    assert_true(object_is_newer("a", "b"));
    assert_false(object_is_older("a", "b"));
    assert_true(object_is_older("9", "10"));
}

static void only_a_newer_and_other_object_has_drifted(void **state)
{
    (void)state;
    const struct {
        const char *what;
        struct live applied, live;
        bool has_drifted;
    } rows[] = {
        {"the same",
         {.exists = true, .version = "5", .fingerprint = 1},
         {.exists = true, .version = "5", .fingerprint = 1},
         false},
        {"a new status",
         {.exists = true, .version = "5", .fingerprint = 1},
         {.exists = true, .version = "6", .fingerprint = 1},
         false},
        {"changed by hand",
         {.exists = true, .version = "5", .fingerprint = 1},
         {.exists = true, .version = "6", .fingerprint = 2},
         true},
        {"seen before it was applied",
         {.exists = true, .version = "5", .fingerprint = 1},
         {.exists = true, .version = "4", .fingerprint = 2},
         false},
        {"deleted", {.exists = true, .version = "5", .fingerprint = 1}, {.version = "6"}, true},
        {"gone from a new list",
         {.exists = true, .version = "5", .fingerprint = 1},
         {.exists = false},
         true},
        {"never applied",
         {.exists = false},
         {.exists = true, .version = "6", .fingerprint = 2},
         false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (object_has_drifted(&rows[i].applied, &rows[i].live) != rows[i].has_drifted) {
            fail_msg("%s", rows[i].what);
        }
    }
}

static void a_copied_label_does_not_make_an_object_ours(void **state)
{
    (void)state;
    const struct {
        const char *what, *text;
        bool is_ours;
    } rows[] = {
        {"applied by us",
         "{\"metadata\":{\"labels\":{\"heddle.dev/cluster\":\"dev\"},\"managedFields\":["
         "{\"manager\":\"heddle\",\"operation\":\"Apply\"}]}}",
         true},
        {"copied to an EndpointSlice",
         "{\"metadata\":{\"labels\":{\"heddle.dev/cluster\":\"dev\"},\"managedFields\":["
         "{\"manager\":\"kube-controller-manager\",\"operation\":\"Update\"}]}}",
         false},
        {"of another cluster",
         "{\"metadata\":{\"labels\":{\"heddle.dev/cluster\":\"prod\"},\"managedFields\":["
         "{\"manager\":\"heddle\",\"operation\":\"Apply\"}]}}",
         false},
        {"made by a controller",
         "{\"metadata\":{\"labels\":{\"heddle.dev/cluster\":\"dev\"},\"ownerReferences\":["
         "{\"controller\":true}],\"managedFields\":[{\"manager\":\"heddle\","
         "\"operation\":\"Apply\"}]}}",
         false},
        {"without a label", "{\"metadata\":{}}", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_JSON *json = read_json(rows[i].text);
        if (object_is_ours(json, "dev") != rows[i].is_ours) {
            fail_msg("%s", rows[i].what);
        }
    }
}

static void the_last_writer_of_the_object_is_named_not_that_of_its_status(void **state)
{
    (void)state;
    AUTO_JSON *json = read_json(
        "{\"metadata\":{\"managedFields\":["
        "{\"manager\":\"heddle\",\"operation\":\"Apply\",\"time\":\"2026-01-01T00:00:09Z\"},"
        "{\"manager\":\"kubectl-edit\",\"operation\":\"Update\",\"time\":\"2026-01-01T00:00:05Z\"},"
        "{\"manager\":\"old\",\"operation\":\"Update\",\"time\":\"2026-01-01T00:00:01Z\"},"
        "{\"manager\":\"kcm\",\"operation\":\"Update\",\"subresource\":\"status\","
        "\"time\":\"2026-01-01T00:00:08Z\"}]}}");
    char manager[64];
    object_other_manager(json, manager, sizeof(manager));
    assert_string_equal(manager, "kubectl-edit");
}

static struct render_object rendered(const char *json)
{
    return (struct render_object){.json = json, .json_length = strlen(json)};
}

static void our_label_is_sent_on_the_object_and_never_on_its_pods(void **state)
{
    (void)state;
    struct err err = {0};
    struct render_object wanted = rendered(
        "{\"metadata\":{\"creationTimestamp\":null,\"labels\":{\"a\":\"b\"},\"name\":\"x\","
        "\"resourceVersion\":\"1\",\"uid\":\"u\"},\"spec\":{\"template\":{\"metadata\":{\"labels\":"
        "{"
        "\"a\":\"b\"}}}},\"status\":{}}");
    AUTO(xfree) char *body = object_body(&wanted, "dev", &err);
    assert_string_equal(body,
                        "{\"metadata\":{\"labels\":{\"a\":\"b\",\"heddle.dev/cluster\":\"dev\"},"
                        "\"name\":\"x\"},\"spec\":{\"template\":{\"metadata\":{\"labels\":{"
                        "\"a\":\"b\"}}}}}");
    wanted = rendered("{\"metadata\":{\"name\":\"x\"}}");
    AUTO(xfree) char *bare = object_body(&wanted, "dev", &err);
    assert_string_equal(
        bare, "{\"metadata\":{\"labels\":{\"heddle.dev/cluster\":\"dev\"},\"name\":\"x\"}}");
}

static void what_others_need_comes_first(void **state)
{
    (void)state;
    static const char *const order[][2] = {
        {"v1", "Namespace"},
        {"apiextensions.k8s.io/v1", "CustomResourceDefinition"},
        {"storage.k8s.io/v1", "StorageClass"},
        {"rbac.authorization.k8s.io/v1", "ClusterRole"},
        {"v1", "ConfigMap"},
        {"apps/v1", "Deployment"},
        {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"},
    };
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        assert_int_equal(object_rank(order[i][0], order[i][1]), i);
    }
    assert_int_equal(object_rank("example.org/v1", "Namespace"),
                     object_rank("apps/v1", "Deployment"));
}

static void what_takes_others_with_it_is_precious(void **state)
{
    (void)state;
    assert_true(object_is_precious("/Namespace//shop"));
    assert_true(object_is_precious("/PersistentVolumeClaim/shop/disk"));
    assert_true(object_is_precious("apiextensions.k8s.io/CustomResourceDefinition//x"));
    assert_false(object_is_precious("/ConfigMap/shop/x"));
}

static void a_view_keeps_what_pruning_must_know(void **state)
{
    (void)state;
    AUTO_JSON *json =
        read_json("{\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"7\","
                  "\"generation\":3,\"annotations\":{\"heddle.dev/prune\":\"disabled\"}}}");
    struct live view;
    object_view(json, &view);
    assert_string_equal(view.uid, "u-1");
    assert_string_equal(view.version, "7");
    assert_int_equal(view.generation, 3);
    assert_true(view.exists && view.is_kept);
    assert_false(view.may_go);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bookkeeping_does_not_change_the_fingerprint),
        cmocka_unit_test(what_people_change_changes_the_fingerprint),
        cmocka_unit_test(a_fingerprint_leaves_its_object_as_it_was),
        cmocka_unit_test(versions_are_compared_as_numbers_of_any_length),
        cmocka_unit_test(only_a_newer_and_other_object_has_drifted),
        cmocka_unit_test(a_copied_label_does_not_make_an_object_ours),
        cmocka_unit_test(the_last_writer_of_the_object_is_named_not_that_of_its_status),
        cmocka_unit_test(our_label_is_sent_on_the_object_and_never_on_its_pods),
        cmocka_unit_test(what_others_need_comes_first),
        cmocka_unit_test(what_takes_others_with_it_is_precious),
        cmocka_unit_test(a_view_keeps_what_pruning_must_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
