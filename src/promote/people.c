/* What people decide about a release or a cell: approve, reject, stop, retry, hold, resume. */
#include <stdio.h>
#include <string.h>

#include "promote/engine.h"

static struct release_run *find_active(struct promote *engine, int64_t id, struct err *err)
{
    struct release_run *run = run_find(engine, id);
    if (run && !release_is_over(run->release->phase)) {
        return run;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = NULL;
    if (store_release_get(engine->store, id, arena, &release, err)) {
        err_set(err, ERR_REFUSED, "R-%lld is over: %s", (long long)id,
                release_phase_name(release->phase));
    }
    return NULL;
}

static void fill_approval(struct promote *engine, const struct release *release, const char *person,
                          const char *message, struct approval *out)
{
    *out = (struct approval){.release = release->id, .at_ms = now_of(engine)};
    TEXT_COPY_CUT(out->person, person);
    TEXT_COPY_CUT(out->message, message ? message : "");
    TEXT_COPY_CUT(out->plan_digest, release->plan_digest);
}

bool promote_approve(struct promote *engine, int64_t id, const char *person,
                     const char *plan_digest, const char *message, struct err *err)
{
    struct release_run *run = find_active(engine, id, err);
    if (!run) {
        return false;
    }
    const struct release *release = run->release;
    if (strcmp(person, release->actor) == 0) {
        return err_set(err, ERR_REFUSED,
                       "you asked for R-%lld yourself; someone else must approve it",
                       (long long)id);
    }
    if (plan_digest && strcmp(plan_digest, release->plan_digest) != 0) {
        return err_set(err, ERR_REFUSED, "R-%lld has the plan %.7s, not %.7s; look at it again",
                       (long long)id, release->plan_digest, plan_digest);
    }
    struct approval approval;
    fill_approval(engine, release, person, message, &approval);
    if (!store_approval_put(engine->store, &approval, err)) {
        return false;
    }
    engine->ports.release_changed(engine->ports.context, release);
    promote_tick(engine);
    return true;
}

static bool end_by(struct promote *engine, struct release_run *run, const char *verb,
                   const char *person, const char *reason)
{
    char why[REASON_BYTES];
    bool in_git = run->release->is_pushed || run->release->wave > 0;
    snprintf(why, sizeof(why), "%s by %s%s%.300s.%s", verb, person, reason[0] ? ": " : "", reason,
             in_git ? " What is in Git stays; roll it back if it should not." : "");
    run_end(engine, run, RELEASE_STOPPED, ITEM_STOPPED, why);
    promote_tick(engine);
    return true;
}

bool promote_reject(struct promote *engine, int64_t id, const char *person, const char *message,
                    struct err *err)
{
    struct release_run *run = find_active(engine, id, err);
    if (!run) {
        return false;
    }
    struct approval approval;
    fill_approval(engine, run->release, person, message, &approval);
    approval.is_rejection = true;
    if (!store_approval_put(engine->store, &approval, err)) {
        return false;
    }
    return end_by(engine, run, "Rejected", person, message ? message : "");
}

bool promote_stop(struct promote *engine, int64_t id, const char *person, const char *reason,
                  struct err *err)
{
    struct release_run *run = find_active(engine, id, err);
    if (!run) {
        return false;
    }
    if (run->act_in_flight) {
        return err_set(err, ERR_UNAVAILABLE, "Git is at work for R-%lld; try again in a moment",
                       (long long)id);
    }
    return end_by(engine, run, "Stopped", person, reason ? reason : "");
}

/* Items that ended without success wait again; what is done stays done. */
static void reopen_items(struct promote *engine, struct release_run *run)
{
    struct release *release = run->release;
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_item *item = &release->items[i];
        if (item->state != ITEM_FAILED && item->state != ITEM_STOPPED) {
            continue;
        }
        bool in_git =
            item->wave < release->wave || (item->wave == release->wave && release->is_pushed);
        item->diagnosis = (struct diagnosis_text){0};
        run_set_item(engine, run, item, in_git ? ITEM_COMMITTED : ITEM_WAITING);
    }
}

/* What came later in one of its cells, a rollback first of all, must not be undone by an old plan.
 */
static bool check_is_last(struct promote *engine, const struct release *release, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_filter filter = {
            .stage = release->stage, .workload = release->items[i].workload, .limit = 1};
        struct release_list last = {0};
        if (!store_release_list(engine->store, &filter, arena, &last, err)) {
            return false;
        }
        if (last.count && last.releases[0]->id != release->id) {
            return err_set(err, ERR_REFUSED, "R-%lld came after it in %s; promote %s anew",
                           (long long)last.releases[0]->id, release->stage,
                           release->items[i].workload);
        }
    }
    return true;
}

bool promote_retry(struct promote *engine, int64_t id, const char *person, struct err *err)
{
    struct arena *arena = arena_new();
    struct release *release = NULL;
    if (!store_release_get(engine->store, id, arena, &release, err)) {
        arena_free(&arena);
        return false;
    }
    bool can = release->phase == RELEASE_FAILED || release->phase == RELEASE_STOPPED;
    if (!can || run_find(engine, id)) {
        bool is_over = release_is_over(release->phase);
        err_set(err, ERR_REFUSED, "R-%lld is %s; only failed or stopped ones can be retried%s",
                (long long)id, release_phase_name(release->phase),
                is_over ? "" : ", and this one goes on by itself");
        arena_free(&arena);
        return false;
    }
    if (!check_is_last(engine, release, err) || !pull_renew(engine, release, err)) {
        arena_free(&arena);
        return false;
    }
    bool had_begun = release->commits[0][0] != '\0';
    release->phase = had_begun ? RELEASE_COMMITTING : RELEASE_PLANNED;
    release->finished_ms = 0;
    struct release_run *run = run_adopt(engine, arena, release);
    reopen_items(engine, run);
    char why[REASON_BYTES];
    snprintf(why, sizeof(why), "Tried again by %s.", person);
    run_set_phase(engine, run, release->phase, why);
    promote_tick(engine);
    return true;
}

static bool check_cell(const struct promote *engine, const char *stage, const char *workload,
                       struct err *err)
{
    const struct pipeline *pipeline = pipeline_of(engine);
    if (!pipeline || !pipeline_stage(pipeline, stage)) {
        return err_set(err, ERR_NOT_FOUND, "there is no stage \"%.63s\"", stage);
    }
    for (size_t i = 0; workload[0] && i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        if (strcmp(target->stage->name, stage) == 0 && target->scan &&
            scan_find(target->scan, workload)) {
            return true;
        }
    }
    return !workload[0] ||
           err_set(err, ERR_NOT_FOUND, "%s has no workload \"%.63s\"", stage, workload);
}

bool promote_hold(struct promote *engine, struct hold *hold, struct err *err)
{
    if (!check_cell(engine, hold->stage, hold->workload, err)) {
        return false;
    }
    hold->created_ms = now_of(engine);
    if (!store_hold_put(engine->store, hold, err) || !holds_reload(engine, err)) {
        return false;
    }
    engine->ports.board_changed(engine->ports.context);
    return true;
}

bool promote_resume(struct promote *engine, const char *stage, const char *workload,
                    int64_t *out_ended, struct err *err)
{
    if (!store_hold_end(engine->store, stage, workload, now_of(engine), out_ended, err) ||
        !holds_reload(engine, err)) {
        return false;
    }
    automatic_note_all(engine);
    engine->ports.board_changed(engine->ports.context);
    promote_tick(engine);
    return true;
}
