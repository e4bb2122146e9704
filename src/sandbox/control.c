#include "sandbox/control.h"

#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/flux.h"
#include "sandbox/pods.h"

/* Looked at in one go, so that requests are answered in between. */
#define MARKED_PER_TURN 500
#define MINUTE_MS 60000

static void look_at_namespace(struct sandbox_cluster *cluster, json_t *namespace)
{
    if (json_at(namespace, "metadata.deletionTimestamp")) {
        namespace_sweep(cluster, namespace);
    }
}

static void look_at_pod(struct sandbox_cluster *cluster, json_t *pod)
{
    if (!json_text_at(pod, "spec.nodeName", "")[0] && pod_is_active(pod)) {
        schedule_pod(cluster, pod);
    }
}

static const struct {
    const char *kind;
    void (*look)(struct sandbox_cluster *cluster, json_t *object);
} controllers[] = {
    {"Pod", look_at_pod},
    {"ReplicaSet", reconcile_replica_set},
    {"Deployment", reconcile_deployment},
    {"StatefulSet", reconcile_stateful_set},
    {"DaemonSet", reconcile_daemon_set},
    {"Job", reconcile_job},
    {"CronJob", reconcile_cron_job},
    {"Namespace", look_at_namespace},
    {"HelmRelease", reconcile_helm_release},
};

static bool has_controller(const struct kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(controllers); i++) {
        if (strcmp(controllers[i].kind, kind->kind) == 0 && !kind_is(kind, KIND_CUSTOM)) {
            return true;
        }
    }
    return false;
}

static void look(struct sandbox_cluster *cluster, const struct marked *marked)
{
    json_t *object = objects_get(marked->kind, marked->namespace, marked->name);
    for (size_t i = 0; object && i < COUNT_OF(controllers); i++) {
        if (strcmp(controllers[i].kind, marked->kind->kind) == 0) {
            json_incref(object); /* it may be replaced while it is looked at */
            controllers[i].look(cluster, object);
            json_decref(object);
            return;
        }
    }
}

static char *key_of(const struct kind *kind, const char *namespace, const char *name)
{
    AUTO_STR(key, 1024);
    str_addf(&key, "%s/%s/%s", kind->kind, namespace, name);
    return str_take(&key);
}

static void marked_done(struct marked *marked)
{
    free(marked->namespace);
    free(marked->name);
}

static void run(void *context);

static void wake(struct sandbox_cluster *cluster)
{
    if (!cluster->control.timer && cluster->control.queue.count > 0) {
        cluster->control.timer = loop_timer_start(cluster->loop, 0, 0, run, cluster);
    }
}

static void run(void *context)
{
    struct sandbox_cluster *cluster = context;
    struct control *control = &cluster->control;
    size_t count = control->queue.count < MARKED_PER_TURN ? control->queue.count : MARKED_PER_TURN;
    control->timer = NULL;
    for (size_t i = 0; i < count; i++) {
        struct marked marked = control->queue.items[i];
        AUTO(xfree) char *key = key_of(marked.kind, marked.namespace, marked.name);
        map_remove(&control->is_marked, key);
        look(cluster, &marked);
        marked_done(&marked);
    }
    control->queue.count -= count;
    memmove(control->queue.items, control->queue.items + count,
            control->queue.count * sizeof(*control->queue.items));
    wake(cluster);
}

static void mark(struct sandbox_cluster *cluster, struct kind *kind, const char *namespace,
                 const char *name)
{
    struct control *control = &cluster->control;
    AUTO(xfree) char *key = key_of(kind, namespace, name);
    if (!map_has(&control->is_marked, key)) {
        map_set(&control->is_marked, key, kind);
        *VEC_ADD(&control->queue) = (struct marked){kind, xstrdup(namespace), xstrdup(name)};
        wake(cluster);
    }
}

void control_note(struct sandbox_cluster *cluster, struct kind *kind, const json_t *object)
{
    mark(cluster, kind, simulated_namespace(object), object_name(object));
}

static void mark_owner(struct sandbox_cluster *cluster, const json_t *object)
{
    const json_t *owners = json_array_at(object, "metadata.ownerReferences");
    for (size_t i = 0; i < json_array_size(owners); i++) {
        const json_t *owner = json_array_get(owners, i);
        struct kind *kind = kinds_named(&cluster->kinds, json_text_at(owner, "apiVersion", ""),
                                        json_text_at(owner, "kind", ""));
        if (kind && has_controller(kind)) {
            mark(cluster, kind, simulated_namespace(object), json_text_at(owner, "name", ""));
        }
    }
}

