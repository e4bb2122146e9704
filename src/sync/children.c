/* children: the ReplicaSets, Jobs and Pods around our workloads, as trimmed text. */
#include <stdlib.h>
#include <string.h>

#include "health/health.h"
#include "sync/engine.h"

/* A namespace may hold others' pods too; more than this are not remembered. */
#define CHILDREN_MAX 50000

struct child *child_first(const struct sync *sync, const char *owner)
{
    return map_get(&sync->children_of, owner);
}

/* From a pod to its ReplicaSet, its Deployment, its HelmRelease. */
#define GENERATIONS_MAX 4

/* The workloads above: the owner itself, the owner of the owner. */
static void workload_above_due(struct sync *sync, const char *owner)
{
    for (int i = 0; owner && i < GENERATIONS_MAX; i++) {
        workload_due_by_uid(sync, owner);
        const struct child *parent = map_get(&sync->children, owner);
        owner = parent ? parent->owner : NULL;
    }
}

static void controller_of(const json_t *object, char out[static KUBE_UID_BYTES])
{
    const json_t *owners = json_array_at(object, "metadata.ownerReferences");
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(owners); i++) {
        const json_t *owner = json_array_get(owners, i);
        if (json_bool_at(owner, "controller", false)) {
            text_copy_cut(out, KUBE_UID_BYTES, json_text_at(owner, "uid", ""));
        }
    }
}

/* A Deployment that Knative makes has an owner, too, but one that nobody watches. */
static void owner_of(const json_t *object, char out[static KUBE_UID_BYTES])
{
    family_of_object(object, out);
    if (!out[0] || strcmp(json_text_at(object, "kind", ""), "Pod") == 0 ||
        strcmp(json_text_at(object, "kind", ""), "ReplicaSet") == 0) {
        controller_of(object, out);
    }
}

static void link_to_owner(struct sync *sync, struct child *child)
{
    child->sibling = map_set(&sync->children_of, child->owner, child);
}

static void unlink_from_owner(struct sync *sync, struct child *child)
{
    struct child *first = child_first(sync, child->owner);
    if (first == child && child->sibling) {
        map_set(&sync->children_of, child->owner, child->sibling);
        return;
    }
    if (first == child) {
        map_remove(&sync->children_of, child->owner);
        return;
    }
    while (first && first->sibling != child) {
        first = first->sibling;
    }
    if (first) {
        first->sibling = child->sibling;
    }
}

static struct child *get(struct feed *feed, const json_t *object)
{
    struct sync *sync = feed->sync;
    const char *uid = json_text_at(object, "metadata.uid", "");
    char owner[KUBE_UID_BYTES];
    owner_of(object, owner);
    struct child *child = map_get(&sync->children, uid);
    if (child || !owner[0] || !uid[0] || sync->children.count >= CHILDREN_MAX) {
        return child;
    }
    child = xcalloc(1, sizeof(*child));
    TEXT_COPY_CUT(child->uid, uid);
    TEXT_COPY_CUT(child->owner, owner);
    child->is_pod = strcmp(json_text_at(object, "kind", ""), "Pod") == 0;
    child->feed = feed;
    map_set(&sync->children, child->uid, child);
    link_to_owner(sync, child);
    return child;
}

void child_seen(struct feed *feed, const json_t *object)
{
    struct child *child = get(feed, object);
    if (!child) {
        return; /* nobody's child, or one too many */
    }
    AUTO_JSON *trimmed = health_trim(object);
    char *text = json_text(trimmed);
    child->epoch = feed->epoch;
    bool is_same = child->text && strcmp(child->text, text) == 0;
    free(child->text);
    child->text = text;
    if (!is_same) {
        workload_above_due(feed->sync, child->owner);
    }
}

void child_gone(struct sync *sync, const char *uid)
{
    struct child *child = map_get(&sync->children, uid);
    if (!child) {
        return;
    }
    workload_above_due(sync, child->owner);
    unlink_from_owner(sync, child);
    map_remove(&sync->children, uid);
    free(child->text);
    free(child);
}

/* Forget a feed's children: all, or those that the last list did not name. */
static void forget(struct feed *feed, bool only_stale)
{
    VEC(struct child *) gone = {0};
    MAP_EACH (slot, &feed->sync->children) {
        struct child *child = slot->value;
        if (child->feed == feed && !(only_stale && child->epoch == feed->epoch)) {
            *VEC_ADD(&gone) = child;
        }
    }
    VEC_EACH (struct child *, child, &gone) {
        child_gone(feed->sync, (*child)->uid);
    }
    VEC_DONE(&gone);
}

void children_sweep(struct feed *feed)
{
    forget(feed, true);
}

void children_drop(struct feed *feed)
{
    if (feed->is_of_children) {
        forget(feed, false);
    }
}
