/* Does a promotion fit?  Cases as tables: what runs, what comes, what nodes have, the verdict. */
#include "../testing.h"

#include <stdio.h>

#include "impact/impact.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static struct impact_shape shape_of(const char *text)
{
    struct err err = {0};
    AUTO_JSON *object = json_parse(slice_of(text), &err);
    if (!object) {
        fail_msg("%s: %s", text, err.text);
    }
    return impact_shape_of(object);
}

#define DEPLOYMENT(spec)                                                                           \
    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":{" spec                          \
    "\"template\":{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"500m\","      \
    "\"memory\":\"1Gi\"}}}]}}}}"

static void a_manifest_says_what_its_pods_ask_for(void **state)
{
    (void)state;
    struct impact_shape shape = shape_of(DEPLOYMENT("\"replicas\":4,"));
    assert_int_equal(shape.kind, WORKLOAD_DEPLOYMENT);
    assert_int_equal(shape.replicas, 4);
    assert_int_equal(shape.per_pod.cpu_milli, 500);
    assert_int_equal(shape.per_pod.memory_bytes, GIB);
    assert_int_equal(shape_of(DEPLOYMENT("")).replicas, -1);
    shape = shape_of("{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"spec\":{\"jobTemplate\":{"
                     "\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"resources\":{"
                     "\"requests\":{\"cpu\":2}}}]}}}}}}");
    assert_int_equal(shape.kind, WORKLOAD_CRON_JOB);
    assert_int_equal(shape.per_pod.cpu_milli, 2000);
    assert_int_equal(shape_of("{\"apiVersion\":\"v1\",\"kind\":\"Service\"}").kind,
                     WORKLOAD_KIND_COUNT);
}

static void a_strategy_says_how_many_come_on_top(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        int64_t surge;
        bool is_percent, is_recreated;
    } cases[] = {
        {"", 25, true, false},
        {"\"strategy\":{\"rollingUpdate\":{\"maxSurge\":2}},", 2, false, false},
        {"\"strategy\":{\"rollingUpdate\":{\"maxSurge\":0}},", 0, false, false},
        {"\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"50%\"}},", 50, true, false},
        {"\"strategy\":{\"rollingUpdate\":{\"maxSurge\":\"many\"}},", 25, true, false},
        {"\"strategy\":{\"type\":\"Recreate\"},", 0, false, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(text, 4096);
        const char *end = strstr(DEPLOYMENT(""), "\"template\"");
        str_add_bytes(&text, DEPLOYMENT(""), (size_t)(end - DEPLOYMENT("")));
        str_addf(&text, "%s%s", cases[i].spec, end);
        struct impact_shape shape = shape_of(text.text);
        assert_int_equal(shape.surge, cases[i].surge);
        assert_int_equal(shape.is_surge_percent, cases[i].is_percent);
        assert_int_equal(shape.is_recreated, cases[i].is_recreated);
    }
    assert_int_equal(shape_of("{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\"}").surge, 0);
    assert_int_equal(shape_of("{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\"}").surge, 0);
    assert_int_equal(shape_of("{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"spec\":{"
                              "\"updateStrategy\":{\"rollingUpdate\":{\"maxSurge\":1}}}}")
                         .surge,
                     1);
}

/* ---- the verdict ---- */

/* A workload of pods with so much CPU (in thousandths) and memory (in MiB). */
struct asks {
    int64_t pods, cpu, mib;           /* now */
    int64_t cpu_after, mib_after;     /* of each pod, then */
    int64_t replicas, replicas_after; /* of the manifest; -1: not said */
    int64_t surge;                    /* pods */
};

struct node {
    int64_t cpu, mib, pods;
};

struct verdict {
    const char *what;
    struct asks asks;
    struct node nodes[3];
    enum impact_fit fit;
    const char *says;
};

