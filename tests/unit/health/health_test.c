#include "../testing.h"

#include "recorded.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* What a real cluster showed, with a change of one field, and what it amounts to. */
static const struct {
    const char *name, *file;
    const char *path, *value; /* set in the live object; NULL: nothing */
    enum workload_state want;
    int ready, old_ready;
} cases[] = {
    {"a Deployment whose new pods are ready is healthy", "deployment-healthy", NULL, NULL,
     WORKLOAD_HEALTHY, 2, 0},
    {"a change that no controller has seen is not rolled out", "deployment-healthy",
     "metadata.generation", "9", WORKLOAD_ROLLING_OUT, 2, 0},
    {"pods that are ready but not yet available are waited for", "deployment-healthy",
     "status.availableReplicas", "1", WORKLOAD_ROLLING_OUT, 2, 0},
    {"pods of the old version that still exist are waited for", "deployment-healthy",
     "status.replicas", "3", WORKLOAD_ROLLING_OUT, 2, 0},
    {"a Deployment scaled up is rolling out", "deployment-healthy", "spec.replicas", "3",
     WORKLOAD_ROLLING_OUT, 2, 0},
    {"ready pods of the last template are old once the template has changed", "deployment-healthy",
     "spec.template.spec.containers",
     "[{\"name\": \"app\", \"image\": \"reg.test/shop/fine:2.0.0\"}]", WORKLOAD_ROLLING_OUT, 0, 2},
    {"a paused Deployment that is whole is healthy", "deployment-healthy", "spec.paused", "true",
     WORKLOAD_HEALTHY, 2, 0},
    {"an image that is missing leaves the old pods serving", "deployment-image-missing", NULL, NULL,
     WORKLOAD_ROLLING_OUT, 0, 2},
    {"crashing pods are not ready", "deployment-crash", NULL, NULL, WORKLOAD_ROLLING_OUT, 0, 0},
    {"a StatefulSet on its update revision is healthy", "stateful-set-healthy", NULL, NULL,
     WORKLOAD_HEALTHY, 2, 0},
    {"a StatefulSet with a newer update revision is rolling out", "stateful-set-healthy",
     "status.updateRevision", "\"db-next\"", WORKLOAD_ROLLING_OUT, 0, 2},
    {"a DaemonSet with a ready pod on each node is healthy", "daemon-set-healthy", NULL, NULL,
     WORKLOAD_HEALTHY, 2, 0},
    {"a DaemonSet with a newer template is rolling out", "daemon-set-healthy",
     "metadata.annotations", "{\"deprecated.daemonset.template.generation\": \"2\"}",
     WORKLOAD_ROLLING_OUT, 0, 2},
    {"a Job that completed is healthy", "job-complete", NULL, NULL, WORKLOAD_HEALTHY, 1, 0},
    {"a Job that failed has failed", "job-failed", NULL, NULL, WORKLOAD_FAILED, 0, 0},
    {"a CronJob whose last run went well is healthy", "cron-job-ran", NULL, NULL, WORKLOAD_HEALTHY,
     1, 0},
};

static void recorded_workloads_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recorded recorded;
        recorded_open(&recorded, cases[i].file);
        if (cases[i].path) {
            json_patch(recorded_live(&recorded), cases[i].path, cases[i].value);
        }
        recorded_judge(&recorded, NULL);
        enum workload_state got = health_judge(&recorded.facts);
        if (got != cases[i].want || recorded.facts.ready != cases[i].ready ||
            recorded.facts.old_ready != cases[i].old_ready) {
            fail_msg("%s: %s, %d ready, %d old", cases[i].name, workload_state_name(got),
                     recorded.facts.ready, recorded.facts.old_ready);
        }
        recorded_close(&recorded);
    }
}

