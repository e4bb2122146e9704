#include "../testing.h"

#include <stdio.h>

#include "base/file.h"
#include "house.h"

#define MAPS "/api/v1/namespaces/default/configmaps"

static void put_map(struct house *house, const char *name, const char *label)
{
    AUTO_STR(path, 256);
    AUTO_STR(body, 512);
    str_addf(&path, MAPS "/%s?fieldManager=apply", name);
    str_addf(&body,
             "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"%s\", "
             "\"labels\": {\"team\": \"%s\"}}}",
             name, label);
    int status = 0;
    json_decref(
        house_call(house, "PATCH", path.text, "application/apply-patch+yaml", body.text, &status));
    assert_true(status == 200 || status == 201);
}

static void who_has_no_token_is_refused(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    const char *token = house.token;
    static const char *const wrong[] = {NULL, "wrong", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        house.token = wrong[i];
        json_decref(house_expect(&house, 401, "GET", MAPS, NULL));
    }
    house.token = token;
    json_decref(house_expect(&house, 200, "GET", MAPS, NULL));
    house_close(&house);
}

static void an_open_cluster_asks_for_no_token(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api", .is_open = true});
    house.token = NULL;
    json_decref(house_expect(&house, 200, "GET", MAPS, NULL));
    house_close(&house);
}

static void a_kubeconfig_leads_to_the_cluster(void **state)
{
    (void)state;
    struct house house;
    AUTO_STR(text, 8192);
    AUTO_STR(server, 64);
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    sandbox_cluster_kubeconfig(house.cluster, &text);
    str_addf(&server, "server: \"http://127.0.0.1:%d\"", house.port);
    assert_non_null(strstr(text.text, server.text));
    assert_non_null(strstr(text.text, house.token));
    house_close(&house);
}

/* Paths that clients look at before anything else. */
static const struct {
    const char *path;
    const char *at, *wanted;
} discoveries[] = {
    {"/version", "gitVersion", "v1.36.3"},
    {"/api", "kind", "APIVersions"},
    {"/apis", "kind", "APIGroupList"},
    {"/api/v1", "groupVersion", "v1"},
    {"/apis/apps/v1", "groupVersion", "apps/v1"},
    {"/apis/apps", "preferredVersion.groupVersion", "apps/v1"},
};

static void discovery_names_what_is_served(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    for (size_t i = 0; i < COUNT_OF(discoveries); i++) {
        AUTO_JSON *answer = house_expect(&house, 200, "GET", discoveries[i].path, NULL);
        assert_string_equal(json_text_at(answer, discoveries[i].at, ""), discoveries[i].wanted);
    }
    json_decref(house_expect(&house, 404, "GET", "/apis/nobody.test/v1", NULL));
    json_decref(house_expect(&house, 404, "GET", "/api/v1/namespaces/default/nothings", NULL));
    json_decref(house_expect(&house, 405, "PUT", MAPS, "{}"));
    house_close(&house);
}

static void lists_come_in_pages(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        put_map(&house, names[i], i % 2 ? "odd" : "even");
    }
    AUTO_JSON *first = house_expect(&house, 200, "GET", MAPS "?limit=2", NULL);
    assert_int_equal(json_array_size(json_array_at(first, "items")), 2);
    assert_int_equal(json_int_at(first, "metadata.remainingItemCount", 0), 3);
    /* What was last on the page before may be gone by now. */
    json_decref(house_expect(&house, 200, "DELETE", MAPS "/b", NULL));
    AUTO_STR(next, 1024);
    str_addf(&next, MAPS "?limit=9&continue=%s", json_text_at(first, "metadata.continue", ""));
    AUTO_JSON *rest = house_expect(&house, 200, "GET", next.text, NULL);
    assert_int_equal(json_array_size(json_array_at(rest, "items")), 3);
    assert_string_equal(
        json_text_at(json_array_get(json_array_at(rest, "items"), 0), "metadata.name", ""), "c");
    json_decref(house_expect(&house, 400, "GET", MAPS "?continue=%21%21", NULL));
    house_close(&house);
}

static const struct {
    const char *query;
    size_t count;
} selections[] = {
    {"labelSelector=team%3Dodd", 2},
    {"labelSelector=team%3D%3Dodd", 2},
    {"labelSelector=team%21%3Dodd", 3},
    {"labelSelector=team%20in%20%28odd%2Ceven%29", 5},
    {"labelSelector=team%20notin%20%28odd%29", 3},
    {"labelSelector=team", 5},
    {"labelSelector=%21team", 0},
    {"labelSelector=team%3Dodd%2Cother%3Dx", 0},
    {"fieldSelector=metadata.name%3Da", 1},
    {"fieldSelector=metadata.name%21%3Da", 4},
};

static void selectors_choose(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        put_map(&house, names[i], i % 2 ? "odd" : "even");
    }
    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        AUTO_STR(path, 256);
        str_addf(&path, MAPS "?%s", selections[i].query);
        AUTO_JSON *list = house_expect(&house, 200, "GET", path.text, NULL);
        if (json_array_size(json_array_at(list, "items")) != selections[i].count) {
            fail_msg("%s: %zu", selections[i].query, json_array_size(json_array_at(list, "items")));
        }
    }
    house_close(&house);
}

