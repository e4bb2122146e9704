/* Kinds that make their pods through other objects, and Argo's Rollouts. */
#include "../testing.h"

#include "diagnose/diagnose.h"
#include "health/health.h"

#define DIGEST_1 "sha256:0000000000000000000000000000000000000000000000000000000000000001"
#define DIGEST_2 "sha256:0000000000000000000000000000000000000000000000000000000000000002"

/* One story: what is there, and what is made of it.  {web v1} stands for a pod of that image. */
struct story {
    const char *name;
    const char *live; /* its metadata has the uid "u" */
    const char *owned;
    const char *pods; /* "web:2@d2 web:1 redis:7" */
    enum workload_state want;
    int wanted, ready, old_ready;
    const char *code; /* of the diagnosis */
};

#define RELEASE(generation, status)                                                                \
    "{\"apiVersion\": \"helm.toolkit.fluxcd.io/v2\", \"kind\": \"HelmRelease\", \"metadata\": "    \
    "{\"name\": \"web\", \"namespace\": \"shop\", \"uid\": \"u\", \"generation\": " generation     \
    "}, \"status\": " status "}"
#define READY                                                                                      \
    "{\"observedGeneration\": 2, \"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}"
#define FAILED(stalled)                                                                            \
    "{\"observedGeneration\": 2, \"conditions\": [{\"type\": \"Ready\", \"status\": \"False\", "   \
    "\"reason\": \"UpgradeFailed\", \"message\": \"timed out\"}" stalled "]}"
#define MADE(kind, replicas)                                                                       \
    "{\"kind\": \"" kind "\", \"metadata\": {\"uid\": \"d\"}, \"spec\": {\"replicas\": " replicas  \
    ", \"template\": {\"spec\": {\"containers\": [{\"name\": \"main\", \"image\": "                \
    "\"acme/web:2\"}]}}}}"

static const struct story stories[] = {
    {"a release whose pods all run the image is healthy", RELEASE("2", READY),
     MADE("Deployment", "2"), "acme/web:2@" DIGEST_2 " acme/web:2@" DIGEST_2, WORKLOAD_HEALTHY, 2,
     2, 0, ""},
    {"a registry before the name does not matter", RELEASE("2", READY), MADE("Deployment", "1"),
     "ghcr.io/acme/web:2@" DIGEST_2, WORKLOAD_HEALTHY, 1, 1, 0, ""},
    {"a change that its controller has not seen is not there yet", RELEASE("3", READY),
     MADE("Deployment", "1"), "acme/web:2@" DIGEST_2, WORKLOAD_ROLLING_OUT, 1, 1, 0, "HD1097"},
    {"an old pod that still serves is waited for", RELEASE("2", READY), MADE("Deployment", "1"),
     "acme/web:2@" DIGEST_2 " acme/web:1@" DIGEST_1, WORKLOAD_ROLLING_OUT, 1, 1, 1, ""},
    {"a pod too few is waited for", RELEASE("2", READY), MADE("StatefulSet", "2"),
     "acme/web:2@" DIGEST_2, WORKLOAD_ROLLING_OUT, 2, 1, 0, ""},
    {"other parts of the chart do not count", RELEASE("2", READY), MADE("Deployment", "1"),
     "acme/web:2@" DIGEST_2 " redis:7", WORKLOAD_HEALTHY, 1, 1, 0, ""},
    {"a release that was never looked at is not ready", RELEASE("1", "{}"), "", "",
     WORKLOAD_ROLLING_OUT, 0, 0, 0, "HD1097"},
    {"a release says why it failed", RELEASE("2", FAILED("")), MADE("Deployment", "1"),
     "acme/web:1@" DIGEST_1, WORKLOAD_ROLLING_OUT, 1, 0, 1, "HD1054"},
    {"a release that gave up needs a person",
     RELEASE("2", FAILED(", {\"type\": \"Stalled\", \"status\": \"True\"}")),
     MADE("Deployment", "1"), "acme/web:1@" DIGEST_1, WORKLOAD_ROLLING_OUT, 1, 0, 1, "HD1053"},
    {"a Knative service without traffic has no pods and is healthy",
     "{\"apiVersion\": \"serving.knative.dev/v1\", \"kind\": \"Service\", \"metadata\": {\"uid\": "
     "\"u\", \"generation\": 2}, \"status\": " READY "}",
     MADE("Deployment", "0"), "", WORKLOAD_HEALTHY, 0, 0, 0, ""},
    {"an operator's kind without a status counts by its pods",
     "{\"apiVersion\": \"acme.test/v1\", \"kind\": \"Shop\", \"metadata\": {\"uid\": \"u\", "
     "\"generation\": 7}}",
     MADE("StatefulSet", "2"), "acme/web:2@" DIGEST_2 " acme/web:1@" DIGEST_1, WORKLOAD_ROLLING_OUT,
     2, 1, 1, ""},
};

