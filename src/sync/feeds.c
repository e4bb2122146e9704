/* feeds: watches on what we applied, and on what that makes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"

/* Beyond this one watch over the whole cluster is cheaper than one for each namespace. */
#define NAMESPACES_MAX 20
#define KEY_BYTES_MAX 1024
/* A change by others is put back after so long: what comes in one burst goes back in one. */
#define COALESCE_MS 50

/* ---- our own objects ---- */

static void own_seen(struct feed *feed, enum kube_change change, const json_t *json)
{
    struct sync *sync = feed->sync;
    AUTO_STR(key, KEY_BYTES_MAX);
    object_key(&key, json_text_at(json, "apiVersion", ""), json_text_at(json, "kind", ""),
               json_text_at(json, "metadata.namespace", ""),
               json_text_at(json, "metadata.name", ""));
    struct object *object = map_get(&sync->objects, key.text);
    if (!object && change != KUBE_DELETED && object_is_ours(json, sync->options.cluster)) {
        const struct kube_type *type = kube_type_find(
            sync->types, json_text_at(json, "apiVersion", ""), json_text_at(json, "kind", ""));
        object = type ? object_adopt(sync, type, json) : NULL;
    }
    /* Only one version of a kind is compared: that of the manifest. */
    if (!object || !object->collection || strcmp(object->collection, feed->path) != 0) {
        return;
    }
    object->epoch = feed->epoch;
    struct live seen;
    object_view(json, &seen);
    if (change != KUBE_LISTED && object_is_older(seen.version, object->live.version)) {
        return; /* the answer to our own request came before this */
    }
    seen.exists = change != KUBE_DELETED;
    object->live = seen;
    if (object->workload) {
        if (seen.exists) {
            workload_seen(sync, object->workload, json);
        } else {
            workload_gone(sync, object->workload);
        }
    }
    if (!object->wanted && !seen.exists && !object->is_busy) {
        object_forget(sync, object);
        report_change(sync);
    } else if (!object->is_busy && object_needs_apply(object)) {
        drift_note(object, seen.exists ? json : NULL);
        pass_kick(sync, COALESCE_MS);
    }
}

/* What the list did not name is gone. */
static void own_sweep(struct feed *feed)
{
    struct sync *sync = feed->sync;
    VEC(struct object *) gone = {0};
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (object->collection && object->live.exists && object->epoch != feed->epoch &&
            !object->is_busy && strcmp(object->collection, feed->path) == 0) {
            *VEC_ADD(&gone) = object;
        }
    }
    VEC_EACH (struct object *, each, &gone) {
        struct object *object = *each;
        object->live = (struct live){0};
        if (object->workload) {
            workload_gone(sync, object->workload);
        }
        if (!object->wanted) {
            object_forget(sync, object);
        } else {
            drift_note(object, NULL);
        }
    }
    VEC_DONE(&gone);
}

/* ---- what the watch says ---- */

static void on_list(void *context)
{
    struct feed *feed = context;
    feed->epoch++;
}

static void on_object(void *context, enum kube_change change, const json_t *object)
{
    struct feed *feed = context;
    if (!feed->is_of_children) {
        own_seen(feed, change, object);
    } else if (change == KUBE_DELETED) {
        child_gone(feed->sync, json_text_at(object, "metadata.uid", ""));
    } else {
        child_seen(feed, object);
    }
}

static void on_listed(void *context)
{
    struct feed *feed = context;
    if (feed->is_of_children) {
        children_sweep(feed);
        return;
    }
    own_sweep(feed);
    pass_kick(feed->sync, COALESCE_MS);
}

static void on_trouble(void *context, const struct err *err)
{
    struct feed *feed = context;
    set_trouble(feed->sync, &feed->trouble, err->kind != ERR_NONE ? err->text : NULL);
}

/* ---- which there are ---- */

struct feed_wish {
    const char *path, *api_version, *kind;
    bool is_of_children;
};

static void want(struct sync *sync, const struct feed_wish *wish)
{
    static const struct kube_watch_events events = {on_list, on_object, on_listed, on_trouble};
    AUTO_STR(key, KEY_BYTES_MAX);
    AUTO_STR(selector, 256);
    str_addf(&key, "%s %s", wish->is_of_children ? "children" : "own", wish->path);
    struct feed *feed = map_get(&sync->feeds, key.text);
    if (feed) {
        feed->is_wanted = true;
        return;
    }
    feed = xcalloc(1, sizeof(*feed));
    feed->sync = sync;
    feed->path = xstrdup(wish->path);
    feed->is_of_children = wish->is_of_children;
    feed->is_wanted = true;
    map_set(&sync->feeds, key.text, feed);
    str_addf(&selector, SYNC_LABEL "=%s", sync->options.cluster);
    struct kube_watch_options options = {
        .path = feed->path,
        .selector = wish->is_of_children ? NULL : selector.text,
        .api_version = wish->api_version,
        .kind = wish->kind,
        .events = &events,
        .context = feed,
    };
    feed->watch = kube_watch_open(sync->loop_kube, sync->options.loop, &options);
}

