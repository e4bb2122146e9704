/* pods: what controllers share: making pods, looking at them, and writing a status. */
#pragma once

#include "model/resources.h"
#include "sandbox/control.h"

#define TEMPLATE_HASH_BYTES 11

bool pod_is_ready(const json_t *pod);
bool pod_has_ended(const json_t *pod); /* Succeeded or Failed */
bool pod_is_ending(const json_t *pod); /* being deleted */
bool pod_is_active(const json_t *pod); /* neither */
struct node_use pod_asks(const json_t *pod);

/* The pods, or others of one kind, that this object controls. */
void owned_of_kind(struct sandbox_cluster *cluster, const json_t *owner, const char *kind,
                   struct object_list *out);
/* An object that `owner` controls: {"apiVersion", "kind", "metadata": {...}} with owner reference.
 */
json_t *owned_new(const json_t *owner, const char *api_version, const char *kind, const char *name);

/* What a new pod is made of. */
struct pod_order {
    const json_t *owner;
    const json_t *template;
    const char *name;     /* NULL: made from `prefix` */
    const char *prefix;   /* "web-c86987f6b" */
    const json_t *labels; /* beside the template's; or NULL */
    const char *node;     /* NULL: the scheduler chooses */
};
void pod_create(struct sandbox_cluster *cluster, const struct pod_order *order);

/* Stable for equal templates: "c86987f6b2". */
void template_hash(const json_t *template, char out[static TEMPLATE_HASH_BYTES]);

/* Replace the status; equal ones are not written. */
void status_put(struct sandbox_cluster *cluster, json_t *object, json_t *take_status);
/* Leaves out zero, as Kubernetes does for most counts. */
void put_count(json_t *status, const char *key, int64_t count);

struct condition {
    const char *type, *status, *reason, *message;
};
/* Add a condition to `conditions`; its times are those of `before` (the object) where it has not
   changed. `has_update_time`: of Deployments. */
void condition_put(json_t *conditions, const json_t *before, const struct condition *condition,
                   int64_t now_ms, bool has_update_time);
const json_t *condition_find(const json_t *object, const char *type);