static void trimmed_objects_are_judged_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recorded whole;
        struct recorded trimmed;
        recorded_open(&whole, cases[i].file);
        recorded_open(&trimmed, cases[i].file);
        recorded_trim(&trimmed);
        recorded_judge(&whole, NULL);
        recorded_judge(&trimmed, NULL);

        assert_int_equal(health_judge(&whole.facts), health_judge(&trimmed.facts));
        assert_int_equal(whole.facts.pod_count, trimmed.facts.pod_count);
        for (size_t pod = 0; pod < whole.facts.pod_count; pod++) {
            struct pod_facts ours = whole.facts.pods[pod];
            struct pod_facts theirs = trimmed.facts.pods[pod];
            assert_int_equal(ours.container_count, theirs.container_count);
            assert_memory_equal(ours.containers, theirs.containers,
                                ours.container_count * sizeof(*ours.containers));
            ours.containers = theirs.containers = NULL;
            assert_memory_equal(&ours, &theirs, sizeof(ours));
        }
        recorded_close(&whole);
        recorded_close(&trimmed);
    }
}

static json_t *manifest_of(struct recorded *recorded, const char *image)
{
    json_t *wanted = json_deep_copy(recorded_live(recorded));
    json_object_del(wanted, "status");
    json_t *containers = json_object_get(
        json_object_get(json_object_get(json_object_get(wanted, "spec"), "template"), "spec"),
        "containers");
    json_put_text(json_array_get(containers, 0), "image", image);
    return wanted;
}

static void ready_pods_of_another_digest_are_not_the_wanted_ones(void **state)
{
    (void)state;
    static const struct {
        const char *image;
        enum workload_state want;
    } rows[] = {
        {"reg.test/shop/fine:1.0.0@" DIGEST, WORKLOAD_HEALTHY},
        {"mirror.test/fine:1.0.0@" DIGEST, WORKLOAD_HEALTHY},
        {"reg.test/shop/fine:1.0.0", WORKLOAD_HEALTHY},
        {"reg.test/shop/fine:1.0.0@" OTHER, WORKLOAD_ROLLING_OUT},
        {"reg.test/shop/fine:1.0.1", WORKLOAD_ROLLING_OUT},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct recorded recorded;
        recorded_open(&recorded, "deployment-healthy");
        AUTO_JSON *wanted = manifest_of(&recorded, rows[i].image);
        recorded_judge(&recorded, wanted);
        if (health_judge(&recorded.facts) != rows[i].want) {
            fail_msg("%s", rows[i].image);
        }
        recorded_close(&recorded);
    }
}

static void digests_are_reported_once_the_new_pods_agree(void **state)
{
    (void)state;
    struct workload_image running[4];
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    recorded_judge(&recorded, NULL);
    assert_int_equal(health_running(&recorded.facts, running, COUNT_OF(running)), 1);
    assert_string_equal(running[0].container, "app");
    assert_string_equal(running[0].image.digest, DIGEST);
    assert_string_equal(running[0].image.tag, "1.0.0");

    TEXT_COPY_CUT(recorded.facts.pods[0].containers[0].running_digest, OTHER);
    assert_int_equal(health_running(&recorded.facts, running, COUNT_OF(running)), 0);
    recorded_close(&recorded);

    recorded_open(&recorded, "deployment-image-missing");
    recorded_judge(&recorded, NULL);
    assert_int_equal(health_running(&recorded.facts, running, COUNT_OF(running)), 0);
    recorded_close(&recorded);
}

static void a_manifest_without_an_object_is_missing(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    struct workload_facts facts;
    struct health_input input = {.wanted = recorded_live(&recorded)};
    health_facts(&input, recorded.arena, &facts);
    assert_int_equal(health_judge(&facts), WORKLOAD_MISSING);
    assert_string_equal(facts.name, "fine");
    assert_int_equal(facts.image_count, 1);
    recorded_close(&recorded);
}

static void pods_of_others_are_not_counted(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    json_t *pods = json_object_get(recorded.file, "pods");
    json_t *stranger = json_deep_copy(json_array_get(pods, 0));
    json_put(json_object_get(stranger, "metadata"), "ownerReferences",
             json_pack("[{s:s,s:b}]", "uid", "another", "controller", 1));
    json_array_append_new(pods, stranger);
    recorded_judge(&recorded, NULL);
    assert_int_equal(recorded.facts.ready, 2);
    assert_int_equal(recorded.facts.pod_count, 2);
    recorded_close(&recorded);
}