static struct impact_workload workload_of(const struct asks *asks)
{
    struct impact_workload workload = {
        .name = "web",
        .pods_now = asks->pods,
        .before = {.replicas = asks->replicas,
                   .per_pod = {asks->cpu, asks->mib * MIB},
                   .surge = asks->surge},
        .after = {.replicas = asks->replicas_after,
                  .per_pod = {asks->cpu_after, asks->mib_after * MIB},
                  .surge = asks->surge},
    };
    return workload;
}

static void put_nodes(const struct node *nodes, struct capacity *out)
{
    for (size_t i = 0; i < 3 && nodes[i].pods + nodes[i].cpu + nodes[i].mib > 0; i++) {
        struct node_room room = {.free = {nodes[i].cpu, nodes[i].mib * MIB}, .pods = nodes[i].pods};
        snprintf(room.name, sizeof(room.name), "node-%zu", i + 1);
        capacity_add_room(out, &room);
        out->nodes++;
    }
}

static void rooms_and_requests_decide(void **state)
{
    (void)state;
    static const struct verdict verdicts[] = {
        {"the same again, one pod on top",
         {2, 500, 512, 500, 512, 2, 2, 1},
         {{600, 1024, 5}},
         IMPACT_FITS,
         "It fits: node-1 has most free: 0.6 CPU, 1 GiB, 5 pods."},
        {"no room for the one on top",
         {2, 500, 512, 500, 512, 2, 2, 1},
         {{400, 8192, 5}},
         IMPACT_TOO_LARGE,
         "There is no room for 1 more pod of web at 0.5 CPU and 512 MiB; node-1 has most free: "
         "0.4 CPU, 8 GiB, 5 pods."},
        {"nothing on top needs no room",
         {2, 500, 512, 500, 512, 2, 2, 0},
         {{0, 0, 1}},
         IMPACT_FITS,
         "It fits"},
        {"the sum has room, but no node has",
         {2, 1500, 512, 1500, 512, 2, 2, 1},
         {{1000, 8192, 5}, {1000, 8192, 5}},
         IMPACT_TOO_LARGE,
         "no room for 1 more pod"},
        {"a node may be full of small pods",
         {2, 10, 16, 10, 16, 2, 2, 1},
         {{8000, 8192, 0}},
         IMPACT_TOO_LARGE,
         "no room for 1 more pod"},
        {"two nodes share them",
         {4, 1000, 512, 1000, 512, 4, 4, 4},
         {{2000, 8192, 5}, {2100, 8192, 5}},
         IMPACT_FITS,
         "It fits"},
        {"one too many",
         {5, 1000, 512, 1000, 512, 5, 5, 5},
         {{2000, 8192, 5}, {2100, 8192, 5}},
         IMPACT_TOO_LARGE,
         "no room for 1 more pod of web at 1 CPU"},
        {"more replicas",
         {2, 1000, 512, 1000, 512, 2, 6, 0},
         {{3000, 8192, 9}},
         IMPACT_TOO_LARGE,
         "no room for 1 more pod"},
        {"fewer replicas",
         {6, 1000, 512, 1000, 512, 6, 2, 0},
         {{0, 0, 0}, {100, 128, 1}},
         IMPACT_FITS,
         ""},
        {"pods that grow take room where others are",
         {4, 500, 512, 500, 2048, 4, 4, 0},
         {{0, 3072, 1}},
         IMPACT_TOO_LARGE,
         "no room for 2 larger pods of web at 1.5 GiB more each"},
        {"pods that shrink",
         {4, 500, 2048, 500, 512, 4, 4, 0},
         {{0, 0, 1}},
         IMPACT_FITS,
         "It fits"},
        {"what asks for nothing only counts",
         {4, 0, 0, 0, 0, 4, 4, 1},
         {{0, 0, 1}},
         IMPACT_FITS,
         "It fits"},
        {"no open node",
         {1, 100, 64, 100, 64, 1, 1, 1},
         {{0}},
         IMPACT_TOO_LARGE,
         "prod has no node that is open to pods."},
    };
    for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
        const struct verdict *verdict = &verdicts[i];
        struct impact_workload workload = workload_of(&verdict->asks);
        struct capacity capacity = {0};
        put_nodes(verdict->nodes, &capacity);
        struct impact_facts facts = {
            .cluster = "prod", .capacity = &capacity, .workloads = &workload, .count = 1};
        struct impact impact;
        impact_judge(&facts, &impact);
        if (impact.fit != verdict->fit || !strstr(impact.why, verdict->says)) {
            fail_msg("%s: %s, %s", verdict->what, impact_fit_name(impact.fit), impact.why);
        }
    }
}

