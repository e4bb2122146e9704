/* apply: send what differs, in the order of ranks.  A job of the kube queue. */
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"

struct apply_item {
    struct object *object; /* the loop's; the worker does not look into it */
    const char *path;
    const struct render_object *wanted;
    unsigned rank;
    char before[KUBE_VERSION_BYTES]; /* of the object, when it was found to differ */
    char *body;                      /* while it is under way */
    struct live result;
    struct err err;
    int64_t retry_after_ms;
};

struct apply {
    struct sync *sync;
    struct kube *kube;
    const char *cluster;
    struct apply_item *items; /* by rank */
    size_t count;
    size_t next, end; /* of the rank that is being sent */
};

/* ---- on the worker ---- */

static int64_t next_request(void *context, struct kube_request *out)
{
    struct apply *apply = context;
    while (apply->next < apply->end) {
        struct apply_item *item = &apply->items[apply->next++];
        item->body = object_body(item->wanted, apply->cluster, &item->err);
        if (item->body) {
            *out = (struct kube_request){
                .verb = KUBE_APPLY, .path = item->path, .body = slice_of(item->body)};
            return item - apply->items;
        }
    }
    return -1;
}

static void take_answer(void *context, int64_t tag, const struct kube_answer *answer)
{
    struct apply *apply = context;
    struct apply_item *item = &apply->items[tag];
    xfree(&item->body);
    item->err = answer->err;
    item->retry_after_ms = answer->retry_after_ms;
    if (answer->err.kind == ERR_NONE) {
        object_view(answer->object, &item->result);
    }
}

static void run(void *job)
{
    struct apply *apply = job;
    struct kube_batch batch = {next_request, take_answer, apply};
    /* What comes first must be there before the rest is sent: a namespace before what is in it. */
    while (apply->end < apply->count) {
        apply->next = apply->end;
        while (apply->end < apply->count &&
               apply->items[apply->end].rank == apply->items[apply->next].rank) {
            apply->end++;
        }
        kube_perform(apply->kube, &batch);
    }
}

/* ---- on the loop ---- */

/* Did the answer change anything, and was it somebody else's change that it took back? */
static bool was_put_back(const struct object *object, const struct apply_item *item)
{
    return object->applied_hash == item->wanted->hash && object->applied.exists &&
           strcmp(item->before, item->result.version) != 0;
}

static void take_success(struct sync *sync, struct apply_item *item)
{
    struct object *object = item->object;
    if (was_put_back(object, item)) {
        drift_put_back(sync, object);
    }
    object->applied = item->result;
    object->applied_hash = item->wanted->hash;
    if (!object_is_newer(object->live.version, item->result.version) || !object->live.version[0]) {
        object->live = item->result;
    }
    if (object->rank == OBJECT_RANK_DEFINITION && sync->unknown_kinds > 0) {
        sync->is_discovery_due = true;
        sync->discovery_failures = 0;
        sync->discovery_not_before_ms = 0;
    }
    bool is_fight = object->drift && object->drift->is_fight;
    int64_t not_before_ms = object->not_before_ms;
    object_succeed(sync, object);
    object->not_before_ms = is_fight ? not_before_ms : 0;
    if (object->workload) {
        workload_due(sync, object->workload);
    }
}

static bool is_server_away(const struct err *err)
{
    return err->kind == ERR_UNAVAILABLE || err->kind == ERR_TIMEOUT || err->kind == ERR_UNKNOWN_WHO;
}

static void take(struct sync *sync, struct apply *apply)
{
    const struct err *away = NULL;
    for (size_t i = 0; i < apply->count; i++) {
        struct apply_item *item = &apply->items[i];
        item->object->is_busy = false;
        if (item->err.kind == ERR_NONE) {
            take_success(sync, item);
            continue;
        }
        object_fail(sync, item->object, &item->err, item->retry_after_ms);
        away = is_server_away(&item->err) ? &item->err : away;
        /* The kind itself may have gone. */
        sync->is_discovery_due = sync->is_discovery_due || item->err.kind == ERR_NOT_FOUND;
    }
    set_trouble(sync, &sync->api_trouble, away ? away->text : NULL);
    sync->is_state_dirty = true;
}

static void done(void *job, bool is_stopping)
{
    struct apply *apply = job;
    struct sync *sync = apply->sync;
    if (job_end(sync)) {
        sync->is_kube_busy = false;
        if (!is_stopping) {
            take(sync, apply);
            pass_kick(sync, 0);
        }
    }
    for (size_t i = 0; i < apply->count; i++) {
        free(apply->items[i].body);
    }
    free(apply->items);
    free(apply);
}

static int by_rank(const void *left, const void *right)
{
    const struct apply_item *a = left;
    const struct apply_item *b = right;
    /* Then in file order: the arrays of a render are in it. */
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    return (a->wanted > b->wanted) - (a->wanted < b->wanted);
}

static struct apply_item *collect(struct sync *sync, size_t *out_count)
{
    VEC(struct apply_item) items = {0};
    int64_t now = now_mono_ms(sync);
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (object_needs_apply(object) && object->not_before_ms <= now) {
            struct apply_item *item = VEC_ADD(&items);
            item->object = object;
            item->wanted = object->wanted;
            item->path = object->path;
            item->rank = object->rank;
            TEXT_COPY_CUT(item->before,
                          object->live.exists ? object->live.version : object->applied.version);
        }
    }
    if (items.count > 1) {
        qsort(items.items, items.count, sizeof(*items.items), by_rank);
    }
    *out_count = items.count < APPLY_OBJECTS_MAX ? items.count : APPLY_OBJECTS_MAX;
    return items.items;
}

bool apply_begin(struct sync *sync)
{
    size_t count = 0;
    struct apply_item *items = collect(sync, &count);
    if (count == 0) {
        free(items);
        return false;
    }
    struct apply *apply = xcalloc(1, sizeof(*apply));
    apply->sync = sync;
    apply->kube = sync->worker_kube;
    apply->cluster = sync->options.cluster;
    apply->items = items;
    apply->count = count;
    for (size_t i = 0; i < count; i++) {
        items[i].object->is_busy = true;
    }
    sync->is_kube_busy = true;
    job_begin(sync);
    loop_work(sync->options.loop, sync->kube_queue, run, done, apply);
    return true;
}
