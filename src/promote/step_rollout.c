/* rollout: wait until the new pods run the digests of the plan and are ready. */
#include <stdio.h>
#include <string.h>

#include "model/chart.h"
#include "promote/engine.h"

static const struct workload_image *image_of(const struct workload_image *images, size_t count,
                                             const char *container)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(images[i].container, container) == 0) {
            return &images[i];
        }
    }
    return NULL;
}

/* Requested, in Git, running: only the last one counts. */
static bool runs_all(const struct report_workload *workload, const struct release_item *item)
{
    bool has_pods = workload->wanted > 0 && workload->kind != WORKLOAD_CRON_JOB;
    for (size_t i = 0; i < item->change_count; i++) {
        const struct image_change *change = &item->changes[i];
        const struct workload_image *wanted =
            image_of(workload->wanted_images, workload->wanted_count, change->container);
        const struct workload_image *running =
            image_of(workload->running_images, workload->running_count, change->container);
        if (!wanted || !image_asks_for(&wanted->image, &change->to)) {
            return false;
        }
        if (chart_is_container(workload->kind, change->container)) {
            if (!running || !chart_runs(&change->to, &running->image)) {
                return false;
            }
            continue;
        }
        /* A version without a digest asks for no proof but health; a runtime may report none. */
        if (!has_pods || !change->to.digest[0]) {
            continue;
        }
        /* Init containers end and jobs come later: what is not running is judged by what is wanted.
           Where Git says a tag alone, a runtime that reports no digest leaves the tag as proof. */
        bool is_by_tag = !wanted->image.digest[0];
        bool is_proven = running ? strcmp(running->image.digest, change->to.digest) == 0
                                 : is_by_tag || workload->running_count > 0;
        if (!is_proven) {
            return false;
        }
    }
    return true;
}

/* A container that is healthy under the wanted tag and runs other bytes; NULL: there is none. */
static const struct workload_image *find_other(const struct report_workload *workload,
                                               const struct release_item *item,
                                               const struct image **out_wanted)
{
    for (size_t i = 0; workload->state == WORKLOAD_HEALTHY && i < item->change_count; i++) {
        const struct image_change *change = &item->changes[i];
        const struct workload_image *running =
            image_of(workload->running_images, workload->running_count, change->container);
        bool has_both = running && change->to.digest[0] && running->image.digest[0];
        if (has_both && strcmp(running->image.tag, change->to.tag) == 0 &&
            strcmp(running->image.digest, change->to.digest) != 0) {
            *out_wanted = &change->to;
            return running;
        }
    }
    return NULL;
}

static bool describe_other(const struct report_workload *workload, const struct release_item *item,
                           char why[static REASON_BYTES])
{
    const struct image *wanted = NULL;
    const struct workload_image *other = workload ? find_other(workload, item, &wanted) : NULL;
    if (other) {
        snprintf(why, REASON_BYTES,
                 "%s in %s runs %.14s as %.40s, not %.14s: the tag has moved, or the runtime names "
                 "one platform. `pin: always` in heddle.yaml tells them apart.",
                 item->workload, item->target, other->image.digest, wanted->tag, wanted->digest);
    }
    return other != NULL;
}

static void copy_diagnosis(const struct diagnosis *from, struct release_item *item)
{
    TEXT_COPY_CUT(item->diagnosis.code, from->code);
    TEXT_COPY_CUT(item->diagnosis.what, from->what);
    TEXT_COPY_CUT(item->diagnosis.effect, from->effect);
    TEXT_COPY_CUT(item->diagnosis.action, from->action);
}

static enum item_state state_of(const struct report_workload *workload,
                                const struct release_item *item)
{
    if (workload->state == WORKLOAD_HEALTHY && runs_all(workload, item)) {
        return ITEM_DONE;
    }
    if (workload->state == WORKLOAD_STUCK || workload->state == WORKLOAD_FAILED) {
        return ITEM_STUCK;
    }
    return ITEM_ROLLING;
}

static void follow(struct promote *engine, struct release_run *run, struct release_item *item)
{
    const struct report_workload *workload = reported(engine, item->target, item->workload);
    if (!workload) {
        return;
    }
    bool moved = workload->ready != item->ready || workload->wanted != item->wanted ||
                 strcmp(workload->diagnosis.code, item->diagnosis.code) != 0;
    /* The same cause in other words, one more restart, is no progress. */
    bool is_reworded = strcmp(workload->diagnosis.code, item->diagnosis.code) != 0 ||
                       strcmp(workload->diagnosis.what, item->diagnosis.what) != 0 ||
                       strcmp(workload->diagnosis.effect, item->diagnosis.effect) != 0;
    enum item_state state = state_of(workload, item);
    if (moved) {
        item->ready = workload->ready;
        item->wanted = workload->wanted;
        run->progress_ms = now_of(engine);
    }
    if (is_reworded) {
        copy_diagnosis(&workload->diagnosis, item);
    }
    if (state != item->state) {
        run_set_item(engine, run, item, state);
    } else if (moved || is_reworded) {
        run_save_item(engine, run, item);
        engine->ports.release_changed(engine->ports.context, run->release);
    }
}

