/* Running releases: the only places where their phase and their items' states change. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

const struct step *const release_steps[STEP_COUNT] = {
    [STEP_GATE] = &step_gate,
    [STEP_COMMIT] = &step_commit,
    [STEP_PUSH] = &step_push,
    &step_pull,
    &step_sync,
    &step_rollout,
};

struct release_run *run_find(const struct promote *engine, int64_t id)
{
    for (size_t i = 0; i < engine->runs.count; i++) {
        if (engine->runs.items[i]->release->id == id) {
            return engine->runs.items[i];
        }
    }
    return NULL;
}

/* Where its age puts it: one that is tried again is older than what has begun since. */
static void insert(struct promote *engine, struct release_run *run)
{
    size_t at = engine->runs.count;
    *VEC_ADD(&engine->runs) = run;
    for (; at > 0 && engine->runs.items[at - 1]->release->id > run->release->id; at--) {
        engine->runs.items[at] = engine->runs.items[at - 1];
    }
    engine->runs.items[at] = run;
}

struct release_run *run_adopt(struct promote *engine, struct arena *take_arena,
                              struct release *release)
{
    struct release_run *run = xcalloc(1, sizeof(*run));
    run->arena = take_arena;
    run->release = release;
    /* Gates stand before the first commit only; every later step may run twice. */
    bool has_passed_gates = release->phase >= RELEASE_COMMITTING || release->wave > 0;
    run->step = has_passed_gates ? STEP_COMMIT : STEP_GATE;
    run->progress_ms = now_of(engine);
    /* Nobody can tell whether the process before had begun to push it. */
    run->is_sent = release->commits[release->wave][0] && !release->is_pushed;
    insert(engine, run);
    return run;
}

bool run_store(struct promote *engine, struct release *release, const json_t *plan,
               const char *request_key, bool *out_is_new, struct err *err)
{
    *out_is_new =
        store_release_insert(engine->store, release, plan, request_key ? request_key : "", err);
    if (*out_is_new || err->kind != ERR_CONFLICT || release->id == 0) {
        return *out_is_new;
    }
    *err = (struct err){0};
    return true;
}

void run_enter(struct promote *engine, struct arena *take_arena, struct release *release)
{
    struct release_run *run = run_adopt(engine, take_arena, release);
    supersede_items(engine, run, true);
    engine->ports.release_changed(engine->ports.context, release);
}

bool run_begin(struct promote *engine, struct arena *take_arena, struct release *release,
               const json_t *plan, const char *request_key, int64_t *out_id, struct err *err)
{
    bool is_new = false;
    bool is_stored = run_store(engine, release, plan, request_key, &is_new, err);
    *out_id = release->id;
    if (is_new) {
        run_enter(engine, take_arena, release);
    } else {
        arena_free(&take_arena);
    }
    return is_stored;
}

void run_free(struct release_run **run)
{
    if (*run) {
        arena_free(&(*run)->arena);
        xfree(run);
    }
}

static void tell(struct promote *engine, const struct release_run *run)
{
    const struct release *release = run->release;
    engine->ports.release_changed(engine->ports.context, release);
    for (size_t i = 0; i < release->item_count; i++) {
        engine->ports.cell_changed(engine->ports.context, release->stage,
                                   release->items[i].workload);
    }
}

void run_save(struct promote *engine, struct release_run *run)
{
    struct err err = {0};
    run->is_unsaved = !store_release_update(engine->store, run->release, &err);
    if (run->is_unsaved) {
        step_back_off(engine, run, &err);
    }
}

void run_save_item(struct promote *engine, struct release_run *run, const struct release_item *item)
{
    struct err err = {0};
    if (!store_item_update(engine->store, item, &err)) {
        run->is_unsaved = true;
        step_back_off(engine, run, &err);
    }
}

void run_set_phase(struct promote *engine, struct release_run *run, enum release_phase phase,
                   const char *why)
{
    struct release *release = run->release;
    if (release->phase == phase && strcmp(release->why, why) == 0) {
        return;
    }
    if (release->phase != phase) {
        release->phase = phase;
        release->phase_ms = now_of(engine);
    }
    TEXT_COPY_CUT(release->why, why);
    if (release_is_over(phase)) {
        release->finished_ms = now_of(engine);
    }
    run_save(engine, run);
    statuses_note(engine, release);
    tell(engine, run);
}

