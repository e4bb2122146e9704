/* commit: make the wave's commit object on the branch's tip.  Nothing is pushed yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

#define RETRY_MS_MAX 60000
/* Two servers, or people who push all the time: then someone must look. */
#define TRIES_MAX 50

static int64_t random_below(const struct promote *engine, int64_t limit)
{
    uint64_t random = 0;
    engine->env->random(engine->env->context, &random, sizeof(random));
    return (int64_t)(random % (uint64_t)limit);
}

/* Twice as long each time, half of it by chance: of two servers that race for a branch, one is
   first. */
void step_back_off(struct promote *engine, struct release_run *run, const struct err *err)
{
    int64_t wait_ms = engine->patience.retry_ms;
    for (unsigned i = 0; i < run->tries && wait_ms < RETRY_MS_MAX; i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX;
    run->tries++;
    run->act_err = *err;
    run->retry_at_ms = now_of(engine) + wait_ms / 2 + random_below(engine, wait_ms / 2 + 1);
    engine->ports.wake_at(engine->ports.context, run->retry_at_ms);
}

bool step_is_free(struct promote *engine, struct release_run *run, char why[static REASON_BYTES])
{
    const struct ref_view *ref = ref_of(engine, run->release);
    if (run->act_in_flight) {
        text_copy_cut(why, REASON_BYTES, "Git is at work.");
    } else if (!pipeline_of(engine)) {
        text_copy_cut(why, REASON_BYTES, "Git has not been read yet.");
    } else if (ref && ref->is_rewritten) {
        snprintf(why, REASON_BYTES,
                 "The history of the branch %s was rewritten. Look at it, then run `heddle sync`.",
                 ref->branch);
    } else if (ref && ref->problem[0]) {
        text_copy_cut(why, REASON_BYTES, ref->problem);
    } else if (now_of(engine) < run->retry_at_ms) {
        snprintf(why, REASON_BYTES, "Trying again soon: %s", run->act_err.text);
        engine->ports.wake_at(engine->ports.context, run->retry_at_ms);
    } else {
        return true;
    }
    return false;
}

bool step_may_act(struct promote *engine, struct release_run *run, char why[static REASON_BYTES])
{
    if (!step_is_free(engine, run, why)) {
        return false;
    }
    const struct release *first = queue_blocker(engine, run);
    if (first) {
        snprintf(why, REASON_BYTES, "R-%lld is committing first.", (long long)first->id);
    }
    return !first;
}

static void list_names(const struct release *release, struct str *out)
{
    const char *last = NULL;
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        if (item->wave == release->wave && (!last || strcmp(last, item->workload) != 0)) {
            str_addf(out, "%s%s", last ? ", " : "", item->workload);
            last = item->workload;
        }
    }
}

static const char *verb_of(enum release_kind kind)
{
    return kind == RELEASE_ROLLBACK ? "roll back" : "promote";
}

static void add_change_lines(const struct release *release, struct str *out)
{
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        for (size_t n = 0; item->wave == release->wave && n < item->change_count; n++) {
            const struct image_change *change = &item->changes[n];
            str_addf(out, "%s in %s: %s %s -> %s\n", item->workload, item->target,
                     change->container, change->from.tag[0] ? change->from.tag : "none",
                     change->to.tag);
        }
    }
}

/* A person's words must not add trailers or a second subject. */
static void add_one_line(struct str *out, const char *text)
{
    for (; *text; text++) {
        str_add_char(out, (unsigned char)*text < 0x20 || *text == 0x7F ? ' ' : *text);
    }
}

void commit_message(const struct release *release, struct str *out)
{
    AUTO_STR(names, 4096);
    list_names(release, &names);
    str_addf(out, "%s %.60s%s to %s\n\n", verb_of(release->kind), names.text,
             names.length > 60 ? "…" : "", release->stage);
    if (release->reason[0]) {
        str_add(out, "Reason: ");
        add_one_line(out, release->reason);
        str_add(out, "\n\n");
    }
    add_change_lines(release, out);
    str_addf(out, "\nHeddle-Release: R-%lld\nHeddle-Wave: %d/%d\nHeddle-Stage: %s\n",
             (long long)release->id, release->wave + 1, release->wave_count, release->stage);
    str_addf(out, "Heddle-Workloads: %s\nHeddle-From: %s\nHeddle-Actor: ", names.text,
             release->from[0] ? release->from : "history");
    add_one_line(out, release->actor);
    str_addf(out, "\nHeddle-Plan: %s\n", release->plan_digest);
}

/* The path of an item's target, which is on `ref` with all of its wave; NULL when the pipeline has
   changed in the meantime. */
static const char *path_of(const struct promote *engine, const struct release_item *item,
                           const struct ref_view *ref, char why[static REASON_BYTES])
{
    const struct target_view *target = target_find(engine, item->target);
    if (!target) {
        snprintf(why, REASON_BYTES, "The pipeline no longer has the cluster %s.", item->target);
        return NULL;
    }
    if (target->ref != ref) {
        snprintf(why, REASON_BYTES,
                 "The pipeline has %s on another branch than the rest of its wave now. Promote "
                 "again: a wave is one commit on one branch.",
                 item->target);
        return NULL;
    }
    return target->target->path;
}

