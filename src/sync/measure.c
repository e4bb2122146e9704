#include "sync/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_PATH "/api/v1/nodes"
#define PODS_PATH "/api/v1/pods"
#define NODE_USAGE_PATH "/apis/metrics.k8s.io/v1beta1/nodes"
#define POD_USAGE_PATH "/apis/metrics.k8s.io/v1beta1/pods"
#define POD_KEY_BYTES 512

/* A node that is open to any pod. */
struct node_tally {
    struct resources allocatable, requested;
    int64_t pods_max, pods;
};

/* ---- life ---- */

struct measure *measure_new(void)
{
    struct measure *measure = xcalloc(1, sizeof(*measure));
    measure->arena = arena_new();
    return measure;
}

void measure_free(struct measure **measure)
{
    if (*measure) {
        map_done(&(*measure)->owners);
        map_done(&(*measure)->nodes);
        map_done(&(*measure)->pods);
        VEC_DONE(&(*measure)->workloads);
        arena_free(&(*measure)->arena);
        xfree(measure);
    }
}

struct workload_tally *measure_add_workload(struct measure *measure, const char *key)
{
    struct workload_tally *tally = ARENA_NEW(measure->arena, struct workload_tally);
    tally->key = arena_strdup(measure->arena, key);
    *VEC_ADD(&measure->workloads) = tally;
    return tally;
}

void measure_add_owner(struct measure *measure, const char *uid, struct workload_tally *workload)
{
    map_set(&measure->owners, uid, workload);
}

/* ---- nodes ---- */

static bool is_ready(const json_t *node)
{
    const json_t *conditions = json_array_at(node, "status.conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *condition = json_array_get(conditions, i);
        if (strcmp(json_text_at(condition, "type", ""), "Ready") == 0) {
            return strcmp(json_text_at(condition, "status", ""), "True") == 0;
        }
    }
    return false;
}

/* A pod that tolerates nothing does not get there; who prefers not to take it is open. */
static bool is_tainted(const json_t *node)
{
    const json_t *taints = json_array_at(node, "spec.taints");
    for (size_t i = 0; i < json_array_size(taints); i++) {
        const char *effect = json_text_at(json_array_get(taints, i), "effect", "");
        if (strcmp(effect, "PreferNoSchedule") != 0) {
            return true;
        }
    }
    return false;
}

static int64_t pods_max_of(const json_t *node)
{
    int64_t milli = 0;
    return quantity_parse(json_text_at(node, "status.allocatable.pods", ""), &milli) ? milli / 1000
                                                                                     : 0;
}

static bool take_node(void *context, json_t *item)
{
    struct measure *measure = context;
    const char *name = json_text_at(item, "metadata.name", "");
    if (!is_ready(item) || is_tainted(item) || json_bool_at(item, "spec.unschedulable", false)) {
        measure->result.closed_nodes += !map_has(&measure->nodes, name);
        return true;
    }
    struct node_tally *tally = map_get(&measure->nodes, name);
    if (!tally) {
        tally = ARENA_NEW(measure->arena, struct node_tally);
        map_set(&measure->nodes, name, tally);
    }
    tally->allocatable = resources_of(json_at(item, "status.allocatable"));
    tally->pods_max = pods_max_of(item);
    return measure->nodes.count < MEASURE_NODES_MAX;
}

/* ---- pods ---- */