bool item_is_over(enum item_state state)
{
    return state == ITEM_DONE || state == ITEM_FAILED || state == ITEM_SUPERSEDED ||
           state == ITEM_STOPPED;
}

void run_set_item(struct promote *engine, struct release_run *run, struct release_item *item,
                  enum item_state state)
{
    if (item->state == state) {
        return;
    }
    item->state = state;
    item->since_ms = now_of(engine);
    run->progress_ms = item->since_ms;
    run_save_item(engine, run, item);
    tell(engine, run);
}

void run_end(struct promote *engine, struct release_run *run, enum release_phase phase,
             enum item_state rest, const char *why)
{
    for (size_t i = 0; i < run->release->item_count; i++) {
        struct release_item *item = &run->release->items[i];
        if (!item_is_over(item->state)) {
            run_set_item(engine, run, item, rest);
        }
    }
    run_set_phase(engine, run, phase, why);
}

static size_t count_items(const struct release *release, enum item_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        count += release->items[i].state == state;
    }
    return count;
}

static void finish(struct promote *engine, struct release_run *run)
{
    struct release *release = run->release;
    char why[REASON_BYTES];
    if (count_items(release, ITEM_FAILED) > 0) {
        snprintf(why, sizeof(why), "%zu of %zu failed; the others are done.",
                 count_items(release, ITEM_FAILED), release->item_count);
        run_end(engine, run, RELEASE_FAILED, ITEM_STOPPED, why);
    } else if (count_items(release, ITEM_SUPERSEDED) == release->item_count) {
        run_end(engine, run, RELEASE_SUPERSEDED, ITEM_SUPERSEDED,
                "A newer release took its place.");
    } else {
        char took[DURATION_TEXT_BYTES];
        duration_format(now_of(engine) - release->created_ms, took);
        snprintf(why, sizeof(why), "Done after %s.", took);
        run_end(engine, run, RELEASE_DONE, ITEM_DONE, why);
    }
    for (size_t i = 0; i < release->item_count; i++) {
        automatic_note(engine, release->items[i].workload);
    }
}

static bool takes_back(const struct promote *engine, const struct release *release)
{
    const struct stage *stage =
        pipeline_of(engine) ? pipeline_stage(pipeline_of(engine), release->stage) : NULL;
    return stage && stage->on_failure == ON_FAILURE_ROLLBACK && release->kind != RELEASE_ROLLBACK;
}

/* Its rollback is stored before its end: a kill in between makes the step fail once more, and the
   rollback is then known. */
static void fail_release(struct promote *engine, struct release_run *run, const char *why)
{
    struct err err = {0};
    if (takes_back(engine, run->release) && !rollback_failed(engine, run->release, &err)) {
        step_back_off(engine, run, &err);
        return;
    }
    run_end(engine, run, RELEASE_FAILED, ITEM_STOPPED, why);
    automatic_note_all(engine); /* what only went with another may go alone */
}

static bool record(struct promote *engine, struct release_run *run, const struct step *step,
                   enum step_outcome outcome, const char *why)
{
    static const char *const outcomes[] = {"done", "waiting", "failed"};
    struct release_step row = {.release = run->release->id, .wave = run->release->wave};
    TEXT_COPY_CUT(row.name, step->name);
    TEXT_COPY_CUT(row.outcome, outcomes[outcome]);
    TEXT_COPY_CUT(row.text, why);
    row.started_ms = now_of(engine);
    row.finished_ms = outcome == STEP_WAITING ? 0 : row.started_ms;
    struct err err = {0};
    if (!store_step_put(engine->store, &row, NULL, &err)) {
        step_back_off(engine, run, &err);
        return false;
    }
    return true;
}

/* The wave's last step is done: the next wave, or the end. */
static bool next_wave(struct promote *engine, struct release_run *run)
{
    struct release *release = run->release;
    if (release->wave + 1 >= release->wave_count) {
        finish(engine, run);
        return false;
    }
    release->wave++;
    release->is_pushed = false;
    run->step = STEP_COMMIT;
    run_save(engine, run);
    return !run->is_unsaved;
}

bool wave_follows(const struct release *release, const struct release_item *item)
{
    return item->wave == release->wave ||
           (release->kind == RELEASE_ROLLBACK && item->wave < release->wave);
}

/* A rollback is in a hurry: all of it is to be in Git before anything of it is waited for. */
static bool may_hurry(const struct release *release, const struct step *step)
{
    return step == &step_sync && release->kind == RELEASE_ROLLBACK &&
           release->wave + 1 < release->wave_count;
}