static void now_after_and_the_peak_between_are_summed_up(void **state)
{
    (void)state;
    struct asks small = {4, 500, 512, 750, 512, 4, 4, 1};
    struct asks scaled = {2, 1000, 1024, 1000, 1024, 2, 3, 2};
    struct impact_workload workloads[] = {workload_of(&small), workload_of(&scaled)};
    struct impact_facts facts = {.cluster = "prod", .workloads = workloads, .count = 2};
    struct impact impact;
    impact_judge(&facts, &impact);
    assert_int_equal(impact.now.pods, 6);
    assert_int_equal(impact.now.resources.cpu_milli, 4 * 500 + 2 * 1000);
    assert_int_equal(impact.after.pods, 7);
    assert_int_equal(impact.after.resources.cpu_milli, 4 * 750 + 3 * 1000);
    assert_int_equal(impact.peak.pods, 4 + 1 + 3 + 2);
    assert_int_equal(impact.peak.resources.cpu_milli, 5 * 750 + 5 * 1000);
    assert_int_equal(impact.peak.resources.memory_bytes, 5 * 512 * MIB + 5 * GIB);
}

static void a_surge_in_percent_is_rounded_up(void **state)
{
    (void)state;
    struct asks asks = {5, 100, 64, 100, 64, 5, 5, 25};
    struct impact_workload workload = workload_of(&asks);
    workload.after.is_surge_percent = true;
    struct impact_facts facts = {.cluster = "prod", .workloads = &workload, .count = 1};
    struct impact impact;
    impact_judge(&facts, &impact);
    assert_int_equal(impact.peak.pods, 7);
}

static void what_is_not_known_is_said(void **state)
{
    (void)state;
    struct asks asks = {2, 500, 512, 500, 512, 2, 2, 1};
    struct impact_workload workload = workload_of(&asks);
    struct capacity forbidden = {.unknown = "The agent may not see the nodes."};
    struct capacity large = {.nodes = 500};
    struct node_room room = {"node-1", {100, GIB}, 5};
    capacity_add_room(&large, &room);
    const struct {
        struct impact_facts facts;
        const char *says;
    } cases[] = {
        {{NULL, "prod", NULL, &workload, 1}, "has not measured the nodes yet"},
        {{NULL, "prod", &forbidden, &workload, 1}, "may not see the nodes"},
        {{"It cannot be rendered.", "prod", &large, &workload, 1}, "It cannot be rendered."},
        {{NULL, "prod", &large, &workload, 1},
         "Among the 1 roomiest of 500 nodes there is no room"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct impact impact;
        impact_judge(&cases[i].facts, &impact);
        assert_int_equal(impact.fit, IMPACT_UNKNOWN);
        if (!strstr(impact.why, cases[i].says)) {
            fail_msg("\"%s\" does not say \"%s\"", impact.why, cases[i].says);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_says_what_its_pods_ask_for),
        cmocka_unit_test(a_strategy_says_how_many_come_on_top),
        cmocka_unit_test(rooms_and_requests_decide),
        cmocka_unit_test(now_after_and_the_peak_between_are_summed_up),
        cmocka_unit_test(a_surge_in_percent_is_rounded_up),
        cmocka_unit_test(what_is_not_known_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