static bool add_changes(struct promote *engine, const struct release *release,
                        const struct ref_view *ref, struct promote_act *act,
                        char why[static REASON_BYTES])
{
    size_t room = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        room += release->items[i].change_count;
    }
    struct version_change *changes = arena_alloc(act->arena, room, sizeof(*changes));
    size_t count = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        if (item->wave != release->wave || item_is_over(item->state)) {
            continue;
        }
        const char *path = path_of(engine, item, ref, why);
        if (!path) {
            return false;
        }
        for (size_t n = 0; n < item->change_count; n++) {
            changes[count++] = (struct version_change){
                .path = arena_strdup(act->arena, path),
                .workload = arena_strdup(act->arena, item->workload),
                .container = arena_strdup(act->arena, item->changes[n].container),
                .from = item->changes[n].from,
                .to = item->changes[n].to,
            };
        }
    }
    act->request.changes = changes;
    act->request.change_count = count;
    return true;
}

/* Every path on the ref: what no edit may leak into. */
static void add_paths(const struct promote *engine, const struct ref_view *ref,
                      struct promote_act *act)
{
    const char **paths = arena_alloc(act->arena, engine->git->target_count, sizeof(*paths));
    size_t count = 0;
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        if (target->ref == ref) {
            paths[count++] = arena_strdup(act->arena, target->target->path);
        }
    }
    act->request.all_paths = paths;
    act->request.all_path_count = count;
}

static struct promote_act *act_new(struct promote *engine, const struct release *release,
                                   const struct ref_view *ref, const char *base)
{
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = ACT_COMMIT;
    act->release = release->id;
    act->wave = release->wave;
    act->arena = arena_new();
    TEXT_COPY_CUT(act->base, base);
    AUTO_STR(message, 1U << 20);
    commit_message(release, &message);
    act->request = (struct commit_request){
        .base = arena_strdup(act->arena, base),
        .message = arena_strdup(act->arena, message.text),
        .author = arena_strdup(act->arena, release->actor),
        /* Not "now": the same release on the same base is the same commit, however often it is
           made. */
        .when_ms = release->created_ms,
    };
    add_paths(engine, ref, act);
    ref_put(ref, act);
    commit_request_for(&act->request, pipeline_of(engine), act->arena);
    return act;
}

struct promote_act *commit_act_new(struct promote *engine, const struct release *release,
                                   const char *base, char why[static REASON_BYTES])
{
    const struct ref_view *ref = ref_of(engine, release);
    if (!ref) {
        snprintf(why, REASON_BYTES, "The pipeline no longer has any cluster of wave %d.",
                 release->wave + 1);
        return NULL;
    }
    struct promote_act *act = act_new(engine, release, ref, base ? base : queue_tip(engine, ref));
    if (!add_changes(engine, release, ref, act, why)) {
        arena_free(&act->arena);
        xfree(&act);
    }
    return act;
}

bool step_has_tried_enough(const struct release_run *run, char why[static REASON_BYTES])
{
    if (run->tries > TRIES_MAX) {
        snprintf(why, REASON_BYTES, "It was tried %u times; the last time: %s", run->tries,
                 run->act_err.text);
    }
    return run->tries > TRIES_MAX;
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    (void)phase;
    struct release *release = run->release;
    if (release->commits[release->wave][0]) {
        return STEP_DONE;
    }
    if (run->act_err.kind != ERR_NONE && !err_is_retryable(run->act_err.kind)) {
        text_copy_cut(why, REASON_BYTES, run->act_err.text);
        return STEP_FAILED;
    }
    if (step_has_tried_enough(run, why)) {
        return STEP_FAILED;
    }
    if (!step_may_act(engine, run, why)) {
        return STEP_WAITING;
    }
    struct promote_act *act = commit_act_new(engine, release, NULL, why);
    if (!act) {
        return STEP_FAILED;
    }
    text_copy_cut(why, REASON_BYTES, "Making the commit.");
    /* The phase is stored before the act: a server that dies now goes on here, behind the gates. */
    run_set_phase(engine, run, RELEASE_COMMITTING, why);
    run->act_in_flight = true;
    engine->ports.start_act(engine->ports.context, act);
    return STEP_WAITING;
}

void step_commit_done(struct promote *engine, struct release_run *run,
                      const struct promote_act *act)
{
    if (!act->succeeded) {
        step_back_off(engine, run, &act->err);
        return;
    }
    struct release *release = run->release;
    bool has_no_change = strcmp(act->commit, act->base) == 0;
    run->act_err = (struct err){0};
    if (has_no_change && queue_has(engine, act->base)) {
        run->is_apart = true; /* another release says it, but not in Git yet: look again then */
        return;
    }
    TEXT_COPY_CUT(release->commits[release->wave], act->commit);
    /* Nothing to change: Git says it already, perhaps since an earlier run that lost its answer. */
    release->is_pushed = has_no_change;
    run->is_apart = run->is_apart && !has_no_change;
    run_save(engine, run);
}

const struct step step_commit = {.name = "commit", .run = run, .phase = RELEASE_COMMITTING};
