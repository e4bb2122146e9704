/* delete: marks, finalizers, and what goes with an owner. */
#include <string.h>

#include "sandbox/cluster_internal.h"

/* How long a pod takes to end, of the 30 s it may take. */
#define POD_ENDING_MS 300

static json_t *marked(const struct sandbox_cluster *cluster, const json_t *live)
{
    json_t *next = json_deep_copy(live);
    json_put_time(json_object_get(next, "metadata"), "deletionTimestamp", cluster_now_ms(cluster));
    return next;
}

static void strip_owner(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                        const char *uid)
{
    json_t *next = json_deep_copy(live);
    json_t *metadata = json_object_get(next, "metadata");
    json_t *owners = json_object_get(metadata, "ownerReferences");
    for (size_t i = json_array_size(owners); i-- > 0;) {
        if (strcmp(json_text_at(json_array_get(owners, i), "uid", ""), uid) == 0) {
            json_array_remove(owners, i);
        }
    }
    if (json_array_size(owners) == 0) {
        json_object_del(metadata, "ownerReferences");
    }
    write_own(cluster, kind, live, next);
}

static void release_children(struct sandbox_cluster *cluster, const char *uid, bool is_orphaning)
{
    struct object_list children;
    objects_owned(cluster->objects, uid, &children);
    VEC_EACH (json_t *, child, &children.items) {
        struct kind *kind = kinds_named(&cluster->kinds, json_text_at(*child, "apiVersion", ""),
                                        simulated_kind(*child));
        bool has_others = json_array_size(json_array_at(*child, "metadata.ownerReferences")) > 1;
        if (is_orphaning || has_others) {
            strip_owner(cluster, kind, *child, uid);
        } else {
            delete_object(cluster, kind, *child, PROPAGATE_BACKGROUND, false);
        }
    }
    objects_list_done(&children);
}

void delete_now(struct sandbox_cluster *cluster, struct kind *kind, json_t *live)
{
    json_incref(live);
    objects_remove(cluster->objects, kind, simulated_namespace(live), object_name(live));
    release_children(cluster, object_uid(live), false);
    json_decref(live);
}

static void end_pod(void *context, const struct task *task)
{
    struct sandbox_cluster *cluster = context;
    struct kind *pods = cluster_kind(cluster, "Pod");
    json_t *pod = objects_get(pods, task->namespace, task->name);
    if (pod && strcmp(object_uid(pod), task->uid) == 0) {
        delete_now(cluster, pods, pod);
    }
}

/* Everything within goes first. */
static json_t *empty_namespace(struct sandbox_cluster *cluster, struct kind *kind, json_t *live)
{
    json_t *next = marked(cluster, live);
    json_put(next, "status", json_pack("{s:s}", "phase", "Terminating"));
    json_t *stored = objects_put(cluster->objects, kind, next);
    VEC_EACH (struct kind *, within, &cluster->kinds.all) {
        struct object_list list;
        if (!kind_is(*within, KIND_NAMESPACED)) {
            continue;
        }
        objects_list(*within, object_name(stored), &list);
        VEC_EACH (json_t *, object, &list.items) {
            json_t *still =
                objects_get(*within, simulated_namespace(*object), object_name(*object));
            if (still) {
                delete_object(cluster, *within, still, PROPAGATE_BACKGROUND, false);
            }
        }
        objects_list_done(&list);
    }
    control_note(cluster, kind, stored);
    return stored;
}

void namespace_sweep(struct sandbox_cluster *cluster, json_t *namespace)
{
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        struct object_list list;
        if (!kind_is(*kind, KIND_NAMESPACED)) {
            continue;
        }
        objects_list(*kind, object_name(namespace), &list);
        size_t count = list.items.count;
        objects_list_done(&list);
        if (count > 0) {
            return;
        }
    }
    delete_now(cluster, cluster_kind(cluster, "Namespace"), namespace);
}

/* Instances go with their definition; the kind stays known, as its pointer is used. */
static void delete_instances(struct sandbox_cluster *cluster, const json_t *definition)
{
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        struct object_list list;
        if (!kind_is(*kind, KIND_CUSTOM) ||
            strcmp((*kind)->group, json_text_at(definition, "spec.group", "")) != 0 ||
            strcmp((*kind)->plural, json_text_at(definition, "spec.names.plural", "")) != 0) {
            continue;
        }
        objects_list(*kind, "", &list);
        VEC_EACH (json_t *, instance, &list.items) {
            delete_now(cluster, *kind, *instance);
        }
        objects_list_done(&list);
        (*kind)->plural[0] = '\0';
        (*kind)->kind[0] = '\0';
    }
}

json_t *delete_object(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                      enum propagation propagation, bool at_once)
{
    bool is_marked = json_at(live, "metadata.deletionTimestamp") != NULL;
    bool is_kept = json_array_size(json_array_at(live, "metadata.finalizers")) > 0;
    bool is_pod = strcmp(kind->kind, "Pod") == 0;
    if (strcmp(kind->kind, "Namespace") == 0) {
        return is_marked ? live : empty_namespace(cluster, kind, live);
    }
    if (propagation == PROPAGATE_ORPHAN) {
        release_children(cluster, object_uid(live), true);
    }
    if (is_kept || (is_pod && !at_once && json_text_at(live, "spec.nodeName", "")[0])) {
        if (is_marked) {
            return live;
        }
        json_t *stored = objects_put(cluster->objects, kind, marked(cluster, live));
        if (!is_kept) {
            agenda_add(cluster->agenda, cluster_paced_ms(cluster, POD_ENDING_MS), end_pod, stored,
                       0);
        }
        return stored;
    }
    if (strcmp(kind->kind, "CustomResourceDefinition") == 0) {
        delete_instances(cluster, live);
    }
    delete_now(cluster, kind, live);
    return NULL;
}
