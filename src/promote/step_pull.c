/* pull request: propose the wave's commit on a branch of its own, and wait until it is merged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

/* Of the wave, what is still to come in. */
static int live_items(const struct release *release)
{
    int count = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        count += release->items[i].wave == release->wave && !item_is_over(release->items[i].state);
    }
    return count;
}

/* ---- the branch ---- */

static void start_branch(struct promote *engine, struct release_run *run, const struct pull *pull,
                         const struct ref_view *ref)
{
    const struct release *release = run->release;
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = ACT_BRANCH;
    act->release = release->id;
    act->wave = release->wave;
    act->arena = arena_new();
    act->pull = pull->row;
    act->pull.items = live_items(release);
    TEXT_COPY_CUT(act->commit, release->commits[release->wave]);
    ref_put(ref, act);
    run->act_in_flight = true;
    engine->ports.start_act(engine->ports.context, act);
}

enum step_outcome step_branch(struct promote *engine, struct release_run *run,
                              char why[static REASON_BYTES])
{
    const struct release *release = run->release;
    const char *commit = release->commits[release->wave];
    const struct ref_view *ref = ref_of(engine, release);
    struct pull *pull = pull_of(engine, release);
    if (!ref) {
        text_copy_cut(why, REASON_BYTES, "The pipeline no longer has its targets.");
        return STEP_WAITING;
    }
    if (!pull && !(pull = pull_begin(engine, release, ref))) {
        text_copy_cut(why, REASON_BYTES, "The store refused to begin a pull request.");
        return STEP_WAITING;
    }
    bool is_over = pull->row.facts.state == PULL_MERGED || pull->row.facts.state == PULL_CLOSED;
    if (strcmp(pull->row.tip, commit) == 0 || pull->row.is_left || is_over) {
        return STEP_DONE;
    }
    if (run->act_err.kind != ERR_NONE && !err_is_retryable(run->act_err.kind) &&
        run->act_err.kind != ERR_DENIED) {
        snprintf(why, REASON_BYTES, "Git refused the push: %s", run->act_err.text);
        return STEP_FAILED;
    }
    if (step_may_act(engine, run, why)) {
        snprintf(why, REASON_BYTES, "Pushing %.7s to the branch %s.", commit, pull->row.branch);
        start_branch(engine, run, pull, ref);
    }
    return STEP_WAITING;
}

static void make_again(struct promote *engine, struct release_run *run)
{
    struct release *release = run->release;
    release->commits[release->wave][0] = '\0';
    run->step = STEP_COMMIT;
    run_save(engine, run);
    engine->ports.fetch_soon(engine->ports.context);
}

void step_branch_done(struct promote *engine, struct release_run *run,
                      const struct promote_act *act)
{
    struct pull *pull = pull_of(engine, run->release);
    if (act->succeeded) {
        run->act_err = (struct err){0};
        run->tries = 0;
    }
    if (!pull) {
        return;
    }
    if (act->succeeded) {
        TEXT_COPY_CUT(pull->row.tip, act->commit);
        TEXT_COPY_CUT(pull->row.base, act->base);
        pull->row.pushed_ms = now_of(engine);
        pull->row.items = act->pull.items;
        pull->wants_text = true;
        pull_ask_now(engine, pull);
        pull_save(engine, pull);
        return;
    }
    if (act->err.kind == ERR_CONFLICT) {
        /* Theirs stays.  Perhaps it is merged by now, and the branch is gone for that. */
        pull->row.is_left = true;
        pull_ask_now(engine, pull);
        pull_save(engine, pull);
        return;
    }
    step_back_off(engine, run, &act->err);
    if (act->err.kind == ERR_NOT_FOUND) {
        run->act_err.kind = ERR_CONFLICT; /* the mirror lost the commit: it is made again */
        make_again(engine, run);
    }
}

/* ---- after the merge ---- */

static enum step_outcome check_merge(struct promote *engine, struct release_run *run,
                                     const struct pull *pull, char why[static REASON_BYTES])
{
    const struct pull_facts *facts = &pull->row.facts;
    if (run->act_err.kind == ERR_REFUSED || run->act_err.kind == ERR_NOT_FOUND) {
        text_copy_cut(why, REASON_BYTES, run->act_err.text);
        return STEP_FAILED;
    }
    if (step_has_tried_enough(run, why)) {
        return STEP_FAILED;
    }
    if (!step_may_act(engine, run, why)) {
        return STEP_WAITING;
    }
    /* By content, and not only by the host's word: people may have changed the proposal. */
    struct promote_act *act = commit_act_new(engine, run->release, facts->merge_commit, why);
    if (!act) {
        return STEP_FAILED;
    }
    act->kind = ACT_CHECK;
    act->pull = pull->row;
    snprintf(why, REASON_BYTES, "%s merged pull request #%lld; looking for it in Git.",
             facts->who[0] ? facts->who : "Somebody", (long long)facts->number);
    run->act_in_flight = true;
    engine->ports.start_act(engine->ports.context, act);
    return STEP_WAITING;
}