static bool has_ended(const json_t *pod)
{
    const char *phase = json_text_at(pod, "status.phase", "");
    return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

static struct workload_tally *workload_of(const struct measure *measure, const json_t *pod)
{
    const json_t *owners = json_array_at(pod, "metadata.ownerReferences");
    for (size_t i = 0; i < json_array_size(owners); i++) {
        const json_t *owner = json_array_get(owners, i);
        if (json_bool_at(owner, "controller", false)) {
            return map_get(&measure->owners, json_text_at(owner, "uid", ""));
        }
    }
    return NULL;
}

static void pod_key(const json_t *pod, char out[static POD_KEY_BYTES])
{
    snprintf(out, POD_KEY_BYTES, "%s/%s", json_text_at(pod, "metadata.namespace", ""),
             json_text_at(pod, "metadata.name", ""));
}

static void raise_to(struct resources *least, struct resources other)
{
    if (other.cpu_milli > least->cpu_milli) {
        least->cpu_milli = other.cpu_milli;
    }
    if (other.memory_bytes > least->memory_bytes) {
        least->memory_bytes = other.memory_bytes;
    }
}

static void count_for_workload(struct measure *measure, const json_t *pod, struct resources asks)
{
    struct workload_tally *workload = workload_of(measure, pod);
    if (!workload) {
        return;
    }
    workload->use.pods++;
    raise_to(&workload->use.per_pod, asks);
    if (measure->pods.count < MEASURE_PODS_MAX) {
        char key[POD_KEY_BYTES];
        pod_key(pod, key);
        map_set(&measure->pods, key, workload);
    }
}

static bool take_pod(void *context, json_t *item)
{
    struct measure *measure = context;
    const char *node = json_text_at(item, "spec.nodeName", "");
    if (!node[0] || has_ended(item)) {
        return true;
    }
    struct resources asks = resources_of_pod(json_object_get(item, "spec"));
    struct node_tally *tally = map_get(&measure->nodes, node);
    if (tally) {
        resources_add(&tally->requested, asks);
        tally->pods++;
    }
    count_for_workload(measure, item, asks);
    return true;
}

/* ---- usage ---- */

static bool take_node_usage(void *context, json_t *item)
{
    struct measure *measure = context;
    if (map_has(&measure->nodes, json_text_at(item, "metadata.name", ""))) {
        resources_add(&measure->result.used, resources_of(json_object_get(item, "usage")));
    }
    return true;
}

static bool take_pod_usage(void *context, json_t *item)
{
    struct measure *measure = context;
    char key[POD_KEY_BYTES];
    pod_key(item, key);
    struct workload_tally *workload = map_get(&measure->pods, key);
    if (!workload) {
        return true;
    }
    size_t i = 0;
    const json_t *container = NULL;
    json_array_foreach (json_array_at(item, "containers"), i, container) {
        resources_add(&workload->use.used, resources_of(json_object_get(container, "usage")));
    }
    workload->use.used_pods++;
    return true;
}

/* ---- the whole ---- */

/* Paths are asked one after another, until one cannot be read. */
struct survey {
    const char *path, *what;
    bool (*take)(void *context, json_t *item);
    const char *missing; /* what to say of a cluster that does not have it */
};

#define NO_METRICS "Install metrics-server to see usage."

static const struct survey room[] = {
    {NODES_PATH, "nodes", take_node, "The cluster has no nodes."},
    {PODS_PATH, "pods of all namespaces", take_pod, "The cluster has no pods."}};
static const struct survey usage[] = {
    {NODE_USAGE_PATH, "usage of nodes", take_node_usage, NO_METRICS},
    {POD_USAGE_PATH, "usage of pods", take_pod_usage, NO_METRICS}};

static bool ask(struct measure *measure, struct kube *kube, const struct survey survey[2],
                char why[static REASON_BYTES])
{
    for (size_t i = 0; i < 2; i++) {
        struct err err = {0};
        struct kube_list list = {.path = survey[i].path,
                                 .view = KUBE_WHOLE,
                                 .on_item = survey[i].take,
                                 .context = measure};
        if (kube_list(kube, &list, &err)) {
            continue;
        }
        if (err.kind == ERR_DENIED) {
            snprintf(why, REASON_BYTES,
                     "The agent may not see the %s; apply what `heddle agent manifest` prints.",
                     survey[i].what);
        } else if (err.kind == ERR_NOT_FOUND) {
            snprintf(why, REASON_BYTES, "%s", survey[i].missing);
        } else {
            snprintf(why, REASON_BYTES, "The %s cannot be read: %s", survey[i].what, err.text);
        }
        return false;
    }
    return true;
}

static void sum_up(struct measure *measure)
{
    struct capacity *result = &measure->result;
    MAP_EACH (slot, &measure->nodes) {
        const struct node_tally *tally = slot->value;
        struct node_room free = {
            .free = {tally->allocatable.cpu_milli - tally->requested.cpu_milli,
                     tally->allocatable.memory_bytes - tally->requested.memory_bytes},
            .pods = tally->pods_max - tally->pods};
        free.free.cpu_milli = free.free.cpu_milli > 0 ? free.free.cpu_milli : 0;
        free.free.memory_bytes = free.free.memory_bytes > 0 ? free.free.memory_bytes : 0;
        free.pods = free.pods > 0 ? free.pods : 0;
        TEXT_COPY_CUT(free.name, slot->key);
        resources_add(&result->allocatable, tally->allocatable);
        resources_add(&result->requested, tally->requested);
        result->pods_max += tally->pods_max;
        result->pods += tally->pods;
        result->nodes++;
        capacity_add_room(result, &free);
    }
}

static void forget_usage(struct measure *measure)
{
    measure->result.used = (struct resources){0};
    VEC_EACH (struct workload_tally *, workload, &measure->workloads) {
        (*workload)->use.used = (struct resources){0};
        (*workload)->use.used_pods = 0;
    }
}

void measure_run(struct measure *measure, struct kube *kube)
{
    if (!ask(measure, kube, room, measure->result.unknown)) {
        return;
    }
    sum_up(measure);
    if (!ask(measure, kube, usage, measure->result.no_usage)) {
        forget_usage(measure);
    }
}