/* "acme/web:2@sha256:…": the image as it is asked for, and the digest that runs. */
static json_t *pod_of(const char *text)
{
    const char *at = strchr(text, '@');
    AUTO_STR(image, 512);
    str_add_bytes(&image, text, at ? (size_t)(at - text) : strlen(text));
    return json_pack(
        "{s:s, s:{s:s, s:[{s:s, s:b}]}, s:{s:s, s:[{s:s, s:s}]}, s:{s:s, s:[{s:s, s:s}], s:[{s:s, "
        "s:b, s:s}]}}",
        "kind", "Pod", "metadata", "name", text, "ownerReferences", "uid", "d", "controller", 1,
        "spec", "nodeName", "n", "containers", "name", "main", "image", image.text, "status",
        "phase", "Running", "conditions", "type", "Ready", "status", "True", "containerStatuses",
        "name", "main", "ready", 1, "imageID", text);
}

struct scene {
    struct arena *arena;
    json_t *live, *owned, *pods[8];
    size_t pod_count;
    struct workload_image image;
    struct workload_facts facts;
};

static void scene_open(struct scene *scene, const struct story *story)
{
    struct err err = {0};
    *scene = (struct scene){.arena = arena_new()};
    scene->live = json_parse(slice_of(story->live), &err);
    ASSERT_OK(scene->live != NULL, err);
    if (story->owned[0]) {
        scene->owned = json_parse(slice_of(story->owned), &err);
        ASSERT_OK(scene->owned != NULL, err);
    }
    for (const char *at = story->pods; *at;) {
        size_t length = strcspn(at, " ");
        scene->pods[scene->pod_count++] = pod_of(arena_strndup(scene->arena, at, length));
        at += length + (at[length] == ' ');
    }
    TEXT_COPY_CUT(scene->image.container, "image");
    ASSERT_OK(image_parse("acme/web:2@" DIGEST_2, &scene->image.image, &err), err);
    struct health_input input = {.live = scene->live,
                                 .owned = (const json_t *const *)&scene->owned,
                                 .owned_count = scene->owned != NULL,
                                 .pods = (const json_t *const *)scene->pods,
                                 .pod_count = scene->pod_count,
                                 .images = &scene->image,
                                 .image_count = 1};
    health_facts(&input, scene->arena, &scene->facts);
}

static void scene_close(struct scene *scene)
{
    json_drop(&scene->live);
    json_drop(&scene->owned);
    for (size_t i = 0; i < scene->pod_count; i++) {
        json_drop(&scene->pods[i]);
    }
    arena_free(&scene->arena);
}

static void families_are_judged_by_the_images_of_their_pods(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        const struct story *story = &stories[i];
        struct scene scene;
        struct diagnosis diagnosis = {0};
        scene_open(&scene, story);
        const struct workload_facts *facts = &scene.facts;
        enum workload_state state_now = health_judge(facts);
        diagnose(facts, 0, &diagnosis);
        if (state_now != story->want || facts->wanted != story->wanted ||
            facts->ready != story->ready || facts->old_ready != story->old_ready ||
            strcmp(diagnosis.code, story->code) != 0) {
            fail_msg("%s: %s, %d wanted, %d ready, %d old, %s %s", story->name,
                     workload_state_name(state_now), facts->wanted, facts->ready, facts->old_ready,
                     diagnosis.code, diagnosis.what);
        }
        scene_close(&scene);
    }
}

