/* push: move the branch from the commit's parent to the commit, or to nothing else. */
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
    if (run->act_err.kind != ERR_NONE && !err_is_retryable(run->act_err.kind) &&
        run->act_err.kind != ERR_DENIED) {
        snprintf(why, REASON_BYTES, "Git refused the push: %s", run->act_err.text);
        return STEP_FAILED;
    }
    if (!step_may_act(engine, run, why)) {
        return STEP_WAITING;
    }
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = ACT_PUSH;
    act->release = release->id;
    act->wave = release->wave;
    act->arena = arena_new();
    TEXT_COPY_CUT(act->commit, release->commits[release->wave]);
    run->act_in_flight = true;
    snprintf(why, REASON_BYTES, "Pushing %.7s.", act->commit);
    engine->ports.start_act(engine->ports.context, act);
    return STEP_WAITING;
}

void step_push_done(struct promote *engine, struct release_run *run, const struct promote_act *act)
{
    struct release *release = run->release;
    if (act->succeeded) {
        run->act_err = (struct err){0};
        run->tries = 0;
        release->is_pushed = true;
        TEXT_COPY_CUT(engine->head, act->commit);
        run_save(engine, run);
        engine->ports.fetch_soon(engine->ports.context);
        return;
    }
    step_back_off(engine, run, &act->err);
    if (act->err.kind == ERR_CONFLICT || act->err.kind == ERR_NOT_FOUND) {
        /* The branch moved, or the mirror lost the commit: make it again on the new tip.  Edits are
           computed afresh, so there is nothing to merge. */
        release->commits[release->wave][0] = '\0';
        run->act_err.kind = ERR_CONFLICT;
        run->step = STEP_COMMIT;
        run_save(engine, run);
        engine->ports.fetch_soon(engine->ports.context);
    }
}

const struct step step_push = {.name = "push", .run = run, .phase = RELEASE_COMMITTING};