/* What each kind of workload makes. */
struct offspring {
    const char *api_version, *kind, *root, *plural;
    unsigned makers; /* bits of enum workload_kind */
};
#define BIT(kind) (1U << (unsigned)(kind))

/* Kinds that make their pods through other objects. */
#define FAMILIES (BIT(WORKLOAD_HELM_RELEASE) | BIT(WORKLOAD_KNATIVE_SERVICE) | BIT(WORKLOAD_CUSTOM))

static const struct offspring offspring[] = {
    {"apps/v1", "ReplicaSet", "/apis/apps/v1", "replicasets",
     BIT(WORKLOAD_DEPLOYMENT) | BIT(WORKLOAD_ROLLOUT) | FAMILIES},
    {"batch/v1", "Job", "/apis/batch/v1", "jobs", BIT(WORKLOAD_CRON_JOB)},
    {"v1", "Pod", "/api/v1", "pods", ~BIT(WORKLOAD_APPLICATION)},
    {"apps/v1", "Deployment", "/apis/apps/v1", "deployments", FAMILIES},
    {"apps/v1", "StatefulSet", "/apis/apps/v1", "statefulsets", FAMILIES},
    {"apps/v1", "DaemonSet", "/apis/apps/v1", "daemonsets", FAMILIES},
};

static void want_offspring(struct sync *sync, const char *namespace, unsigned makers)
{
    for (size_t i = 0; i < COUNT_OF(offspring); i++) {
        const struct offspring *made = &offspring[i];
        if (!(made->makers & makers)) {
            continue;
        }
        char path[512];
        snprintf(path, sizeof(path), namespace ? "%s/namespaces/%s/%s" : "%s%s/%s", made->root,
                 namespace ? namespace : "", made->plural);
        struct feed_wish wish = {path, made->api_version, made->kind, true};
        want(sync, &wish);
    }
}

/* Which kinds of workloads stand in which namespace: bits as the map's values. */
static void gather_makers(struct sync *sync, struct map *namespaces, unsigned *out_all)
{
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        if (!object->workload) {
            continue;
        }
        const char *elsewhere = object->workload->namespace_of_children;
        struct slice space = elsewhere ? slice_of(elsewhere) : object_namespace(object);
        char name[256];
        snprintf(name, sizeof(name), "%.*s", (int)space.length, space.bytes);
        uintptr_t bits = (uintptr_t)map_get(namespaces, name);
        bits |= BIT(object->workload->row.kind);
        *out_all |= BIT(object->workload->row.kind);
        map_set(namespaces, name, (void *)bits);
    }
}

static void want_all_offspring(struct sync *sync)
{
    AUTO(map_done) struct map namespaces = {0};
    unsigned all = 0;
    gather_makers(sync, &namespaces, &all);
    if (namespaces.count > NAMESPACES_MAX) {
        want_offspring(sync, NULL, all);
        return;
    }
    MAP_EACH (slot, &namespaces) {
        want_offspring(sync, slot->key, (unsigned)(uintptr_t)slot->value);
    }
}

static void want_all_own(struct sync *sync)
{
    const char *last = ""; /* most neighbours are of one kind: a lookup saved */
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        if (!object->collection || strcmp(last, object->collection) == 0) {
            continue;
        }
        last = object->collection;
        char kind[128];
        struct slice name = object_kind(object);
        snprintf(kind, sizeof(kind), "%.*s", (int)name.length, name.bytes);
        struct feed_wish wish = {object->collection, object->api_version, kind, false};
        want(sync, &wish);
    }
}

static void close_feed(struct feed *feed)
{
    kube_watch_close(&feed->watch);
    free(feed->path);
    free(feed->trouble);
    free(feed);
}

void feeds_ensure(struct sync *sync)
{
    MAP_EACH (slot, &sync->feeds) {
        ((struct feed *)slot->value)->is_wanted = false;
    }
    want_all_own(sync);
    want_all_offspring(sync);
    VEC(const char *) unwanted = {0};
    MAP_EACH (slot, &sync->feeds) {
        if (!((struct feed *)slot->value)->is_wanted) {
            *VEC_ADD(&unwanted) = slot->key;
        }
    }
    VEC_EACH (const char *, key, &unwanted) {
        struct feed *feed = map_get(&sync->feeds, *key);
        children_drop(feed);
        map_remove(&sync->feeds, *key);
        close_feed(feed);
    }
    VEC_DONE(&unwanted);
}

void feed_renew(struct sync *sync, const char *collection)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    str_addf(&key, "own %s", collection);
    struct feed *feed = map_remove(&sync->feeds, key.text);
    if (feed) {
        close_feed(feed);
    }
}

void feeds_close(struct sync *sync)
{
    MAP_EACH (slot, &sync->feeds) {
        close_feed(slot->value);
    }
    map_done(&sync->feeds);
}