/* The Deployment's own counts can be ahead of the pods that are seen. */
static void an_old_pod_that_still_serves_is_waited_for(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    json_t *sets = json_object_get(recorded.file, "owned");
    json_t *pods = json_object_get(recorded.file, "pods");
    json_t *old_set = json_deep_copy(json_array_get(sets, 0));
    json_t *old_pod = json_deep_copy(json_array_get(pods, 0));
    json_patch(old_set, "metadata.uid", "\"old\"");
    json_patch(old_set, "metadata.annotations", "{\"deployment.kubernetes.io/revision\": \"0\"}");
    json_patch(old_pod, "metadata.ownerReferences", "[{\"uid\": \"old\", \"controller\": true}]");
    json_array_append_new(sets, old_set);
    json_array_append_new(pods, old_pod);
    recorded_judge(&recorded, NULL);
    assert_int_equal(recorded.facts.old_ready, 1);
    assert_int_equal(health_judge(&recorded.facts), WORKLOAD_ROLLING_OUT);
    recorded_close(&recorded);
}

static void more_pods_than_are_kept_are_still_counted(void **state)
{
    (void)state;
    struct recorded recorded;
    recorded_open(&recorded, "deployment-healthy");
    json_t *pods = json_object_get(recorded.file, "pods");
    json_t *waiting = json_deep_copy(json_array_get(pods, 0));
    json_put(json_object_get(waiting, "status"), "conditions", json_array());
    for (int i = 0; i < 2 * FACTS_PODS_MAX; i++) {
        json_array_append(pods, json_array_get(pods, 0));
    }
    json_array_append_new(pods, waiting);
    recorded_judge(&recorded, NULL);
    assert_int_equal(recorded.facts.ready, 2 * FACTS_PODS_MAX + 2);
    assert_int_equal(recorded.facts.pod_count, FACTS_PODS_MAX);
    assert_false(recorded.facts.pods[0].is_ready); /* the one that a diagnosis must see */
    recorded_close(&recorded);
}

static void objects_of_strange_shapes_do_no_harm(void **state)
{
    (void)state;
    static const char *const shapes[] = {
        "{}",
        "{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\"}",
        "{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": [], \"spec\": 3, "
        "\"status\": {\"conditions\": [1, null, {\"type\": 4}]}}",
        "{\"apiVersion\": \"apps/v1\", \"kind\": \"StatefulSet\", \"spec\": {\"template\": "
        "{\"spec\": {\"containers\": [null, {\"name\": 1}, {\"name\": \"a\", \"image\": "
        "\":\"}]}}}}",
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct err err;
        AUTO_JSON *object = json_parse(slice_of(shapes[i]), &err);
        AUTO_JSON *trimmed = health_trim(object);
        AUTO(arena_free) struct arena *arena = arena_new();
        const json_t *pods[] = {object, trimmed};
        struct workload_facts facts;
        struct health_input input = {
            .live = object, .owned = pods, .owned_count = 2, .pods = pods, .pod_count = 2};
        health_facts(&input, arena, &facts);
        assert_int_not_equal(health_judge(&facts), WORKLOAD_HEALTHY);
        assert_int_equal(facts.pod_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_workloads_are_judged),
        cmocka_unit_test(trimmed_objects_are_judged_the_same),
        cmocka_unit_test(ready_pods_of_another_digest_are_not_the_wanted_ones),
        cmocka_unit_test(digests_are_reported_once_the_new_pods_agree),
        cmocka_unit_test(a_manifest_without_an_object_is_missing),
        cmocka_unit_test(pods_of_others_are_not_counted),
        cmocka_unit_test(an_old_pod_that_still_serves_is_waited_for),
        cmocka_unit_test(more_pods_than_are_kept_are_still_counted),
        cmocka_unit_test(objects_of_strange_shapes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
