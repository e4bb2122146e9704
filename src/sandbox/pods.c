#include "sandbox/pods.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"

/* Characters that form no words, as Kubernetes uses for hashes and suffixes. */
static const char safe_letters[] = "bcdfghjklmnpqrstvwxz2456789";

const json_t *condition_find(const json_t *object, const char *type)
{
    const json_t *conditions = json_array_at(object, "status.conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *condition = json_array_get(conditions, i);
        if (strcmp(json_text_at(condition, "type", ""), type) == 0) {
            return condition;
        }
    }
    return NULL;
}

bool pod_has_ended(const json_t *pod)
{
    const char *phase = json_text_at(pod, "status.phase", "");
    return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

bool pod_is_ending(const json_t *pod)
{
    return json_at(pod, "metadata.deletionTimestamp") != NULL;
}

bool pod_is_active(const json_t *pod)
{
    return !pod_has_ended(pod) && !pod_is_ending(pod);
}

bool pod_is_ready(const json_t *pod)
{
    const char *status = json_text_at(condition_find(pod, "Ready"), "status", "");
    return pod_is_active(pod) && strcmp(status, "True") == 0;
}

struct node_use pod_asks(const json_t *pod)
{
    struct resources asked = resources_of_pod(json_object_get(pod, "spec"));
    return (struct node_use){asked.cpu_milli, asked.memory_bytes, 1};
}

static bool is_controlled_by(const json_t *object, const char *uid)
{
    const json_t *owners = json_array_at(object, "metadata.ownerReferences");
    for (size_t i = 0; i < json_array_size(owners); i++) {
        const json_t *owner = json_array_get(owners, i);
        if (json_bool_at(owner, "controller", false) &&
            strcmp(json_text_at(owner, "uid", ""), uid) == 0) {
            return true;
        }
    }
    return false;
}

void owned_of_kind(struct sandbox_cluster *cluster, const json_t *owner, const char *kind,
                   struct object_list *out)
{
    objects_owned(cluster->objects, object_uid(owner), out);
    for (size_t i = out->items.count; i-- > 0;) {
        json_t *item = out->items.items[i];
        if (strcmp(simulated_kind(item), kind) != 0 || !is_controlled_by(item, object_uid(owner))) {
            json_decref(item);
            VEC_REMOVE(&out->items, i);
        }
    }
}

json_t *owned_new(const json_t *owner, const char *api_version, const char *kind, const char *name)
{
    json_t *reference =
        json_pack("{s:s,s:s,s:s,s:s,s:b,s:b}", "apiVersion", json_text_at(owner, "apiVersion", ""),
                  "kind", simulated_kind(owner), "name", object_name(owner), "uid",
                  object_uid(owner), "controller", 1, "blockOwnerDeletion", 1);
    return json_pack("{s:s,s:s,s:{s:s,s:s,s:[o]}}", "apiVersion", api_version, "kind", kind,
                     "metadata", "name", name, "namespace", simulated_namespace(owner),
                     "ownerReferences", reference);
}

static void copy_map(json_t *metadata, const char *key, const json_t *template)
{
    json_t *from = json_object_get(json_object_get(template, "metadata"), key);
    if (from) {
        json_put(metadata, key, json_deep_copy(from));
    }
}

void pod_create(struct sandbox_cluster *cluster, const struct pod_order *order)
{
    char suffix[NAME_SUFFIX_BYTES];
    AUTO_STR(name, RESOURCE_NAME_BYTES);
    cluster_suffix(cluster, suffix);
    if (order->name) {
        str_add(&name, order->name);
    } else {
        str_addf(&name, "%s-%s", order->prefix, suffix);
    }
    json_t *pod = owned_new(order->owner, "v1", "Pod", name.text);
    json_t *metadata = json_object_get(pod, "metadata");
    copy_map(metadata, "labels", order->template);
    copy_map(metadata, "annotations", order->template);
    if (order->labels) {
        if (!json_object_get(metadata, "labels")) {
            json_put(metadata, "labels", json_object());
        }
        json_object_update(json_object_get(metadata, "labels"), json_loose(order->labels));
    }
    json_put(pod, "spec", json_deep_copy(json_object_get(order->template, "spec")));
    if (order->node) {
        json_put_text(json_object_get(pod, "spec"), "nodeName", order->node);
    }
    json_put(pod, "status", json_pack("{s:s,s:s}", "phase", "Pending", "qosClass", "BestEffort"));
    write_own(cluster, cluster_kind(cluster, "Pod"), NULL, pod);
}

void template_hash(const json_t *template, char out[static TEMPLATE_HASH_BYTES])
{
    AUTO(xfree) char *text = json_text(template);
    uint64_t hash = hash64(HASH64_START, text, strlen(text));
    for (size_t i = 0; i < TEMPLATE_HASH_BYTES - 1; i++) {
        out[i] = safe_letters[hash % (sizeof(safe_letters) - 1)];
        hash /= sizeof(safe_letters) - 1;
    }
    out[TEMPLATE_HASH_BYTES - 1] = '\0';
}

void cluster_suffix(const struct sandbox_cluster *cluster, char out[static NAME_SUFFIX_BYTES])
{
    for (size_t i = 0; i < NAME_SUFFIX_BYTES - 1; i++) {
        out[i] = safe_letters[cluster_random(cluster, sizeof(safe_letters) - 1)];
    }
    out[NAME_SUFFIX_BYTES - 1] = '\0';
}

void status_put(struct sandbox_cluster *cluster, json_t *object, json_t *take_status)
{
    if (json_equal(json_object_get(object, "status"), take_status)) {
        json_decref(take_status);
        return;
    }
    struct kind *kind = kinds_named(&cluster->kinds, json_text_at(object, "apiVersion", ""),
                                    simulated_kind(object));
    json_t *next = json_deep_copy(object);
    json_put(next, "status", take_status);
    write_own(cluster, kind, object, next);
}

void put_count(json_t *status, const char *key, int64_t count)
{
    if (count != 0) {
        json_put_int(status, key, count);
    }
}

void condition_put(json_t *conditions, const json_t *before, const struct condition *condition,
                   int64_t now_ms, bool has_update_time)
{
    const json_t *last = condition_find(before, condition->type);
    bool same_status = last && strcmp(json_text_at(last, "status", ""), condition->status) == 0;
    bool same = same_status && strcmp(json_text_at(last, "reason", ""), condition->reason) == 0 &&
                strcmp(json_text_at(last, "message", ""), condition->message) == 0;
    json_t *next = json_pack("{s:s,s:s}", "type", condition->type, "status", condition->status);
    json_put_text(next, "reason", condition->reason[0] ? condition->reason : NULL);
    json_put_text(next, "message", condition->message[0] ? condition->message : NULL);
    json_put_time(next, "lastTransitionTime", now_ms);
    if (same_status) {
        json_put_text(next, "lastTransitionTime", json_text_at(last, "lastTransitionTime", ""));
    }
    if (has_update_time) {
        json_put_time(next, "lastUpdateTime", now_ms);
        if (same) {
            json_put_text(next, "lastUpdateTime", json_text_at(last, "lastUpdateTime", ""));
        }
    }
    json_array_append_new(conditions, next);
}