/* "ADDED a, MODIFIED a, …"; bookmarks only when asked for. */
static void check_events(const json_t *events, bool with_bookmarks, const char *wanted)
{
    AUTO_STR(got, 4096);
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        const char *type = json_text_at(event, "type", "");
        bool is_bookmark = strcmp(type, "BOOKMARK") == 0;
        if (!is_bookmark || with_bookmarks) {
            str_addf(&got, "%s%s %s", got.length ? ", " : "", type,
                     json_text_at(event, "object.metadata.name", "-"));
        }
    }
    assert_string_equal(got.text, wanted);
}

static void a_watch_tells_what_happened_since(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    AUTO_JSON *list = house_expect(&house, 200, "GET", MAPS, NULL);
    put_map(&house, "a", "x");
    put_map(&house, "b", "y");
    put_map(&house, "a", "y");
    json_decref(house_expect(&house, 200, "DELETE", MAPS "/b", NULL));
    AUTO_STR(path, 512);
    str_addf(&path, MAPS "?watch=1&timeoutSeconds=1&resourceVersion=%s",
             json_text_at(list, "metadata.resourceVersion", ""));
    AUTO_JSON *all = house_watch(&house, path.text);
    check_events(all, false, "ADDED a, ADDED b, MODIFIED a, DELETED b");
    /* What leaves a selection is gone for who watches it, and what enters is new. */
    str_add(&path, "&labelSelector=team%3Dx");
    AUTO_JSON *selected = house_watch(&house, path.text);
    check_events(selected, false, "ADDED a, DELETED a");
    house_close(&house);
}

static void a_watch_without_a_version_begins_with_what_is_there(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api", .bookmark_ms = 60000});
    put_map(&house, "a", "x");
    AUTO_JSON *events = house_watch(&house, MAPS "?watch=true&timeoutSeconds=1");
    check_events(events, true, "ADDED a");
    AUTO_JSON *streamed =
        house_watch(&house, MAPS "?watch=1&timeoutSeconds=1&sendInitialEvents=true&"
                                 "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    check_events(streamed, true, "ADDED a, BOOKMARK -");
    const json_t *annotations = json_at(json_array_get(streamed, 1), "object.metadata.annotations");
    assert_string_equal(
        json_string_value(json_object_get(annotations, "k8s.io/initial-events-end")), "true");
    house_close(&house);
}

static void bookmarks_come_by_themselves(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api", .bookmark_ms = 100});
    AUTO_JSON *events =
        house_watch(&house, MAPS "?watch=1&timeoutSeconds=2&allowWatchBookmarks=true");
    assert_true(json_array_size(events) >= 1);
    const json_t *bookmark = json_array_get(events, 0);
    assert_string_equal(json_text_at(bookmark, "type", ""), "BOOKMARK");
    assert_string_equal(json_text_at(bookmark, "object.kind", ""), "ConfigMap");
    assert_true(json_text_at(bookmark, "object.metadata.resourceVersion", "")[0] != '\0');
    house_close(&house);
}

static void a_version_that_is_too_old_is_expired(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api", .history_max = 4});
    AUTO_JSON *list = house_expect(&house, 200, "GET", MAPS, NULL);
    for (int i = 0; i < 6; i++) {
        put_map(&house, "a", i % 2 ? "x" : "y");
    }
    AUTO_STR(path, 512);
    str_addf(&path, MAPS "?watch=1&timeoutSeconds=5&resourceVersion=%s",
             json_text_at(list, "metadata.resourceVersion", ""));
    AUTO_JSON *events = house_watch(&house, path.text);
    assert_int_equal(json_array_size(events), 1);
    const json_t *event = json_array_get(events, 0);
    assert_string_equal(json_text_at(event, "type", ""), "ERROR");
    assert_int_equal(json_int_at(event, "object.code", 0), 410);
    assert_string_equal(json_text_at(event, "object.reason", ""), "Expired");
    house_close(&house);
}

static const char definition[] =
    "{\"metadata\": {\"name\": \"rollouts.argoproj.io\"}, \"spec\": {\"group\": \"argoproj.io\", "
    "\"scope\": \"Namespaced\", \"names\": {\"plural\": \"rollouts\", \"singular\": \"rollout\", "
    "\"kind\": \"Rollout\"}, \"versions\": [{\"name\": \"v1alpha1\", \"served\": true}]}}";

static void a_definition_makes_a_kind_and_takes_its_instances_with_it(void **state)
{
    (void)state;
    struct house house;
    const char *path = "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts";
    const char *definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    json_decref(house_expect(&house, 404, "GET", path, NULL));
    json_decref(house_expect(&house, 201, "POST", definitions, definition));
    AUTO_JSON *made = house_expect(&house, 201, "POST", path, "{\"metadata\": {\"name\": \"r\"}}");
    assert_string_equal(json_text_at(made, "kind", ""), "Rollout");
    assert_string_equal(json_text_at(made, "apiVersion", ""), "argoproj.io/v1alpha1");
    AUTO_STR(one, 256);
    str_addf(&one, "%s/rollouts.argoproj.io", definitions);
    json_decref(house_expect(&house, 200, "DELETE", one.text, NULL));
    json_decref(house_expect(&house, 404, "GET", path, NULL));
    json_decref(house_expect(&house, 201, "POST", definitions, definition));
    AUTO_JSON *list = house_expect(&house, 200, "GET", path, NULL);
    assert_int_equal(json_array_size(json_array_at(list, "items")), 0);
    house_close(&house);
}

static void a_delete_with_another_uid_is_refused(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "api"});
    put_map(&house, "a", "x");
    json_decref(house_expect(&house, 409, "DELETE", MAPS "/a",
                             "{\"preconditions\": {\"uid\": \"somebody-else\"}}"));
    json_decref(house_expect(&house, 200, "GET", MAPS "/a", NULL));
    house_close(&house);
}

