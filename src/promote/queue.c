/*
 * queue: who may commit to a ref, and the push of what was committed.  Refs do not wait for one
 * another.
 *
 * Each release has a commit of its own, made on the one before.  Those that are ready at one time
 * form a chain, oldest release first, which one push brings in whole or not at all.  A chain whose
 * push has begun takes nobody in any more: nobody can tell yet whether it is there.
 *
 * Its data: none of its own.  The chain is the unpushed commits of the releases, in their order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

/* A push over a network takes about as long as so many commits: the oldest waits twice as long as
   alone, at most. */
#define CHAIN_MAX 32

/* Made, and not known to be in the branch.  What goes by pull request is apart from all this. */
static bool is_in_chain(const struct promote *engine, const struct release_run *run)
{
    const struct release *release = run->release;
    return !release_is_over(release->phase) && release->commits[release->wave][0] &&
           !release->is_pushed && !pull_is_wanted(engine, release);
}

/* Between its commit and the pull request for it. */
static bool is_proposing(const struct promote *engine, const struct release_run *run)
{
    const struct release *release = run->release;
    return !release_is_over(release->phase) && release->commits[release->wave][0] &&
           !release->is_pushed && pull_is_wanted(engine, release) && !pull_of(engine, release);
}

static bool may_follow(const struct release_run *run, const struct release_run *other)
{
    return !run->is_apart && !other->is_apart && !other->is_sent &&
           other->release->id < run->release->id;
}

const struct release *queue_blocker(const struct promote *engine, const struct release_run *run)
{
    const struct ref_view *ref = ref_of(engine, run->release);
    bool is_proposal = pull_is_wanted(engine, run->release);
    size_t ahead = 0;
    for (size_t i = 0; i < engine->runs.count; i++) {
        const struct release_run *other = engine->runs.items[i];
        if (other == run || release_is_over(other->release->phase)) {
            continue;
        }
        bool is_ahead = is_in_chain(engine, other);
        bool is_at_work = other->act_in_flight || is_proposing(engine, other);
        if ((!is_ahead && !is_at_work) || ref_of(engine, other->release) != ref) {
            continue;
        }
        ahead += is_ahead;
        if (is_at_work ||
            (is_ahead && (is_proposal || ahead == CHAIN_MAX || !may_follow(run, other)))) {
            return other->release;
        }
    }
    return NULL;
}

const char *queue_tip(const struct promote *engine, const struct ref_view *ref)
{
    for (size_t i = engine->runs.count; i-- > 0;) {
        const struct release *release = engine->runs.items[i]->release;
        if (is_in_chain(engine, engine->runs.items[i]) && ref_of(engine, release) == ref) {
            return release->commits[release->wave];
        }
    }
    return ref_head(engine, ref);
}

bool queue_has(const struct promote *engine, const char *commit)
{
    for (size_t i = 0; i < engine->runs.count; i++) {
        const struct release *release = engine->runs.items[i]->release;
        if (is_in_chain(engine, engine->runs.items[i]) &&
            strcmp(release->commits[release->wave], commit) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the push ---- */

bool queue_is_refused(const struct release_run *run)
{
    enum err_kind kind = run->act_err.kind;
    return kind != ERR_NONE && kind != ERR_DENIED && !err_is_retryable(kind);
}

/* The ref's chain, oldest first; none while something of it has to wait. */
static size_t find_ready(const struct promote *engine, const struct ref_view *ref,
                         struct release_run *out[static CHAIN_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < engine->runs.count; i++) {
        struct release_run *run = engine->runs.items[i];
        bool is_part = is_in_chain(engine, run) && count < CHAIN_MAX;
        if ((!is_part && !run->act_in_flight) || ref_of(engine, run->release) != ref) {
            continue;
        }
        if (run->act_in_flight) {
            return 0;
        }
        if (run->is_unsaved || queue_is_refused(run) || now_of(engine) < run->retry_at_ms) {
            return 0;
        }
        out[count++] = run;
    }
    return count;
}

static struct promote_act *act_new(const struct ref_view *ref, struct release_run *const *chain,
                                   size_t count)
{
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = ACT_PUSH;
    act->arena = arena_new();
    act->parts = arena_alloc(act->arena, count, sizeof(*act->parts));
    act->part_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct release *release = chain[i]->release;
        act->parts[i].release = release->id;
        act->parts[i].wave = release->wave;
        TEXT_COPY_CUT(act->parts[i].commit, release->commits[release->wave]);
    }
    act->release = act->parts[count - 1].release;
    act->wave = act->parts[count - 1].wave;
    TEXT_COPY_CUT(act->commit, act->parts[count - 1].commit);
    ref_put(ref, act);
    return act;
}

static void push_chain(struct promote *engine, const struct ref_view *ref)
{
    struct release_run *chain[CHAIN_MAX];
    size_t count = find_ready(engine, ref, chain);
    if (count == 0 || ref->is_rewritten || ref->problem[0]) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        chain[i]->act_in_flight = true;
        chain[i]->is_sent = true;
    }
    engine->ports.start_act(engine->ports.context, act_new(ref, chain, count));
}

void queue_tick(struct promote *engine)
{
    for (size_t i = 0; pipeline_of(engine) && i < engine->git->ref_count; i++) {
        push_chain(engine, &engine->git->refs[i]);
    }
}

/* ---- its answer ---- */

static void set_pushed(struct promote *engine, struct release_run *run)
{
    run->act_err = (struct err){0};
    run->tries = 0;
    run->is_sent = run->is_apart = false;
    run->release->is_pushed = true;
    run_save(engine, run);
}

/* The commit is made again, on what the branch is then.  Edits are computed afresh, so there is
   nothing to merge. */
static void make_again(struct promote *engine, struct release_run *run)
{
    run->release->commits[run->release->wave][0] = '\0';
    run->is_sent = false;
    run->step = STEP_COMMIT;
    run_save(engine, run);
}

/* The branch moved, or the mirror lost the commits. */
static bool is_lost(const struct promote_act *act)
{
    return act->err.kind == ERR_CONFLICT || act->err.kind == ERR_NOT_FOUND;
}

static void set_failed(struct promote *engine, struct release_run *run,
                       const struct promote_act *act)
{
    bool is_refused =
        !is_lost(act) && !err_is_retryable(act->err.kind) && act->err.kind != ERR_DENIED;
    if (is_refused && act->part_count > 1) {
        /* One of them is not wanted; each alone, and the Git host says which. */
        run->is_apart = true;
        make_again(engine, run);
        return;
    }
    step_back_off(engine, run, &act->err);
    if (is_lost(act)) {
        run->act_err.kind = ERR_CONFLICT;
        make_again(engine, run);
    }
}

void queue_push_done(struct promote *engine, const struct promote_act *act)
{
    int64_t retry_at_ms = 0;
    if (act->succeeded) {
        ref_pushed(engine, act);
    }
    if (act->succeeded || is_lost(act)) {
        engine->ports.fetch_soon(engine->ports.context);
    }
    for (size_t i = 0; i < act->part_count; i++) {
        struct release_run *run = run_find(engine, act->parts[i].release);
        if (!run || !run->act_in_flight || run->release->wave != act->parts[i].wave) {
            continue;
        }
        run->act_in_flight = false;
        if (act->succeeded) {
            set_pushed(engine, run);
            continue;
        }
        set_failed(engine, run, act);
        /* What went together tries again together. */
        retry_at_ms = retry_at_ms ? retry_at_ms : run->retry_at_ms;
        run->retry_at_ms = retry_at_ms;
    }
}
