/* discover: which kinds the cluster has and, once, which objects are ours already.  A job of the
   kube queue. */
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"

#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 30000

struct discovery {
    struct sync *sync;
    struct kube *kube;
    const char *cluster;
    bool wants_inventory;
    struct kube_types *types;
    struct err err;
    const struct kube_type *type; /* being listed */
    VEC(struct found {
        const struct kube_type *type;
        json_t *object;
    })
    found;
};

static bool take_found(void *context, json_t *item)
{
    struct discovery *discovery = context;
    if (object_is_ours(item, discovery->cluster)) {
        struct found *found = VEC_ADD(&discovery->found);
        found->type = discovery->type;
        found->object = json_incref(item);
        /* Whose fields are whose is not needed any more, and is most of it. */
        json_object_del(json_object_get(item, "metadata"), "managedFields");
    }
    return true;
}

static bool list_ours(struct discovery *discovery, const struct kube_type *type)
{
    AUTO_STR(path, 1024);
    AUTO_STR(selector, 256);
    kube_path(&path, type, "", "");
    str_addf(&selector, SYNC_LABEL "=%s", discovery->cluster);
    struct kube_list list = {.path = path.text,
                             .selector = selector.text,
                             .view = KUBE_METADATA,
                             .on_item = take_found,
                             .context = discovery};
    discovery->type = type;
    if (kube_list(discovery->kube, &list, &discovery->err)) {
        return true;
    }
    /* What we may not list we cannot have applied. */
    bool is_harmless = discovery->err.kind == ERR_DENIED || discovery->err.kind == ERR_NOT_FOUND;
    return is_harmless || err_wrap(&discovery->err, "look for what is ours");
}

static bool list_all_ours(struct discovery *discovery)
{
    VEC_EACH (struct kube_type, type, &discovery->types->all) {
        bool is_worth_it = type->is_manageable && type->is_preferred &&
                           strcmp(type->kind, "Event") != 0 && !strchr(type->plural, '/');
        if (is_worth_it && !list_ours(discovery, type)) {
            return false;
        }
    }
    return true;
}

static void run(void *job)
{
    struct discovery *discovery = job;
    if (kube_discover(discovery->kube, &discovery->types, &discovery->err) &&
        (!discovery->wants_inventory || list_all_ours(discovery))) {
        discovery->err.kind = ERR_NONE;
    }
}

static void take_inventory(struct sync *sync, struct discovery *discovery)
{
    VEC_EACH (struct found, found, &discovery->found) {
        struct object *object = object_adopt(sync, found->type, found->object);
        /* Only metadata was listed: whether it differs, its watch will tell. */
        object->live.fingerprint = object->applied.fingerprint;
    }
    /* A group that does not answer may hold something of ours: ask again. */
    sync->is_inventory_known = !discovery->types->is_partial;
}

static void wait_before_next(struct sync *sync)
{
    sync->discovery_failures++;
    sync->discovery_not_before_ms = now_mono_ms(sync) + backoff_ms(sync, sync->discovery_failures,
                                                                   RETRY_FIRST_MS, RETRY_MAX_MS);
}

static void take(struct sync *sync, struct discovery *discovery)
{
    set_trouble(sync, &sync->api_trouble,
                discovery->err.kind != ERR_NONE ? discovery->err.text : NULL);
    if (discovery->err.kind != ERR_NONE) {
        wait_before_next(sync);
        return;
    }
    kube_types_free(&sync->types);
    sync->types = TAKE(discovery->types);
    sync->discovered_ms = now_mono_ms(sync);
    sync->is_discovery_due = false;
    if (discovery->wants_inventory) {
        discovery->types = sync->types;
        take_inventory(sync, discovery);
        discovery->types = NULL;
    }
    if (sync->revision) {
        objects_bind(sync);
    }
    /* Kinds that are still missing are asked for again and again, with growing patience. */
    if (sync->is_discovery_due || !sync->is_inventory_known) {
        wait_before_next(sync);
    } else {
        sync->discovery_failures = 0;
    }
    report_change(sync);
}

static void done(void *job, bool is_stopping)
{
    struct discovery *discovery = job;
    struct sync *sync = discovery->sync;
    if (job_end(sync)) {
        sync->is_kube_busy = false;
        if (!is_stopping) {
            take(sync, discovery);
            pass_kick(sync, 0);
        }
    }
    VEC_EACH (struct found, found, &discovery->found) {
        json_decref(found->object);
    }
    VEC_DONE(&discovery->found);
    kube_types_free(&discovery->types);
    free(discovery);
}

void discover_begin(struct sync *sync)
{
    struct discovery *discovery = xcalloc(1, sizeof(*discovery));
    discovery->sync = sync;
    discovery->kube = sync->worker_kube;
    discovery->cluster = sync->options.cluster;
    discovery->wants_inventory = !sync->is_inventory_known;
    sync->is_kube_busy = true;
    job_begin(sync);
    loop_work(sync->options.loop, sync->kube_queue, run, done, discovery);
}
