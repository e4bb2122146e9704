/* objects: the table of what is wanted and what is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"

#define KEY_BYTES_MAX 1024
/* Refused for what it is: the cluster may change its mind, but seldom. */
#define REFUSED_FIRST_MS 5000
#define REFUSED_MAX_MS INT64_C(300000)
/* Not answered, or something it needs is not there yet. */
#define AWAY_FIRST_MS 500
#define AWAY_MAX_MS 30000

/* ---- keys ---- */

static struct slice key_part(const char *key, unsigned index)
{
    while (index-- > 0) {
        key += strcspn(key, "/") + 1;
    }
    return (struct slice){key, strcspn(key, "/")};
}

struct slice object_kind(const struct object *object)
{
    return key_part(object->key, 1);
}

struct slice object_namespace(const struct object *object)
{
    return key_part(object->key, 2);
}

/* ---- life ---- */

static void place(struct object *object, const struct kube_type *type, const char *namespace,
                  const char *name)
{
    AUTO_STR(path, KEY_BYTES_MAX);
    AUTO_STR(collection, KEY_BYTES_MAX);
    kube_path(&path, type, namespace, name);
    if (object->path && strcmp(object->path, path.text) == 0) {
        return;
    }
    kube_path(&collection, type, "", "");
    free(object->path);
    free(object->collection);
    free(object->api_version);
    object->path = str_take(&path);
    object->collection = str_take(&collection);
    AUTO_STR(api_version, KEY_BYTES_MAX);
    str_addf(&api_version, "%s%s%s", type->group, type->group[0] ? "/" : "", type->version);
    object->api_version = str_take(&api_version);
    object->rank = object_rank(object->api_version, type->kind);
}

static struct object *get(struct sync *sync, const char *key)
{
    struct object *object = map_get(&sync->objects, key);
    if (object) {
        return object;
    }
    object = xcalloc(1, sizeof(*object));
    object->key = xstrdup(key);
    map_set(&sync->objects, key, object);
    AUTO(xfree) struct saved_object *saved = map_remove(&sync->saved, key);
    if (saved) {
        object->applied_hash = saved->hash;
        object->applied = saved->applied;
    }
    return object;
}

struct object *object_adopt(struct sync *sync, const struct kube_type *type, const json_t *found)
{
    const char *namespace = json_text_at(found, "metadata.namespace", "");
    const char *name = json_text_at(found, "metadata.name", "");
    AUTO_STR(key, KEY_BYTES_MAX);
    str_addf(&key, "%s/%s/%s/%s", type->group, type->kind, namespace, name);
    struct object *object = get(sync, key.text);
    place(object, type, namespace, name);
    object_view(found, &object->live);
    return object;
}

void object_forget(struct sync *sync, struct object *object)
{
    workload_forget(sync, object);
    map_remove(&sync->objects, object->key);
    free(object->key);
    free(object->path);
    free(object->collection);
    free(object->api_version);
    free(object->trouble);
    free(object->drift);
    free(object);
}

/* ---- binding a revision ---- */

static void bind(struct sync *sync, const struct render_object *wanted)
{
    const struct kube_type *type = kube_type_find(sync->types, wanted->api_version, wanted->kind);
    if (!type) {
        sync->unknown_kinds++;
        return;
    }
    const char *namespace = !type->is_namespaced   ? ""
                            : wanted->namespace[0] ? wanted->namespace
                                                   : "default";
    AUTO_STR(key, KEY_BYTES_MAX);
    object_key(&key, wanted->api_version, wanted->kind, namespace, wanted->name);
    struct object *object = get(sync, key.text);
    if (object->is_marked) {
        return; /* written twice, with and without its namespace: the first one counts */
    }
    object->is_marked = true;
    object->is_leaving = false;
    object->wanted = wanted;
    place(object, type, namespace, wanted->name);
    workload_bind(sync, object);
}

/* What left Git, and is not there either, is nothing any more. */
static void forget_gone(struct sync *sync)
{
    VEC(struct object *) gone = {0};
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (!object->wanted) {
            workload_forget(sync, object);
            xfree(&object->trouble);
        }
        if (!object->wanted && !object->live.exists) {
            *VEC_ADD(&gone) = object;
        }
    }
    VEC_EACH (struct object *, object, &gone) {
        object_forget(sync, *object);
    }
    VEC_DONE(&gone);
}

void objects_bind(struct sync *sync)
{
    const struct render_result *render = &sync->revision->render;
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        object->wanted = NULL;
        object->is_marked = false;
    }
    sync->unknown_kinds = 0;
    for (size_t i = 0; i < render->count; i++) {
        bind(sync, &render->objects[i]);
    }
    forget_gone(sync);
    workloads_drop_doubles(sync);
    if (sync->unknown_kinds > 0) {
        sync->is_discovery_due = true;
    }
}

/* ---- outcomes ---- */

static bool is_away(enum err_kind kind)
{
    return kind == ERR_UNAVAILABLE || kind == ERR_TIMEOUT || kind == ERR_BUSY ||
           kind == ERR_UNKNOWN_WHO;
}

/* A Secret's refusal may quote its values: then only the kind of failure is told. */
static void describe(const struct object *object, const struct err *err, struct str *out)
{
    struct slice kind = object_kind(object);
    struct slice namespace = object_namespace(object);
    const char *name = strrchr(object->key, '/') + 1;
    str_addf(out, "%.*s %.*s%s%s: ", (int)kind.length, kind.bytes, (int)namespace.length,
             namespace.bytes, namespace.length ? "/" : "", name);
    if (slice_equals(kind, "Secret") && err->kind == ERR_INVALID) {
        str_add(out, "the API server refuses it; its words are not shown because they may quote "
                     "the secret");
    } else {
        str_add(out, err->text);
    }
}

void object_fail(struct sync *sync, struct object *object, const struct err *err,
                 int64_t retry_after_ms)
{
    bool is_passing = is_away(err->kind) || err->kind == ERR_NOT_FOUND;
    object->failures++;
    int64_t wait_ms = is_passing
                          ? backoff_ms(sync, object->failures, AWAY_FIRST_MS, AWAY_MAX_MS)
                          : backoff_ms(sync, object->failures, REFUSED_FIRST_MS, REFUSED_MAX_MS);
    wait_ms = retry_after_ms > wait_ms ? retry_after_ms : wait_ms;
    object->not_before_ms = now_mono_ms(sync) + wait_ms;
    if (is_away(err->kind)) {
        return; /* the server's trouble, not the object's: told once for all */
    }
    AUTO_STR(text, sizeof(err->text) * 2);
    describe(object, err, &text);
    set_trouble(sync, &object->trouble, text.text);
}

void object_succeed(struct sync *sync, struct object *object)
{
    object->failures = 0;
    object->not_before_ms = 0;
    set_trouble(sync, &object->trouble, NULL);
}