/* One step; true when there is another one to try at once. */
static bool advance_once(struct promote *engine, struct release_run *run)
{
    const struct step *step = release_steps[run->step];
    enum release_phase phase = step->phase;
    char why[REASON_BYTES] = "";
    if (may_hurry(run->release, step)) {
        return next_wave(engine, run);
    }
    if (step->applies && !step->applies(engine, run->release)) {
        run->step++; /* no last one: the rollout always applies */
        return true;
    }
    enum step_outcome outcome = step->run(engine, run, &phase, why);
    if (release_is_over(run->release->phase) || !record(engine, run, step, outcome, why)) {
        return false;
    }
    if (outcome == STEP_FAILED) {
        fail_release(engine, run, why);
        return false;
    }
    if (outcome == STEP_WAITING) {
        run_set_phase(engine, run, phase, why);
        return false;
    }
    if (++run->step < STEP_COUNT) {
        return true;
    }
    return next_wave(engine, run);
}

void run_advance(struct promote *engine, struct release_run *run)
{
    if (run->is_unsaved && now_of(engine) >= run->retry_at_ms) {
        run_save(engine, run);
        for (size_t i = 0; i < run->release->item_count && !run->is_unsaved; i++) {
            run_save_item(engine, run, &run->release->items[i]);
        }
    }
    if (run->is_unsaved) {
        engine->ports.wake_at(engine->ports.context, run->retry_at_ms);
        return;
    }
    int left = STEP_COUNT * (run->release->wave_count + 1);
    while (left-- > 0 && !release_is_over(run->release->phase) && advance_once(engine, run)) {
    }
}

/* ---- supersession ---- */

static bool enters(const struct release_run *newcomer, const char *stage,
                   const struct release_item *item, bool all_waves)
{
    const struct release *release = newcomer->release;
    if (strcmp(release->stage, stage) != 0) {
        return false;
    }
    for (size_t i = 0; i < release->item_count; i++) {
        if (strcmp(release->items[i].workload, item->workload) == 0 &&
            strcmp(release->items[i].target, item->target) == 0 &&
            (all_waves || release->items[i].wave <= release->wave)) {
            return true;
        }
    }
    return false;
}

static bool may_supersede(const struct promote *engine, const struct release_run *old,
                          const struct release_run *newcomer, bool only_waiting)
{
    if (old == newcomer || release_is_over(old->release->phase) ||
        old->release->id > newcomer->release->id) {
        return false;
    }
    /* A change of configuration carries no version: it takes nothing's place. */
    bool carries_versions =
        newcomer->release->kind != RELEASE_CONFIG ||
        (newcomer->release->item_count && newcomer->release->items[0].change_count);
    bool is_waiting = (old->release->phase < RELEASE_COMMITTING && !old->release->commits[0][0]) ||
                      pull_waits(engine, old->release);
    return carries_versions && (!only_waiting || is_waiting);
}

static void supersede_run(struct promote *engine, struct release_run *old,
                          const struct release_run *newcomer, bool all_waves)
{
    struct release *release = old->release;
    size_t left = 0;
    bool any = false;
    for (size_t i = 0; i < release->item_count; i++) {
        struct release_item *item = &release->items[i];
        if (!item_is_over(item->state) && enters(newcomer, release->stage, item, all_waves)) {
            run_set_item(engine, old, item, ITEM_SUPERSEDED);
            any = true;
        }
        left += !item_is_over(item->state);
    }
    if (!any || left > 0) {
        return;
    }
    release->superseded_by = newcomer->release->id;
    char why[REASON_BYTES];
    bool is_rollback = newcomer->release->kind == RELEASE_ROLLBACK;
    snprintf(why, sizeof(why), is_rollback ? "R-%lld rolled it back." : "R-%lld took its place.",
             (long long)newcomer->release->id);
    run_end(engine, old, is_rollback ? RELEASE_ROLLED_BACK : RELEASE_SUPERSEDED, ITEM_SUPERSEDED,
            why);
}

void supersede_items(struct promote *engine, const struct release_run *newcomer, bool only_waiting)
{
    for (size_t i = 0; i < engine->runs.count; i++) {
        struct release_run *old = engine->runs.items[i];
        if (may_supersede(engine, old, newcomer, only_waiting)) {
            supersede_run(engine, old, newcomer, only_waiting);
        }
    }
}
