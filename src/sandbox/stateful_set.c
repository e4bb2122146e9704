/* stateful_set: pods with numbers, made and replaced one after another. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define REVISION_LABEL "controller-revision-hash"
#define REVISION_BYTES (RESOURCE_NAME_BYTES + TEMPLATE_HASH_BYTES)

struct ordered {
    struct sandbox_cluster *cluster;
    json_t *set;
    struct object_list pods;
    int wanted, partition;
    bool is_ordered;
    char update[REVISION_BYTES];
    const char *current; /* the revision before, or the same */
};

static int ordinal_of(const json_t *pod)
{
    const char *dash = strrchr(object_name(pod), '-');
    return dash ? (int)strtol(dash + 1, NULL, 10) : -1;
}

static json_t *pod_at(const struct ordered *ordered, int ordinal)
{
    for (size_t i = 0; i < ordered->pods.items.count; i++) {
        if (ordinal_of(ordered->pods.items.items[i]) == ordinal) {
            return ordered->pods.items.items[i];
        }
    }
    return NULL;
}

static bool is_revision(const json_t *pod, const char *revision)
{
    return strcmp(json_text_at(json_at(pod, "metadata.labels"), REVISION_LABEL, ""), revision) == 0;
}

static void create(const struct ordered *ordered, int ordinal)
{
    char name[RESOURCE_NAME_BYTES + 16];
    char index[16];
    /* Below the partition the old revision would stay; its template is not kept here, so a
       pod that is lost there comes back as it is wanted now. */
    snprintf(name, sizeof(name), "%s-%d", object_name(ordered->set), ordinal);
    snprintf(index, sizeof(index), "%d", ordinal);
    AUTO_JSON *labels = json_pack("{s:s,s:s,s:s}", REVISION_LABEL, ordered->update,
                                  "statefulset.kubernetes.io/pod-name", name,
                                  "apps.kubernetes.io/pod-index", index);
    pod_create(ordered->cluster,
               &(struct pod_order){.owner = ordered->set,
                                   .template = json_at(ordered->set, "spec.template"),
                                   .name = name,
                                   .labels = labels});
}

static void remove_pod(const struct ordered *ordered, json_t *pod, bool at_once)
{
    delete_object(ordered->cluster, cluster_kind(ordered->cluster, "Pod"), pod,
                  PROPAGATE_BACKGROUND, at_once);
}

/* Make what is missing, from 0 up; false when the next step has to wait. */
static bool make_pods(const struct ordered *ordered)
{
    for (int i = 0; i < ordered->wanted; i++) {
        json_t *pod = pod_at(ordered, i);
        if (!pod) {
            create(ordered, i);
        } else if (pod_has_ended(pod) && !pod_is_ending(pod)) {
            remove_pod(ordered, pod, true);
        } else if (pod_is_ready(pod)) {
            continue;
        }
        if (ordered->is_ordered) {
            return false;
        }
    }
    return true;
}

/* Remove what is too much, from the highest down, one at a time. */
static bool remove_surplus(const struct ordered *ordered)
{
    json_t *highest = NULL;
    for (size_t i = 0; i < ordered->pods.items.count; i++) {
        json_t *pod = ordered->pods.items.items[i];
        bool is_surplus = ordinal_of(pod) >= ordered->wanted;
        if (is_surplus && (!highest || ordinal_of(pod) > ordinal_of(highest))) {
            highest = pod;
        }
    }
    if (highest && !pod_is_ending(highest)) {
        remove_pod(ordered, highest, false);
    }
    return highest == NULL;
}

/* Replace pods of an older revision, from the highest down, each when those above are ready. */
static void replace_pods(const struct ordered *ordered)
{
    const char *strategy = json_text_at(ordered->set, "spec.updateStrategy.type", "");
    for (int i = ordered->wanted - 1; i >= ordered->partition; i--) {
        json_t *pod = pod_at(ordered, i);
        if (!pod || strcmp(strategy, "OnDelete") == 0) {
            return;
        }
        if (!is_revision(pod, ordered->update) && !pod_is_ending(pod)) {
            remove_pod(ordered, pod, false);
            return;
        }
        if (!pod_is_ready(pod)) {
            return;
        }
    }
}

static void write_status(const struct ordered *ordered)
{
    int existing = 0;
    int ready = 0;
    int updated = 0;
    int current = 0;
    for (size_t i = 0; i < ordered->pods.items.count; i++) {
        const json_t *pod = ordered->pods.items.items[i];
        existing += !pod_has_ended(pod);
        ready += pod_is_ready(pod);
        updated += pod_is_active(pod) && is_revision(pod, ordered->update);
        current += pod_is_active(pod) && is_revision(pod, ordered->current);
    }
    bool is_done = updated == ordered->wanted && existing == updated && ready == updated;
    json_t *status = json_object();
    json_put_int(status, "observedGeneration", json_int_at(ordered->set, "metadata.generation", 0));
    json_put_int(status, "replicas", existing);
    put_count(status, "readyReplicas", ready);
    json_put_int(status, "availableReplicas", ready);
    put_count(status, "updatedReplicas", updated);
    put_count(status, "currentReplicas", is_done ? updated : current);
    json_put_text(status, "currentRevision", is_done ? ordered->update : ordered->current);
    json_put_text(status, "updateRevision", ordered->update);
    json_put_int(status, "collisionCount", 0);
    status_put(ordered->cluster, ordered->set, status);
}

void reconcile_stateful_set(struct sandbox_cluster *cluster, json_t *set)
{
    char hash[TEMPLATE_HASH_BYTES];
    if (pod_is_ending(set)) {
        return;
    }
    struct ordered ordered = {
        .cluster = cluster,
        .set = set,
        .wanted = (int)json_int_at(set, "spec.replicas", 1),
        .partition = (int)json_int_at(set, "spec.updateStrategy.rollingUpdate.partition", 0),
        .is_ordered = strcmp(json_text_at(set, "spec.podManagementPolicy", ""), "Parallel") != 0};
    template_hash(json_at(set, "spec.template"), hash);
    snprintf(ordered.update, sizeof(ordered.update), "%s-%s", object_name(set), hash);
    ordered.current = json_text_at(set, "status.currentRevision", ordered.update);
    owned_of_kind(cluster, set, "Pod", &ordered.pods);
    if (make_pods(&ordered) && remove_surplus(&ordered)) {
        replace_pods(&ordered);
    }
    write_status(&ordered);
    objects_list_done(&ordered.pods);
}