static void the_digest_of_a_family_is_reported_by_the_path_of_its_keys(void **state)
{
    (void)state;
    struct scene scene;
    struct workload_image running[2];
    scene_open(&scene, &stories[0]);
    assert_int_equal(health_running(&scene.facts, running, 2), 1);
    assert_string_equal(running[0].container, "image");
    assert_string_equal(running[0].image.digest, DIGEST_2);
    scene_close(&scene);
    scene_open(&scene, &stories[3]); /* an old pod does not count */
    assert_int_equal(health_running(&scene.facts, running, 2), 1);
    scene_close(&scene);
}

static void a_rollout_is_judged_by_its_current_pod_hash(void **state)
{
    (void)state;
    static const char rollout[] =
        "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Rollout\", \"metadata\": "
        "{\"name\": "
        "\"web\", \"uid\": \"u\", \"generation\": 4}, \"spec\": {\"replicas\": 1, \"template\": "
        "{\"spec\": {\"containers\": [{\"name\": \"main\", \"image\": \"acme/web:2@" DIGEST_2
        "\"}]}}}, \"status\": {\"observedGeneration\": \"4\", \"currentPodHash\": \"%s\", "
        "\"phase\": \"%s\", \"replicas\": 1, \"updatedReplicas\": 1, \"availableReplicas\": 1}}";
    static const char set[] =
        "{\"kind\": \"ReplicaSet\", \"metadata\": {\"uid\": \"d\", \"labels\": "
        "{\"rollouts-pod-template-hash\": \"new\"}, \"ownerReferences\": [{\"uid\": \"u\", "
        "\"controller\": true}]}}";
    static const struct {
        const char *hash, *phase;
        enum workload_state want;
        const char *code;
    } cases[] = {{"new", "Healthy", WORKLOAD_HEALTHY, ""},
                 {"newer", "Progressing", WORKLOAD_ROLLING_OUT, ""},
                 {"newer", "Degraded", WORKLOAD_ROLLING_OUT, "HD1098"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct err err = {0};
        struct workload_facts facts;
        struct diagnosis diagnosis = {0};
        AUTO_JSON *live =
            json_parse(slice_of(arena_printf(arena, rollout, cases[i].hash, cases[i].phase)), &err);
        AUTO_JSON *owned = json_parse(slice_of(set), &err);
        AUTO_JSON *pod = pod_of("acme/web:2@" DIGEST_2);
        struct health_input input = {.live = live,
                                     .owned = (const json_t *const *)&owned,
                                     .owned_count = 1,
                                     .pods = (const json_t *const *)&pod,
                                     .pod_count = 1};
        health_facts(&input, arena, &facts);
        diagnose(&facts, 0, &diagnosis);
        assert_int_equal(facts.kind, WORKLOAD_ROLLOUT);
        assert_string_equal(diagnosis.code, cases[i].code);
        assert_int_equal(health_judge(&facts), cases[i].want);
    }
}

/* ---- the chart of a release ---- */

#define HISTORY(entries, ready)                                                                    \
    "{\"observedGeneration\": 2, \"history\": [" entries "], \"conditions\": [{\"type\": "         \
    "\"Ready\", " ready "}]}"
#define ENTRY(number, status, version)                                                             \
    "{\"version\": " number ", \"status\": \"" status "\", \"chartVersion\": \"" version "\"}"
#define PULLED(version, digest)                                                                    \
    "{\"version\": 2, \"status\": \"deployed\", \"chartVersion\": \"" version                      \
    "\", \"ociDigest\": \"" digest "\"}"
#define YES "\"status\": \"True\""
#define NO "\"status\": \"False\", \"reason\": \"UpgradeFailed\", \"message\": \"timed out\""

static const struct chart_story {
    const char *name, *wanted, *generation, *status;
    bool is_suspended;
    enum workload_state want;
    const char *running, *code;
} chart_stories[] = {
    {"the wanted chart is installed", "1.2.3", "2", HISTORY(ENTRY("2", "deployed", "1.2.3"), YES),
     false, WORKLOAD_HEALTHY, "1.2.3", ""},
    {"the newest entry counts, wherever it stands", "1.2.3", "2",
     HISTORY(ENTRY("1", "superseded", "1.2.2") ", " ENTRY("2", "deployed", "1.2.3"), YES), false,
     WORKLOAD_HEALTHY, "1.2.3", ""},
    {"an older chart is installed, whatever Ready says", "1.2.3", "2",
     HISTORY(ENTRY("1", "deployed", "1.2.2"), YES), false, WORKLOAD_ROLLING_OUT, "1.2.2", "HD1055"},
    {"Flux has not seen the change", "1.2.3", "3", HISTORY(ENTRY("2", "deployed", "1.2.3"), YES),
     false, WORKLOAD_ROLLING_OUT, "1.2.3", "HD1097"},
    {"an upgrade that failed is not what runs", "1.2.3", "2",
     HISTORY(ENTRY("2", "failed", "1.2.3") ", " ENTRY("1", "superseded", "1.2.2"), NO), false,
     WORKLOAD_ROLLING_OUT, "", "HD1054"},
    {"one that was rolled back runs the old chart", "1.2.3", "2",
     HISTORY(ENTRY("3", "deployed", "1.2.2") ", " ENTRY("2", "failed", "1.2.3"), NO), false,
     WORKLOAD_ROLLING_OUT, "1.2.2", "HD1054"},
    {"nothing is installed yet", "1.2.3", "2", HISTORY("", YES), false, WORKLOAD_ROLLING_OUT, "",
     "HD1055"},
    {"the older API has one word for it", "v1.2.3", "2",
     "{\"observedGeneration\": 2, \"lastAppliedRevision\": \"1.2.3\", \"conditions\": [{\"type\": "
     "\"Ready\", " YES "}]}",
     false, WORKLOAD_HEALTHY, "v1.2.3", ""},
    {"the beginning of a digest stands behind the version of an artifact", "1.2.3", "2",
     HISTORY(PULLED("1.2.3+000000000000", DIGEST_1), YES), false, WORKLOAD_HEALTHY, "1.2.3", ""},
    {"an artifact of another version", "1.2.3", "2",
     HISTORY(PULLED("1.2.2+000000000000", DIGEST_1), YES), false, WORKLOAD_ROLLING_OUT, "1.2.2",
     "HD1055"},
    {"an artifact by its digest", "1.2.3@" DIGEST_1, "2",
     HISTORY(PULLED("1.2.3+000000000000", DIGEST_1), YES), false, WORKLOAD_HEALTHY, "1.2.3", ""},
    {"an artifact with another digest", "1.2.3@" DIGEST_2, "2",
     HISTORY(PULLED("1.2.3+000000000000", DIGEST_1), YES), false, WORKLOAD_ROLLING_OUT, "1.2.3",
     "HD1055"},
    {"a range takes what Flux has chosen", "1.x", "2",
     HISTORY(ENTRY("2", "deployed", "1.9.0"), YES), false, WORKLOAD_HEALTHY, "1.9.0", ""},
    {"a suspended release goes nowhere", "1.2.3", "3",
     HISTORY(ENTRY("1", "deployed", "1.2.2"), YES), true, WORKLOAD_ROLLING_OUT, "1.2.2", "HD1096"},
    {"a suspended release that has it is well", "1.2.3", "2",
     HISTORY(ENTRY("1", "deployed", "1.2.3"), YES), true, WORKLOAD_HEALTHY, "1.2.3", ""},
};

static json_t *release_of(const struct chart_story *story, struct arena *arena)
{
    struct err err = {0};
    const char *text =
        arena_printf(arena,
                     "{\"apiVersion\": \"helm.toolkit.fluxcd.io/v2\", \"kind\": \"HelmRelease\", "
                     "\"metadata\": {\"name\": \"web\", \"namespace\": \"shop\", \"uid\": \"u\", "
                     "\"generation\": %s}, \"spec\": {\"suspend\": %s}, \"status\": %s}",
                     story->generation, story->is_suspended ? "true" : "false", story->status);
    AUTO_JSON *whole = json_parse(slice_of(text), &err);
    ASSERT_OK(whole != NULL, err);
    return health_trim(whole); /* as an agent keeps it */
}

static struct workload_image chart_wanted(const char *version)
{
    struct workload_image chart = {.container = "chart"};
    const char *at = strchr(version, '@');
    TEXT_COPY_CUT(chart.image.repository, "https://charts.example.org/web");
    TEXT_COPY_CUT(chart.image.tag, version);
    if (at) {
        chart.image.tag[at - version] = '\0';
        TEXT_COPY_CUT(chart.image.digest, at + 1);
    }
    return chart;
}

static void a_release_is_healthy_when_its_chart_is_installed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chart_stories); i++) {
        const struct chart_story *story = &chart_stories[i];
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_JSON *live = release_of(story, arena);
        struct workload_image chart = chart_wanted(story->wanted);
        struct workload_image running[2] = {0};
        struct workload_facts facts;
        struct diagnosis diagnosis = {0};
        const struct health_input input = {.live = live, .images = &chart, .image_count = 1};
        health_facts(&input, arena, &facts);
        diagnose(&facts, 0, &diagnosis);
        size_t count = health_running(&facts, running, 2);
        assert_int_equal(facts.image_count, 0); /* no pod runs it */
        if (health_judge(&facts) != story->want || strcmp(diagnosis.code, story->code) != 0 ||
            count != (story->running[0] != '\0') ||
            strcmp(running[0].image.tag, story->running) != 0) {
            fail_msg("%s: %s, runs \"%s\", %s %s", story->name,
                     workload_state_name(health_judge(&facts)), running[0].image.tag,
                     diagnosis.code, diagnosis.what);
        }
        assert_string_equal(running[0].container, count ? "chart" : "");
    }
}

