#include "../testing.h"

#include <stdio.h>
#include <time.h>

#include "diagnose/diagnose.h"
#include "health/health.h"
#include "house.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define APPS "/apis/apps/v1/namespaces/default/"
#define BATCH "/apis/batch/v1/namespaces/default/"
#define SPEED 20
#define DEADLINE_MS 10000

/* What an agent would know of a workload. */
struct seen {
    struct arena *arena;
    json_t *live, *owned, *pods;
    struct workload_facts facts;
    struct diagnosis diagnosis;
    enum workload_state state;
};

static const json_t **list_of(struct arena *arena, const json_t *list, size_t *out_count)
{
    const json_t *items = json_array_at(list, "items");
    *out_count = json_array_size(items);
    const json_t **out = arena_alloc(arena, *out_count + 1, sizeof(*out));
    for (size_t i = 0; i < *out_count; i++) {
        out[i] = json_array_get(items, i);
    }
    return out;
}

static void see(struct house *house, const char *path, struct seen *seen)
{
    bool is_batch = strstr(path, "/batch/") != NULL;
    size_t owned_count;
    size_t pod_count;
    seen->arena = arena_new();
    seen->live = house_expect(house, 200, "GET", path, NULL);
    seen->owned =
        house_expect(house, 200, "GET", is_batch ? BATCH "jobs" : APPS "replicasets", NULL);
    seen->pods = house_expect(house, 200, "GET", "/api/v1/namespaces/default/pods", NULL);
    const json_t **owned = list_of(seen->arena, seen->owned, &owned_count);
    const json_t **pods = list_of(seen->arena, seen->pods, &pod_count);
    struct health_input input = {.live = seen->live,
                                 .owned = owned,
                                 .owned_count = owned_count,
                                 .pods = pods,
                                 .pod_count = pod_count};
    health_facts(&input, seen->arena, &seen->facts);
    seen->state = health_judge(&seen->facts);
    /* Twenty seconds on: what is not ready is no longer young. */
    diagnose(&seen->facts, env_now_ms(env_system()) + 20000, &seen->diagnosis);
}

static void forget(struct seen *seen)
{
    json_drop(&seen->live);
    json_drop(&seen->owned);
    json_drop(&seen->pods);
    arena_free(&seen->arena);
}

/* Look until the workload is in this state with this diagnosis. */
static void wait_for(struct house *house, const char *path, enum workload_state state,
                     const char *code, bool is_terminal, struct seen *out)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    for (;;) {
        see(house, path, out);
        if (out->state == state && strcmp(out->diagnosis.code, code) == 0 &&
            out->diagnosis.is_terminal == is_terminal) {
            return;
        }
        if (env_now_mono_ms(env_system()) > end_ms) {
            fail_msg("%s: %s %s%s \"%s\"", path, workload_state_name(out->state),
                     out->diagnosis.code, out->diagnosis.is_terminal ? " terminal" : "",
                     out->diagnosis.what);
        }
        forget(out);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

static void apply(struct house *house, const char *kind, const char *plural, const char *name,
                  int replicas, const char *image)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    int status = 0;
    const char *path = arena_printf(arena, "%s%s/%s?fieldManager=apply",
                                    strcmp(kind, "Job") == 0 ? BATCH : APPS, plural, name);
    AUTO_JSON *answer = house_call(house, "PATCH", path, "application/apply-patch+yaml",
                                   house_workload(arena, kind, name, replicas, image), &status);
    if (status != 200 && status != 201) {
        fail_msg("apply %s: %s", path, json_text_at(answer, "message", ""));
    }
}

