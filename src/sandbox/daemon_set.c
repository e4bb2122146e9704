/* daemon_set: one pod on each node. */
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define GENERATION_ANNOTATION "deprecated.daemonset.template.generation"
#define GENERATION_LABEL "pod-template-generation"

struct daemon_counts {
    int desired, current, ready, updated;
};

static const char *generation_of(const json_t *set)
{
    const json_t *text =
        json_object_get(json_at(set, "metadata.annotations"), GENERATION_ANNOTATION);
    return text ? json_string_value(text) : "1";
}

static json_t *pod_on(const struct object_list *pods, const char *node)
{
    for (size_t i = 0; i < pods->items.count; i++) {
        if (strcmp(json_text_at(pods->items.items[i], "spec.nodeName", ""), node) == 0) {
            return pods->items.items[i];
        }
    }
    return NULL;
}

static void create_on(struct sandbox_cluster *cluster, json_t *set, const char *node)
{
    char hash[TEMPLATE_HASH_BYTES];
    template_hash(json_at(set, "spec.template"), hash);
    AUTO_JSON *labels = json_pack("{s:s,s:s}", "controller-revision-hash", hash, GENERATION_LABEL,
                                  generation_of(set));
    pod_create(cluster, &(struct pod_order){.owner = set,
                                            .template = json_at(set, "spec.template"),
                                            .prefix = object_name(set),
                                            .labels = labels,
                                            .node = node});
}

static bool is_updated(const json_t *set, const json_t *pod)
{
    const char *generation = json_text_at(json_at(pod, "metadata.labels"), GENERATION_LABEL, "");
    return strcmp(generation, generation_of(set)) == 0;
}

static void replace_one(struct sandbox_cluster *cluster, json_t *set,
                        const struct object_list *pods, const struct daemon_counts *counts)
{
    int may_miss = (int)json_int_at(set, "spec.updateStrategy.rollingUpdate.maxUnavailable", 1);
    const char *strategy = json_text_at(set, "spec.updateStrategy.type", "");
    bool is_full = counts->desired - counts->ready >= may_miss;
    for (size_t i = 0; i < pods->items.count && strcmp(strategy, "OnDelete") != 0; i++) {
        json_t *pod = pods->items.items[i];
        /* An old pod that serves nobody may go at any time. */
        if (!is_updated(set, pod) && pod_is_active(pod) && (!is_full || !pod_is_ready(pod))) {
            delete_object(cluster, cluster_kind(cluster, "Pod"), pod, PROPAGATE_BACKGROUND, false);
            return;
        }
    }
}

static void write_status(struct sandbox_cluster *cluster, json_t *set,
                         const struct daemon_counts *counts)
{
    json_t *status = json_object();
    json_put_int(status, "observedGeneration", json_int_at(set, "metadata.generation", 0));
    json_put_int(status, "desiredNumberScheduled", counts->desired);
    json_put_int(status, "currentNumberScheduled", counts->current);
    json_put_int(status, "numberReady", counts->ready);
    json_put_int(status, "numberMisscheduled", 0);
    put_count(status, "numberAvailable", counts->ready);
    put_count(status, "numberUnavailable", counts->desired - counts->ready);
    put_count(status, "updatedNumberScheduled", counts->updated);
    status_put(cluster, set, status);
}

void reconcile_daemon_set(struct sandbox_cluster *cluster, json_t *set)
{
    struct daemon_counts counts = {0};
    struct object_list pods;
    struct object_list nodes;
    if (pod_is_ending(set)) {
        return;
    }
    owned_of_kind(cluster, set, "Pod", &pods);
    objects_list(cluster_kind(cluster, "Node"), "", &nodes);
    VEC_EACH (json_t *, node, &nodes.items) {
        json_t *pod = pod_on(&pods, object_name(*node));
        counts.desired++;
        counts.current += pod != NULL;
        counts.ready += pod && pod_is_ready(pod);
        counts.updated += pod && pod_is_active(pod) && is_updated(set, pod);
        if (!pod) {
            create_on(cluster, set, object_name(*node));
        }
    }
    replace_one(cluster, set, &pods, &counts);
    write_status(cluster, set, &counts);
    objects_list_done(&nodes);
    objects_list_done(&pods);
}