/* Patience ends: soon when the cause cannot heal by itself, later when nothing moves. */
static bool is_hopeless(struct promote *engine, const struct release_run *run,
                        const struct release_item *item)
{
    int64_t now_ms = now_of(engine);
    int64_t give_up_ms = item->state == ITEM_STUCK ? item->since_ms + engine->patience.stuck_ms
                                                   : run->progress_ms + engine->patience.rollout_ms;
    if (now_ms >= give_up_ms) {
        return true;
    }
    engine->ports.wake_at(engine->ports.context, give_up_ms);
    return false;
}

/* What a release changes of charts; NULL: only images. */
static const struct image_change *chart_of(const struct release_item *item)
{
    for (size_t i = 0; i < item->change_count; i++) {
        if (chart_is_named(item->changes[i].container)) {
            return &item->changes[i];
        }
    }
    return NULL;
}

static void describe(const struct release *release, size_t done, size_t all,
                     const struct release_item *slowest, char why[static REASON_BYTES])
{
    char wave[48] = "";
    if (release->wave_count > 1) {
        snprintf(wave, sizeof(wave), "Wave %d of %d: ", release->wave + 1, release->wave_count);
    }
    const struct image_change *chart = chart_of(slowest);
    if (slowest->diagnosis.code[0]) {
        snprintf(why, REASON_BYTES, "%s%s in %s: %s", wave, slowest->workload, slowest->target,
                 slowest->diagnosis.what);
    } else if (slowest->wanted == 0 && chart) {
        snprintf(why, REASON_BYTES, "%s%s waits in %s until chart %.60s is installed.", wave,
                 slowest->workload, slowest->target, chart->to.tag);
    } else if (all > 1) {
        snprintf(why, REASON_BYTES, "%s%zu of %zu done; %s has %d of %d new pods ready in %s.",
                 wave, done, all, slowest->workload, slowest->ready, slowest->wanted,
                 slowest->target);
    } else {
        snprintf(why, REASON_BYTES, "%s%s has %d of %d new pods ready in %s.", wave,
                 slowest->workload, slowest->ready, slowest->wanted, slowest->target);
    }
}

static void fail_item(struct promote *engine, struct release_run *run, struct release_item *item)
{
    if (!item->diagnosis.code[0]) {
        TEXT_COPY_CUT(item->diagnosis.code, "HD1099");
        TEXT_COPY_CUT(item->diagnosis.what, "No progress for too long, and no known cause.");
    }
    run_set_item(engine, run, item, ITEM_FAILED);
}

static bool goes_on_after_failure(const struct promote *engine, const struct release *release)
{
    const struct pipeline *pipeline = pipeline_of(engine);
    const struct stage *stage = pipeline ? pipeline_stage(pipeline, release->stage) : NULL;
    return stage && stage->on_failure == ON_FAILURE_CONTINUE;
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    (void)phase;
    struct release *release = run->release;
    const struct release_item *slowest = NULL;
    const struct release_item *failed = NULL;
    size_t all = 0;
    size_t done = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_item *item = &release->items[i];
        if (!wave_follows(release, item)) {
            continue;
        }
        all++;
        if (!item_is_over(item->state)) {
            follow(engine, run, item);
        }
        if (!item_is_over(item->state) && is_hopeless(engine, run, item)) {
            fail_item(engine, run, item);
        }
        failed = item->state == ITEM_FAILED ? item : failed;
        done += item_is_over(item->state);
        if (!item_is_over(item->state) && (!slowest || item->state == ITEM_STUCK)) {
            slowest = item;
        }
    }
    if (slowest) {
        if (!describe_other(reported(engine, slowest->target, slowest->workload), slowest, why)) {
            describe(release, done, all, slowest, why);
        }
        return STEP_WAITING;
    }
    if (failed && !goes_on_after_failure(engine, release)) {
        snprintf(why, REASON_BYTES, "%s failed in %s: %s", failed->workload, failed->target,
                 failed->diagnosis.what);
        return STEP_FAILED;
    }
    return STEP_DONE;
}

const struct step step_rollout = {.name = "rollout", .run = run, .phase = RELEASE_ROLLING_OUT};