void step_check_done(struct promote *engine, struct release_run *run, const struct promote_act *act)
{
    if (!act->succeeded) {
        step_back_off(engine, run, &act->err);
        engine->ports.fetch_soon(engine->ports.context);
        return;
    }
    struct release *release = run->release;
    run->act_err = (struct err){0};
    run->tries = 0;
    TEXT_COPY_CUT(release->commits[release->wave], act->base);
    release->is_pushed = true;
    run->step = STEP_PUSH; /* where what is in Git is marked so */
    run_save(engine, run);
    engine->ports.fetch_soon(engine->ports.context);
}

/* ---- waiting ---- */

static void add_problem(const struct pull *pull, struct str *out)
{
    if (pull->row.problem[0]) {
        str_addf(out, " %s.", pull->row.problem);
    }
}

static void explain(const struct promote *engine, const struct pull *pull, const char *stage_name,
                    char why[static REASON_BYTES])
{
    const struct pull_facts *facts = &pull->row.facts;
    const struct stage *stage =
        pipeline_of(engine) ? pipeline_stage(pipeline_of(engine), stage_name) : NULL;
    bool merges = stage && stage->pull_mode == PULL_MODE_MERGE && !pull->row.is_left;
    AUTO_STR(text, 4096);
    if (facts->state == PULL_NEW) {
        str_addf(&text, "Opening a pull request for the branch %s.", pull->row.branch);
        add_problem(pull, &text);
        text_copy_cut(why, REASON_BYTES, text.text);
        return;
    }
    str_addf(&text, "Pull request #%lld waits %s: %s (%u approval%s", (long long)facts->number,
             merges ? "until the Git host lets heddle merge it" : "for someone to merge it",
             facts->url, facts->approvals, facts->approvals == 1 ? "" : "s");
    if (facts->objections) {
        str_addf(&text, ", %u objection%s", facts->objections, facts->objections == 1 ? "" : "s");
    }
    if (facts->checks != PULL_CHECKS_NONE) {
        str_addf(&text, ", checks %s", pull_checks_name(facts->checks));
    }
    str_add(&text, facts->has_conflict ? ", conflicts with the branch)." : ").");
    str_add(&text,
            pull->row.is_left ? " Somebody else moved its branch; heddle leaves it so." : "");
    add_problem(pull, &text);
    text_copy_cut(why, REASON_BYTES, text.text);
}

/* Another release took some of it over; or the branch below it moved, and it rests long enough, or
   cannot be merged as it is. */
static bool is_to_move(const struct promote *engine, const struct release *release,
                       const struct pull *pull)
{
    const struct pull_request *row = &pull->row;
    const struct ref_view *ref = ref_of(engine, release);
    bool is_ours = !row->is_left && (!row->facts.head[0] || strcmp(row->facts.head, row->tip) == 0);
    bool has_rested = now_of(engine) >= row->pushed_ms + engine->patience.rebase_ms;
    bool has_moved = ref && strcmp(ref_head(engine, ref), row->base) != 0;
    return ref && !ref->is_rewritten && is_ours && row->tip[0] &&
           (live_items(release) < row->items ||
            (has_moved && (has_rested || row->facts.has_conflict)));
}

static bool applies(const struct promote *engine, const struct release *release)
{
    return pull_of(engine, release) != NULL;
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    (void)phase;
    struct release *release = run->release;
    struct pull *pull = pull_of(engine, release);
    if (release->is_pushed || live_items(release) == 0) {
        return STEP_DONE;
    }
    const struct pull_facts *facts = &pull->row.facts;
    if (facts->state == PULL_MERGED) {
        return check_merge(engine, run, pull, why);
    }
    if (facts->state == PULL_CLOSED) {
        snprintf(why, REASON_BYTES,
                 "%s closed pull request #%lld without merging it. `heddle retry R-%lld` opens a "
                 "new one.",
                 facts->who[0] ? facts->who : "Somebody", (long long)facts->number,
                 (long long)release->id);
        run_end(engine, run, RELEASE_STOPPED, ITEM_STOPPED, why);
        return STEP_WAITING;
    }
    if (is_to_move(engine, release, pull)) {
        text_copy_cut(why, REASON_BYTES, "The branch has moved; the commit is made again on it.");
        pull->row.facts.has_conflict = false; /* of the commit that was */
        pull_save(engine, pull);
        make_again(engine, run);
        return STEP_WAITING;
    }
    explain(engine, pull, release->stage, why);
    return STEP_WAITING;
}

const struct step step_pull = {
    .name = "pull request", .applies = applies, .run = run, .phase = RELEASE_COMMITTING};
