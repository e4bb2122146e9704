/* delete: what has left Git leaves the cluster, last come first gone.  A job of the kube queue. */
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"

/* Finalizers may hold an object that was deleted; it is asked for again after this. */
#define LEAVING_MS 60000

struct delete_item {
    struct object *object;
    const char *path;
    char uid[KUBE_UID_BYTES]; /* a copy: the object's may change meanwhile */
    unsigned rank;
    struct err err;
    int64_t retry_after_ms;
};

struct deletion {
    struct sync *sync;
    struct kube *kube;
    struct delete_item *items;
    size_t count, next, end;
};

static int64_t next_request(void *context, struct kube_request *out)
{
    struct deletion *deletion = context;
    if (deletion->next == deletion->end) {
        return -1;
    }
    struct delete_item *item = &deletion->items[deletion->next++];
    *out = (struct kube_request){.verb = KUBE_DELETE, .path = item->path, .uid = item->uid};
    return item - deletion->items;
}

static void take_answer(void *context, int64_t tag, const struct kube_answer *answer)
{
    struct deletion *deletion = context;
    deletion->items[tag].err = answer->err;
    deletion->items[tag].retry_after_ms = answer->retry_after_ms;
}

static void run(void *job)
{
    struct deletion *deletion = job;
    struct kube_batch batch = {next_request, take_answer, deletion};
    while (deletion->end < deletion->count) {
        deletion->next = deletion->end;
        while (deletion->end < deletion->count &&
               deletion->items[deletion->end].rank == deletion->items[deletion->next].rank) {
            deletion->end++;
        }
        kube_perform(deletion->kube, &batch);
    }
}

static void take_one(struct sync *sync, const struct delete_item *item)
{
    struct object *object = item->object;
    object->is_busy = false;
    if (item->err.kind == ERR_NOT_FOUND || item->err.kind == ERR_CONFLICT) {
        /* Gone already, or another one of that name, which is not ours. */
        object->live.exists = false;
        object_forget(sync, object);
        return;
    }
    if (item->err.kind != ERR_NONE) {
        object_fail(sync, object, &item->err, item->retry_after_ms);
        return;
    }
    object_succeed(sync, object);
    object->not_before_ms = now_mono_ms(sync) + LEAVING_MS;
    if (object->is_leaving) {
        struct err stuck = {0};
        err_set(&stuck, ERR_REFUSED,
                "it was deleted, but its finalizers hold it; look at metadata.finalizers");
        object_fail(sync, object, &stuck, LEAVING_MS);
    }
    object->is_leaving = true;
}

static void done(void *job, bool is_stopping)
{
    struct deletion *deletion = job;
    struct sync *sync = deletion->sync;
    if (job_end(sync)) {
        sync->is_kube_busy = false;
        for (size_t i = 0; i < deletion->count && !is_stopping; i++) {
            take_one(sync, &deletion->items[i]);
        }
        sync->is_state_dirty = true;
        if (!is_stopping) {
            pass_kick(sync, 0);
        }
    }
    free(deletion->items);
    free(deletion);
}

static int by_rank_backwards(const void *left, const void *right)
{
    const struct delete_item *a = left;
    const struct delete_item *b = right;
    return (a->rank < b->rank) - (a->rank > b->rank);
}

static bool may_delete_now(const struct object *object, int64_t now)
{
    bool is_kept =
        object->live.is_kept || (object_is_precious(object->key) && !object->live.may_go);
    return !object->wanted && object->live.exists && object->live.uid[0] && object->path &&
           !is_kept && object->not_before_ms <= now;
}

bool delete_begin(struct sync *sync)
{
    VEC(struct delete_item) items = {0};
    int64_t now = now_mono_ms(sync);
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        if (may_delete_now(object, now) && items.count < APPLY_OBJECTS_MAX) {
            struct delete_item *item = VEC_ADD(&items);
            item->object = object;
            item->path = object->path;
            TEXT_COPY_CUT(item->uid, object->live.uid);
            item->rank = object->rank;
            object->is_busy = true;
        }
    }
    if (items.count == 0) {
        VEC_DONE(&items);
        return false;
    }
    qsort(items.items, items.count, sizeof(*items.items), by_rank_backwards);
    struct deletion *deletion = xcalloc(1, sizeof(*deletion));
    deletion->sync = sync;
    deletion->kube = sync->worker_kube;
    deletion->items = items.items;
    deletion->count = items.count;
    sync->is_kube_busy = true;
    job_begin(sync);
    loop_work(sync->options.loop, sync->kube_queue, run, done, deletion);
    return true;
}