static void a_rollout_ends_with_new_pods_of_the_wanted_digest(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    struct workload_image running[2];
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    apply(&house, "Deployment", "deployments", "web", 4, "reg.test/shop/web:1.0.0");
    wait_for(&house, APPS "deployments/web", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    apply(&house, "Deployment", "deployments", "web", 4, "reg.test/shop/web:2.0.0@" DIGEST);
    wait_for(&house, APPS "deployments/web", WORKLOAD_HEALTHY, "", false, &seen);
    assert_int_equal(health_running(&seen.facts, running, 2), 1);
    assert_string_equal(running[0].image.digest, DIGEST);
    assert_int_equal(seen.facts.ready, 4);
    assert_string_equal(
        json_string_value(json_object_get(json_at(seen.live, "metadata.annotations"),
                                          "deployment.kubernetes.io/revision")),
        "2");
    forget(&seen);
    house_close(&house);
}

/* The tag of an image, and what people are told. */
static const struct {
    const char *tag, *code, *what;
    bool is_terminal;
} fates[] = {
    {"bad-1", "HD1011", "app starts and exits with code 1 (", true},
    {"oom-1", "HD1012", "app was killed: it needs more than its memory limit of 64Mi (", true},
    {"missing-1", "HD1001", "The image reg.test/shop/web:missing-1 does not exist.", true},
    {"slow-1", "HD1031", "app runs, but is not ready: its readiness probe does not pass.", false},
    {"fail-1", "HD1011", "app starts and exits with code 1 (", true},
};

static void each_failing_tag_leads_to_its_diagnosis(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    for (size_t i = 0; i < COUNT_OF(fates); i++) {
        char image[64];
        snprintf(image, sizeof(image), "reg.test/shop/web:%s", fates[i].tag);
        apply(&house, "Deployment", "deployments", "web", 2, "reg.test/shop/web:1.0.0");
        wait_for(&house, APPS "deployments/web", WORKLOAD_HEALTHY, "", false, &seen);
        forget(&seen);
        apply(&house, "Deployment", "deployments", "web", 2, image);
        wait_for(&house, APPS "deployments/web", WORKLOAD_ROLLING_OUT, fates[i].code,
                 fates[i].is_terminal, &seen);
        assert_memory_equal(seen.diagnosis.what, fates[i].what, strlen(fates[i].what));
        assert_string_equal(seen.diagnosis.effect, "The old version still serves: 2 of 2 pods.");
        forget(&seen);
    }
    house_close(&house);
}

static void a_pod_that_fits_nowhere_stays_unscheduled_until_there_is_room(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    house_open(&house,
               (struct sandbox_cluster_options){.name = "life", .nodes = 1, .speed = SPEED});
    apply(&house, "Deployment", "deployments", "small", 1, "reg.test/x:1");
    apply(&house, "Deployment", "deployments", "huge", 1, "reg.test/x:1");
    json_decref(
        house_expect(&house, 200, "PATCH", APPS "deployments/huge",
                     "{\"spec\": {\"template\": {\"spec\": {\"containers\": [{\"name\": \"app\", "
                     "\"image\": \"reg.test/x:1\", \"resources\": {\"requests\": {\"cpu\": "
                     "\"64\"}}}]}}}}"));
    wait_for(&house, APPS "deployments/huge", WORKLOAD_ROLLING_OUT, "HD1041", false, &seen);
    assert_non_null(strstr(seen.diagnosis.evidence, "0/1 nodes are available: 1 Insufficient cpu"));
    forget(&seen);
    json_decref(house_expect(&house, 200, "PATCH", "/api/v1/nodes/life-node-1/status",
                             "{\"status\": {\"allocatable\": {\"cpu\": \"128\"}}}"));
    wait_for(&house, APPS "deployments/huge", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    house_close(&house);
}

static void every_kind_of_workload_becomes_healthy(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    apply(&house, "StatefulSet", "statefulsets", "db", 3, "reg.test/db:1");
    apply(&house, "DaemonSet", "daemonsets", "logs", -1, "reg.test/logs:1");
    apply(&house, "Job", "jobs", "migrate", -1, "reg.test/m:1");
    apply(&house, "Job", "jobs", "broken", -1, "reg.test/m:fail-1");
    wait_for(&house, APPS "statefulsets/db", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    wait_for(&house, APPS "daemonsets/logs", WORKLOAD_HEALTHY, "", false, &seen);
    assert_int_equal(seen.facts.ready, 3);
    forget(&seen);
    wait_for(&house, BATCH "jobs/migrate", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    wait_for(&house, BATCH "jobs/broken", WORKLOAD_FAILED, "HD1017", true, &seen);
    forget(&seen);

    apply(&house, "StatefulSet", "statefulsets", "db", 2, "reg.test/db:2");
    apply(&house, "DaemonSet", "daemonsets", "logs", -1, "reg.test/logs:2");
    wait_for(&house, APPS "statefulsets/db", WORKLOAD_HEALTHY, "", false, &seen);
    assert_int_equal(seen.facts.ready, 2);
    forget(&seen);
    wait_for(&house, APPS "daemonsets/logs", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    house_close(&house);
}

static size_t count_of(struct house *house, const char *path)
{
    AUTO_JSON *list = house_expect(house, 200, "GET", path, NULL);
    return json_array_size(json_array_at(list, "items"));
}

static void what_is_owned_goes_with_its_owner(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    apply(&house, "Deployment", "deployments", "web", 2, "reg.test/x:1");
    wait_for(&house, APPS "deployments/web", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    json_decref(house_expect(&house, 200, "DELETE", APPS "deployments/web", NULL));
    assert_int_equal(count_of(&house, APPS "replicasets"), 0);
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    while (count_of(&house, "/api/v1/namespaces/default/pods") > 0) {
        assert_true(env_now_mono_ms(env_system()) < end_ms);
    }
    house_close(&house);
}

static void orphans_stay(void **state)
{
    (void)state;
    struct house house;
    struct seen seen;
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    apply(&house, "Deployment", "deployments", "web", 1, "reg.test/x:1");
    wait_for(&house, APPS "deployments/web", WORKLOAD_HEALTHY, "", false, &seen);
    forget(&seen);
    json_decref(
        house_expect(&house, 200, "DELETE", APPS "deployments/web?propagationPolicy=Orphan", NULL));
    assert_int_equal(count_of(&house, APPS "replicasets"), 1);
    house_close(&house);
}

static void a_namespace_ends_after_what_is_in_it(void **state)
{
    (void)state;
    struct house house;
    house_open(&house, (struct sandbox_cluster_options){.name = "life", .speed = SPEED});
    json_decref(house_expect(&house, 201, "POST", "/api/v1/namespaces",
                             "{\"metadata\": {\"name\": \"n\"}}"));
    json_decref(
        house_expect(&house, 201, "POST", "/api/v1/namespaces/n/configmaps",
                     "{\"metadata\": {\"name\": \"kept\", \"finalizers\": [\"x.test/f\"]}}"));
    json_decref(house_expect(&house, 200, "DELETE", "/api/v1/namespaces/n", NULL));
    json_decref(house_expect(&house, 403, "POST", "/api/v1/namespaces/n/configmaps",
                             "{\"metadata\": {\"name\": \"late\"}}"));
    house_wait(&house, "/api/v1/namespaces/n", "status.phase", "Terminating");
    json_decref(house_expect(&house, 200, "PATCH", "/api/v1/namespaces/n/configmaps/kept",
                             "{\"metadata\": {\"finalizers\": null}}"));
    house_wait_gone(&house, "/api/v1/namespaces/n");
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rollout_ends_with_new_pods_of_the_wanted_digest),
        cmocka_unit_test(each_failing_tag_leads_to_its_diagnosis),
        cmocka_unit_test(a_pod_that_fits_nowhere_stays_unscheduled_until_there_is_room),
        cmocka_unit_test(every_kind_of_workload_becomes_healthy),
        cmocka_unit_test(what_is_owned_goes_with_its_owner),
        cmocka_unit_test(orphans_stay),
        cmocka_unit_test(a_namespace_ends_after_what_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
