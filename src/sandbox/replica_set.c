/* replica_set: as many pods as are wanted. */
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

struct pod_counts {
    int active, ready;
};

/* Pods that have ended are replaced, and the leftovers removed. */
static struct pod_counts count_pods(struct sandbox_cluster *cluster, const struct object_list *pods)
{
    struct pod_counts counts = {0};
    for (size_t i = 0; i < pods->items.count; i++) {
        json_t *pod = pods->items.items[i];
        counts.active += pod_is_active(pod);
        counts.ready += pod_is_ready(pod);
        if (pod_has_ended(pod) && !pod_is_ending(pod)) {
            delete_object(cluster, cluster_kind(cluster, "Pod"), pod, PROPAGATE_BACKGROUND, true);
        }
    }
    return counts;
}

/* Those that serve nobody go first. */
static void remove_pods(struct sandbox_cluster *cluster, const struct object_list *pods, int count)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = pods->items.count; i-- > 0 && count > 0;) {
            json_t *pod = pods->items.items[i];
            if (pod_is_active(pod) && pod_is_ready(pod) == (pass == 1)) {
                delete_object(cluster, cluster_kind(cluster, "Pod"), pod, PROPAGATE_BACKGROUND,
                              false);
                count--;
            }
        }
    }
}

static void write_status(struct sandbox_cluster *cluster, json_t *set, struct pod_counts counts)
{
    json_t *status = json_object();
    json_put_int(status, "replicas", counts.active);
    put_count(status, "fullyLabeledReplicas", counts.active);
    put_count(status, "readyReplicas", counts.ready);
    put_count(status, "availableReplicas", counts.ready);
    json_put_int(status, "observedGeneration", json_int_at(set, "metadata.generation", 0));
    status_put(cluster, set, status);
}

void reconcile_replica_set(struct sandbox_cluster *cluster, json_t *set)
{
    struct object_list pods;
    if (pod_is_ending(set)) {
        return;
    }
    owned_of_kind(cluster, set, "Pod", &pods);
    struct pod_counts counts = count_pods(cluster, &pods);
    int wanted = (int)json_int_at(set, "spec.replicas", 1);
    struct pod_order order = {
        .owner = set, .template = json_at(set, "spec.template"), .prefix = object_name(set)};
    for (int i = counts.active; i < wanted; i++) {
        pod_create(cluster, &order);
    }
    if (counts.active > wanted) {
        remove_pods(cluster, &pods, counts.active - wanted);
    }
    write_status(cluster, set, counts);
    objects_list_done(&pods);
}