static void mark_all(struct sandbox_cluster *cluster, const char *kind_name)
{
    struct kind *kind = cluster_kind(cluster, kind_name);
    MAP_EACH (slot, &kind->objects) {
        control_note(cluster, kind, slot->value);
    }
}

/* Room has come free: pods that wait for it are looked at again. */
static void mark_unscheduled(struct sandbox_cluster *cluster)
{
    struct kind *pods = cluster_kind(cluster, "Pod");
    MAP_EACH (slot, &pods->objects) {
        if (!json_text_at(slot->value, "spec.nodeName", "")[0]) {
            control_note(cluster, pods, slot->value);
        }
    }
}

static void count_use(struct sandbox_cluster *cluster, const json_t *pod, int sign)
{
    const char *node = json_text_at(pod, "spec.nodeName", "");
    if (!node[0] || pod_has_ended(pod)) {
        return;
    }
    struct node_use *use = map_get(&cluster->control.node_uses, node);
    if (!use) {
        use = xcalloc(1, sizeof(*use));
        map_set(&cluster->control.node_uses, node, use);
    }
    struct node_use asked = pod_asks(pod);
    use->cpu_milli += sign * asked.cpu_milli;
    use->memory_bytes += sign * asked.memory_bytes;
    use->pods += sign;
}

static void pod_changed(struct sandbox_cluster *cluster, const struct change *change)
{
    const json_t *after = change->type == CHANGE_DELETED ? NULL : change->after;
    const char *node_before = json_text_at(change->before, "spec.nodeName", "");
    const char *node_after = json_text_at(after, "spec.nodeName", "");
    count_use(cluster, change->before, -1);
    count_use(cluster, after, 1);
    if (!node_before[0] && node_after[0]) {
        kubelet_adopt(cluster, after);
    }
    if (node_before[0] && (!after || pod_has_ended(after))) {
        mark_unscheduled(cluster);
    }
}

/* What is deleted from a namespace that ends may have been the last thing in it. */
static void mark_ending_namespace(struct sandbox_cluster *cluster, const json_t *object)
{
    struct kind *namespaces = cluster_kind(cluster, "Namespace");
    const json_t *namespace = objects_get(namespaces, "", simulated_namespace(object));
    if (namespace && json_at(namespace, "metadata.deletionTimestamp")) {
        control_note(cluster, namespaces, namespace);
    }
}

void control_changed(struct sandbox_cluster *cluster, const struct change *change)
{
    const char *kind = change->kind->kind;
    flux_changed(cluster, change);
    if (kind_is(change->kind, KIND_CUSTOM)) {
        return;
    }
    if (strcmp(kind, "Pod") == 0) {
        pod_changed(cluster, change);
    } else if (strcmp(kind, "Node") == 0) {
        mark_all(cluster, "DaemonSet");
        mark_unscheduled(cluster);
    } else if (strcmp(kind, "CustomResourceDefinition") == 0 && change->type != CHANGE_DELETED) {
        kinds_define(&cluster->kinds, change->after);
    }
    mark_owner(cluster, change->after);
    if (change->type == CHANGE_DELETED) {
        mark_ending_namespace(cluster, change->after);
    } else if (has_controller(change->kind)) {
        control_note(cluster, change->kind, change->after);
    }
}

static void on_minute(void *context)
{
    struct sandbox_cluster *cluster = context;
    int64_t minute = cluster_now_ms(cluster) / MINUTE_MS;
    if (minute != cluster->control.minute) {
        cluster->control.minute = minute;
        mark_all(cluster, "CronJob");
    }
}

void control_start(struct sandbox_cluster *cluster)
{
    cluster->control.minute = cluster_now_ms(cluster) / MINUTE_MS;
    cluster->control.minute_timer = loop_timer_start(cluster->loop, 1000, 1000, on_minute, cluster);
}

void control_stop(struct sandbox_cluster *cluster)
{
    struct control *control = &cluster->control;
    loop_timer_stop(&control->timer);
    loop_timer_stop(&control->minute_timer);
    VEC_EACH (struct marked, marked, &control->queue) {
        marked_done(marked);
    }
    VEC_DONE(&control->queue);
    map_done(&control->is_marked);
    MAP_EACH (slot, &control->node_uses) {
        free(slot->value);
    }
    map_done(&control->node_uses);
}
