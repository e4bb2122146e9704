/* sync: wait until each target's agent says that it has applied the wave's commit. */
#include <stdio.h>
#include <string.h>

#include "promote/engine.h"

/* An agent that has been silent for this long is named as the reason. */
#define SILENT_MS 60000

static bool wants(const struct report_workload *reported, const struct image_change *change)
{
    for (size_t i = 0; i < reported->wanted_count; i++) {
        const struct workload_image *image = &reported->wanted_images[i];
        if (strcmp(image->container, change->container) == 0) {
            return image_asks_for(&image->image, &change->to);
        }
    }
    return false;
}

static bool wants_all(const struct report_workload *reported, const struct release_item *item)
{
    for (size_t i = 0; i < item->change_count; i++) {
        if (!wants(reported, &item->changes[i])) {
            return false;
        }
    }
    return item->change_count > 0;
}

/* The whole commit was applied; or, where another file stops the agent, at least this workload. */
static bool is_synced(const struct promote *engine, const struct release *release,
                      const struct release_item *item)
{
    const struct cluster_view *cluster = cluster_find(engine, item->target);
    if (!cluster || !cluster->has_report) {
        return false;
    }
    const char *commit = release->commits[item->wave];
    if (history_contains(engine, cluster->report.applied_commit, commit)) {
        return true;
    }
    const struct report_workload *workload = reported(engine, item->target, item->workload);
    return workload && history_contains(engine, cluster->report.seen_commit, commit) &&
           wants_all(workload, item);
}

static void explain(const struct promote *engine, const struct release *release,
                    const struct release_item *item, char why[static REASON_BYTES])
{
    const char *target = item->target;
    const struct cluster_view *cluster = cluster_find(engine, target);
    const char *commit = release->commits[item->wave];
    if (!cluster || !cluster->seen_ms) {
        snprintf(why, REASON_BYTES,
                 "The agent of %s has never reported. Is it installed? `heddle agent manifest "
                 "--cluster %s` prints how.",
                 target, target);
    } else if (now_of(engine) - cluster->seen_ms > SILENT_MS) {
        snprintf(why, REASON_BYTES, "The agent of %s is silent; %.7s waits for it in Git.", target,
                 commit);
    } else if (cluster->report.problem_count &&
               history_contains(engine, cluster->report.seen_commit, commit)) {
        const struct report_problem *problem = &cluster->report.problems[0];
        snprintf(why, REASON_BYTES, "%s could not apply %.7s: %s%s%s", target, commit,
                 problem->file, problem->file[0] ? ": " : "", problem->text);
    } else {
        snprintf(why, REASON_BYTES, "Waiting for %s to apply %.7s.", target, commit);
    }
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    (void)phase;
    struct release *release = run->release;
    bool all = true;
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_item *item = &release->items[i];
        if (!wave_follows(release, item) || item->state != ITEM_COMMITTED) {
            continue;
        }
        if (is_synced(engine, release, item)) {
            run_set_item(engine, run, item, ITEM_SYNCED);
        } else {
            if (all) {
                explain(engine, release, item, why);
            }
            all = false;
        }
    }
    return all ? STEP_DONE : STEP_WAITING;
}

const struct step step_sync = {.name = "sync", .run = run, .phase = RELEASE_SYNCING};
