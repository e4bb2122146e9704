/* push: wait until the queue has moved the branch to the commit, or to one that stands on it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

/* What the wave entered: its items are in Git, and older releases of these cells have lost them. */
static void mark_committed(struct promote *engine, struct release_run *run)
{
    struct release *release = run->release;
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_item *item = &release->items[i];
        if (item->wave == release->wave && item->state == ITEM_WAITING) {
            run_set_item(engine, run, item, ITEM_COMMITTED);
        }
    }
    supersede_items(engine, run, false);
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    (void)phase;
    struct release *release = run->release;
    if (release->is_pushed) {
        mark_committed(engine, run);
        return STEP_DONE;
    }
    if (pull_is_wanted(engine, release)) {
        return step_branch(engine, run, why);
    }
    if (queue_is_refused(run)) {
        snprintf(why, REASON_BYTES, "Git refused the push: %s", run->act_err.text);
        return STEP_FAILED;
    }
    if (run->act_in_flight) {
        snprintf(why, REASON_BYTES, "Pushing %.7s.", release->commits[release->wave]);
    } else if (step_is_free(engine, run, why)) {
        snprintf(why, REASON_BYTES, "%.7s goes with the next push.",
                 release->commits[release->wave]);
    }
    return STEP_WAITING;
}

const struct step step_push = {.name = "push", .run = run, .phase = RELEASE_COMMITTING};
