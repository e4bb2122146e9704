/* capacity: what the cluster has and uses, measured now and then beside everything else. */
#include <stdlib.h>
#include <string.h>

#include "sync/engine.h"
#include "sync/measure.h"

#define INTERVAL_MS_DEFAULT 30000
#define FIRST_MS 3000
/* Measuring takes a twentieth of the time at most: a large cluster is measured less often. */
#define PATIENCE 20
#define INTERVAL_MS_MAX INT64_C(600000)

struct measuring {
    struct sync *sync;
    struct kube_options kube;
    struct measure *measure;
    struct err err;
    int64_t began_ms; /* monotonic */
};

static void begin(void *context);

static void plan_next(struct sync *sync, int64_t delay_ms)
{
    sync->capacity_timer = loop_timer_start(sync->options.loop, delay_ms, 0, begin, sync);
}

static int64_t interval_of(const struct sync *sync)
{
    return sync->options.capacity_ms > 0 ? sync->options.capacity_ms : INTERVAL_MS_DEFAULT;
}

/* ---- on a worker ---- */

/* A connection of its own, so that what is put back never waits for it; closed in between. */
static void run(void *job)
{
    struct measuring *measuring = job;
    AUTO(kube_close) struct kube *kube = NULL;
    if (kube_open(&measuring->kube, &kube, &measuring->err)) {
        measuring->err.kind = ERR_NONE;
        measure_run(measuring->measure, kube);
    } else {
        TEXT_COPY_CUT(measuring->measure->result.unknown, measuring->err.text);
    }
}

/* ---- on the loop ---- */

static bool use_equals(const struct workload_use *a, const struct workload_use *b)
{
    return a->pods == b->pods && a->used_pods == b->used_pods &&
           resources_equal(a->per_pod, b->per_pod) && resources_equal(a->used, b->used);
}

static void take_workload(struct sync *sync, struct workload_tally *tally)
{
    struct object *object = map_get(&sync->objects, tally->key);
    struct workload *workload = object ? object->workload : NULL;
    if (!workload) {
        return;
    }
    usage_settle(workload->row.use.used, &tally->use.used);
    if (!use_equals(&workload->row.use, &tally->use)) {
        workload->row.use = tally->use;
        workload->is_use_changed = true;
        report_change(sync);
    }
}

static void take_cluster(struct sync *sync, struct capacity *now)
{
    if (!sync->capacity) {
        sync->capacity = xcalloc(1, sizeof(*sync->capacity));
    }
    usage_settle(sync->capacity->used, &now->used);
    AUTO_JSON *before = capacity_to_json(sync->capacity);
    AUTO_JSON *after = capacity_to_json(now);
    if (!json_equal(before, after)) {
        *sync->capacity = *now;
        sync->is_capacity_changed = true;
        report_change(sync);
    }
}

static void take(struct sync *sync, struct measure *measure)
{
    take_cluster(sync, &measure->result);
    VEC_EACH (struct workload_tally *, tally, &measure->workloads) {
        if (!measure->result.unknown[0]) {
            take_workload(sync, *tally);
        }
    }
}

static void done(void *job, bool is_stopping)
{
    struct measuring *measuring = job;
    struct sync *sync = measuring->sync;
    if (job_end(sync) && !is_stopping) {
        take(sync, measuring->measure);
        int64_t took_ms = now_mono_ms(sync) - measuring->began_ms;
        int64_t delay_ms = interval_of(sync);
        delay_ms = took_ms * PATIENCE > delay_ms ? took_ms * PATIENCE : delay_ms;
        plan_next(sync, delay_ms < INTERVAL_MS_MAX ? delay_ms : INTERVAL_MS_MAX);
    }
    measure_free(&measuring->measure);
    free(measuring);
}

/* A CronJob's pods belong to its Jobs, a Deployment's to its ReplicaSets. */
static void add_owners(const struct sync *sync, const char *uid, struct workload_tally *tally,
                       struct measure *measure)
{
    measure_add_owner(measure, uid, tally);
    for (const struct child *child = child_first(sync, uid); child; child = child->sibling) {
        if (!child->is_pod) {
            measure_add_owner(measure, child->uid, tally);
        }
    }
}

static void begin(void *context)
{
    struct sync *sync = context;
    struct measuring *measuring = xcalloc(1, sizeof(*measuring));
    sync->capacity_timer = NULL;
    measuring->sync = sync;
    measuring->kube = sync->options.kube;
    measuring->began_ms = now_mono_ms(sync);
    measuring->measure = measure_new();
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        const struct workload *workload = object->workload;
        if (workload && workload->live_uid[0]) {
            add_owners(sync, workload->live_uid,
                       measure_add_workload(measuring->measure, object->key), measuring->measure);
        }
    }
    job_begin(sync);
    loop_work(sync->options.loop, NULL, run, done, measuring);
}

void capacity_start(struct sync *sync)
{
    int64_t first_ms = interval_of(sync) < FIRST_MS ? interval_of(sync) : FIRST_MS;
    plan_next(sync, first_ms);
}

void capacity_stop(struct sync *sync)
{
    loop_timer_stop(&sync->capacity_timer);
}

void capacity_report(struct sync *sync, struct arena *arena, struct report *out)
{
    if (sync->capacity && (out->is_full || sync->is_capacity_changed)) {
        out->capacity = ARENA_NEW(arena, struct capacity);
        *out->capacity = *sync->capacity;
    }
    sync->is_capacity_changed = false;
    out->uses = arena_alloc(arena, sync->workloads.count, sizeof(*out->uses));
    out->use_count = 0;
    MAP_EACH (slot, &sync->workloads) {
        struct workload *workload = slot->value;
        /* A full report has it in the workload's own row. */
        if (workload->is_use_changed && !out->is_full && workload->is_judged &&
            out->use_count < sync->workloads.count) {
            struct report_use *use = &out->uses[out->use_count++];
            TEXT_COPY_CUT(use->name, workload->row.name);
            use->use = workload->row.use;
        }
        workload->is_use_changed = false;
    }
}