static void an_edit_by_hand_is_noted_with_its_manager(void **state)
{
    (void)state;
    struct err err;
    struct loop *loop = loop_new();
    struct sandbox_cluster *cluster = NULL;
    struct sandbox_cluster_options options = {.loop = loop, .name = "hand"};
    ASSERT_OK(sandbox_cluster_start(&options, &cluster, &err), err);
    AUTO_JSON *patch = json_pack("{s:s,s:s,s:{s:s,s:{s:s}}}", "apiVersion", "v1", "kind",
                                 "Namespace", "metadata", "name", "default", "labels", "team", "x");
    ASSERT_OK(sandbox_cluster_edit(cluster, "kubectl-edit", patch, &err), err);
    const json_t *edited = sandbox_cluster_object(cluster, "v1", "Namespace", "", "default");
    const json_t *entry = json_array_get(json_array_at(edited, "metadata.managedFields"), 0);
    assert_string_equal(json_text_at(edited, "metadata.labels.team", ""), "x");
    assert_string_equal(json_text_at(entry, "manager", ""), "kubectl-edit");
    json_put_text(json_object_get(patch, "metadata"), "name", "nobody");
    ASSERT_FAILS(sandbox_cluster_edit(cluster, "kubectl-edit", patch, &err), err, ERR_NOT_FOUND,
                 "no Namespace nobody");
    sandbox_cluster_stop(&cluster);
    loop_free(&loop);
}

static void strange_bodies_do_no_harm(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "3",
        "{\"metadata\": 3}",
        "{\"metadata\": {\"name\": 4}}",
        "{\"metadata\": {\"name\": \"x\", \"labels\": [1], \"ownerReferences\": [null, 3, {}]}, "
        "\"spec\": {\"template\": [], \"containers\": 4, \"ports\": [{}, 3]}}",
        "{\"metadata\": {\"name\": \"y\", \"managedFields\": [3, {\"fieldsV1\": 3}]}, \"spec\": 3}",
        "{\"metadata\": {\"name\": \"z\"}, \"spec\": {\"selector\": 3, \"template\": {\"spec\": "
        "{\"containers\": [3, {\"image\": 3, \"ports\": [3]}]}}}, \"stringData\": [1]}",
    };
    static const char *const paths[] = {
        MAPS,
        "/api/v1/namespaces/default/secrets",
        "/api/v1/namespaces/default/pods",
        "/apis/apps/v1/namespaces/default/deployments",
        "/apis/batch/v1/namespaces/default/cronjobs",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    };
    struct house house;
    int status = 0;
    house_open(&house, (struct sandbox_cluster_options){.name = "api", .speed = 50});
    for (size_t p = 0; p < COUNT_OF(paths); p++) {
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
            AUTO_STR(one, 256);
            str_addf(&one, "%s/x?fieldManager=apply", paths[p]);
            json_decref(
                house_call(&house, "POST", paths[p], "application/json", bodies[i], &status));
            assert_true(status < 500);
            json_decref(house_call(&house, "PATCH", one.text, "application/apply-patch+yaml",
                                   bodies[i], &status));
            assert_true(status < 500);
            json_decref(house_call(&house, "PATCH", one.text, "application/json-patch+json",
                                   bodies[i], &status));
            assert_true(status < 500);
        }
    }
    json_decref(house_expect(&house, 200, "GET", "/readyz", NULL));
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_token_is_refused),
        cmocka_unit_test(an_open_cluster_asks_for_no_token),
        cmocka_unit_test(a_kubeconfig_leads_to_the_cluster),
        cmocka_unit_test(discovery_names_what_is_served),
        cmocka_unit_test(lists_come_in_pages),
        cmocka_unit_test(selectors_choose),
        cmocka_unit_test(a_watch_tells_what_happened_since),
        cmocka_unit_test(a_watch_without_a_version_begins_with_what_is_there),
        cmocka_unit_test(bookmarks_come_by_themselves),
        cmocka_unit_test(a_version_that_is_too_old_is_expired),
        cmocka_unit_test(a_definition_makes_a_kind_and_takes_its_instances_with_it),
        cmocka_unit_test(a_delete_with_another_uid_is_refused),
        cmocka_unit_test(an_edit_by_hand_is_noted_with_its_manager),
        cmocka_unit_test(strange_bodies_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