static void all_pods_of_a_chart_count_where_no_image_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        enum workload_state want;
        int ready;
    } cases[] = {{"acme/web:2@" DIGEST_2, "redis:7", WORKLOAD_HEALTHY, 2},
                 {"acme/web:2@" DIGEST_2, NULL, WORKLOAD_ROLLING_OUT, 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_JSON *live = release_of(&chart_stories[0], arena);
        struct err err = {0};
        AUTO_JSON *owned = json_parse(slice_of(MADE("Deployment", "2")), &err);
        AUTO_JSON *first = pod_of(cases[i].first);
        AUTO_JSON *second = pod_of(cases[i].second ? cases[i].second : "job:1");
        if (!cases[i].second) {
            json_object_set_new(json_object_get(second, "status"), "phase",
                                json_string("Succeeded"));
        }
        const json_t *pods[] = {first, second};
        struct workload_image chart = chart_wanted("1.2.3");
        struct workload_facts facts;
        const struct health_input input = {.live = live,
                                           .owned = (const json_t *const *)&owned,
                                           .owned_count = 1,
                                           .pods = pods,
                                           .pod_count = 2,
                                           .images = &chart,
                                           .image_count = 1};
        health_facts(&input, arena, &facts);
        assert_int_equal(facts.wanted, 2);
        assert_int_equal(facts.ready, cases[i].ready);
        assert_int_equal(health_judge(&facts), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_are_judged_by_the_images_of_their_pods),
        cmocka_unit_test(the_digest_of_a_family_is_reported_by_the_path_of_its_keys),
        cmocka_unit_test(a_rollout_is_judged_by_its_current_pod_hash),
        cmocka_unit_test(a_release_is_healthy_when_its_chart_is_installed),
        cmocka_unit_test(all_pods_of_a_chart_count_where_no_image_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
