/* Automation: stages that take each new version by themselves. */
#include <stdio.h>
#include <string.h>

#include "promote/engine.h"

/* More than these are looked up no faster than all. */
#define DUE_WORKLOADS_MAX 64
/* A registry that never ends to say that there is more delays nobody for longer. */
#define GATHERING_MS_MAX 1000

/* A person put a version here that the policy cannot compare with others: it stays until something
   appears that is newer than that decision. */
static bool was_chosen(const struct promote *engine, const struct release *last,
                       const struct image_change *change, const struct plan_change *wanted)
{
    const struct version_rule *rule = policy_rule_for(pipeline_of(engine), wanted->from.repository);
    return last->kind != RELEASE_AUTO && !policy_admits(rule, wanted->from.tag) &&
           image_same_version(&change->to, &wanted->from) &&
           versions_seen_ms(engine, &wanted->to) <= last->created_ms;
}

/* Did the last release of the cell decide that this change is not made by itself? */
static bool is_decided_by(const struct promote *engine, const struct release *last,
                          const struct release_item *old, const struct plan_change *wanted,
                          char why[static REASON_BYTES])
{
    const struct image_change *change = &old->changes[0];
    long long id = (long long)last->id;
    bool ended_badly = last->phase == RELEASE_FAILED || last->phase == RELEASE_STOPPED ||
                       last->phase == RELEASE_ROLLED_BACK;
    if (ended_badly && image_same_version(&change->to, &wanted->to)) {
        snprintf(why, REASON_BYTES, "R-%lld tried it (`heddle retry R-%lld` tries again): %s", id,
                 id, last->why);
        return true;
    }
    if (last->kind == RELEASE_CONFIG && image_same_version(&change->from, &wanted->to)) {
        snprintf(why, REASON_BYTES, "A person's commit (R-%lld) took it back.", id);
        return true;
    }
    if (was_chosen(engine, last, change, wanted)) {
        snprintf(why, REASON_BYTES, "A person chose what is there (R-%lld).", id);
        return true;
    }
    return false;
}

/* Several versions went together, and none of them came into Git.  Each may come alone: which of
   them was in the way is known then. */
static bool failed_together(const struct release *last)
{
    bool is_before_git = last->kind == RELEASE_AUTO && last->phase == RELEASE_FAILED &&
                         last->wave == 0 && !last->is_pushed;
    for (size_t i = 1; is_before_git && i < last->item_count; i++) {
        if (!image_same_version(&last->items[0].changes[0].to, &last->items[i].changes[0].to)) {
            return true;
        }
    }
    return false;
}

/* A version that was tried here and ended badly, or that a person took back, is not tried again by
   itself; `why` then says so.  `*out_is_alone`: it may be, but with no other version. */
static bool was_tried(struct promote *engine, const char *stage, const struct plan_item *item,
                      bool *out_is_alone, char why[static REASON_BYTES])
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_filter filter = {.stage = stage, .workload = item->workload, .limit = 1};
    struct release_list last = {0};
    struct err err = {0};
    *out_is_alone = false;
    if (!store_release_list(engine->store, &filter, arena, &last, &err)) {
        text_copy_cut(why, REASON_BYTES, err.text);
        return true; /* better late than twice */
    }
    if (last.count && failed_together(last.releases[0])) {
        *out_is_alone = true;
        return false;
    }
    for (size_t i = 0; last.count && i < last.releases[0]->item_count; i++) {
        const struct release *release = last.releases[0];
        const struct release_item *old = &release->items[i];
        bool is_same = strcmp(old->workload, item->workload) == 0 &&
                       strcmp(old->target, item->target) == 0 && old->change_count > 0;
        if (is_same && is_decided_by(engine, release, old, &item->changes[0], why)) {
            return true;
        }
    }
    return false;
}

bool promote_automation_refuses(struct promote *engine, const char *stage,
                                const struct plan_item *item, char why[static REASON_BYTES])
{
    bool is_alone = false;
    if (was_tried(engine, stage, item, &is_alone, why)) {
        return true;
    }
    for (size_t i = 0; i < item->change_count; i++) {
        const struct version_row *row = versions_row(engine, &item->changes[i].to);
        if (row && promote_waits_for_people(engine, row)) {
            text_copy_cut(why, REASON_BYTES, POLICY_LEAP_TEXT);
            return true;
        }
    }
    return false;
}

static bool is_under_way(const struct promote *engine, const char *stage,
                         const struct plan_item *item)
{
    for (size_t i = 0; i < engine->runs.count; i++) {
        const struct release *release = engine->runs.items[i]->release;
        if (strcmp(release->stage, stage) != 0 || release_is_over(release->phase)) {
            continue;
        }
        for (size_t n = 0; n < release->item_count; n++) {
            const struct release_item *other = &release->items[n];
            if (!item_is_over(other->state) && other->change_count &&
                strcmp(other->workload, item->workload) == 0 &&
                strcmp(other->target, item->target) == 0 &&
                image_same_version(&other->changes[0].to, &item->changes[0].to)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_wanted(struct promote *engine, const struct stage *stage,
                      const struct plan_item *item, bool *out_is_alone)
{
    char ignored[REASON_BYTES];
    hold_check_superseded(engine, stage->name, item->workload, &item->changes[0].to);
    return !hold_find(engine, stage->name, item->workload) &&
           !is_under_way(engine, stage->name, item) &&
           !was_tried(engine, stage->name, item, out_is_alone, ignored);
}

/* ---- what goes together ---- */

/* Nothing there makes one workload wait for another, or go back with it. */
static bool is_plain(const struct stage *stage)
{
    return stage->soak_ms == 0 && stage->approvals == 0 && stage->wave_count <= 1 &&
           stage->pull_mode == PULL_MODE_NONE && stage->on_failure != ON_FAILURE_ROLLBACK;
}

/* What automation found at one moment, and what of it is to begin now. */
struct finds {
    const struct stage *stage;
    const struct plan *plan;
    bool *is_wanted, *is_alone; /* of the plan's items */
};

/* Workloads that share the new image move together everywhere.  Others only where one that is stuck
   delays no other by that. */
static bool go_together(const struct finds *finds, size_t a, size_t b)
{
    const struct image *one = &finds->plan->items[a].changes[0].to;
    const struct image *other = &finds->plan->items[b].changes[0].to;
    bool is_same =
        strcmp(one->repository, other->repository) == 0 && image_same_version(one, other);
    return is_same || (is_plain(finds->stage) && !finds->is_alone[a] && !finds->is_alone[b]);
}

/* The names that begin with the first, which then are not wanted any more. */
static struct promote_request take(struct finds *finds, size_t first, struct arena *arena)
{
    struct promote_request request = {0};
    const char **names = arena_alloc(arena, finds->plan->item_count, sizeof(*names));
    for (size_t i = first; i < finds->plan->item_count; i++) {
        if (finds->is_wanted[i] && go_together(finds, first, i)) {
            names[request.workload_count++] = finds->plan->items[i].workload;
            finds->is_wanted[i] = false;
        }
    }
    request.workloads = names;
    TEXT_COPY_CUT(request.to, finds->stage->name);
    return request;
}

static void begin(struct promote *engine, struct finds *finds, size_t first)
{
    struct arena *arena = arena_new();
    const struct stage *stage = finds->stage;
    const struct promote_request request = take(finds, first, arena);
    struct candidates candidates;
    struct plan plan;
    struct err err = {0};
    struct plan_request asked = {.forwards_only = true};
    TEXT_COPY_CUT(asked.to, stage->name);
    TEXT_COPY_CUT(asked.from, facts_default_source(stage));
    if (!facts_candidates(engine, &request, stage, &asked, arena, &candidates, &err)) {
        arena_free(&arena);
        return;
    }
    plan_make(&asked, candidates.items, candidates.count, arena, &plan);
    if (plan.item_count == 0 || plan.wave_count > RELEASE_WAVES_MAX) {
        arena_free(&arena);
        return;
    }
    AUTO_JSON *frozen = plan_to_json(&plan);
    struct release *release = release_from_plan(engine, &plan, RELEASE_AUTO, "heddle", "", arena);
    int64_t id = 0;
    if (!run_begin(engine, arena, release, frozen, "", &id, &err)) {
        automatic_note_all(engine); /* the store refused: once more at the next tick */
    }
}

static void evaluate_stage(struct promote *engine, const struct stage *stage,
                           const struct promote_request *due)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan_request asked = {.forwards_only = true};
    TEXT_COPY_CUT(asked.to, stage->name);
    TEXT_COPY_CUT(asked.from, facts_default_source(stage));
    struct candidates candidates;
    struct plan plan;
    struct err err = {0};
    if (!facts_candidates(engine, due, stage, &asked, arena, &candidates, &err)) {
        return;
    }
    plan_make(&asked, candidates.items, candidates.count, arena, &plan);
    struct finds finds = {.stage = stage, .plan = &plan};
    finds.is_wanted = arena_alloc(arena, plan.item_count, sizeof(*finds.is_wanted));
    finds.is_alone = arena_alloc(arena, plan.item_count, sizeof(*finds.is_alone));
    for (size_t i = 0; i < plan.item_count; i++) {
        finds.is_wanted[i] = is_wanted(engine, stage, &plan.items[i], &finds.is_alone[i]);
    }
    for (size_t i = 0; i < plan.item_count; i++) {
        if (finds.is_wanted[i]) {
            begin(engine, &finds, i);
        }
    }
}

void automatic_note(struct promote *engine, const char *workload)
{
    if (!engine->is_automation_due) {
        map_set(&engine->due_workloads, workload, engine);
    }
    if (engine->due_workloads.count > DUE_WORKLOADS_MAX) {
        automatic_note_all(engine);
    }
}

void automatic_note_all(struct promote *engine)
{
    engine->is_automation_due = true;
    map_done(&engine->due_workloads);
}

/* What was noted so far, into the arena; none are all. */
static struct promote_request take_due(struct promote *engine, struct arena *arena)
{
    struct promote_request due = {0};
    const char **names = arena_alloc(arena, engine->due_workloads.count, sizeof(*names));
    MAP_EACH (slot, &engine->due_workloads) {
        names[due.workload_count++] = arena_strdup(arena, slot->key);
    }
    due.workloads = names;
    engine->is_automation_due = false;
    map_done(&engine->due_workloads);
    return due;
}

/* Images that a build brings one after the other are one change of Git: while more of them are
   expected, what is there waits. */
static bool is_gathering(struct promote *engine)
{
    const struct promote_ports *ports = &engine->ports;
    int64_t now_ms = now_of(engine);
    int64_t end_ms = ports->versions_until ? ports->versions_until(ports->context) : 0;
    if (engine->gathering_since_ms == 0) {
        engine->gathering_since_ms = now_ms;
    }
    if (end_ms > engine->gathering_since_ms + GATHERING_MS_MAX) {
        end_ms = engine->gathering_since_ms + GATHERING_MS_MAX;
    }
    if (end_ms <= now_ms) {
        engine->gathering_since_ms = 0;
        return false;
    }
    ports->wake_at(ports->context, end_ms);
    return true;
}

void automatic_evaluate(struct promote *engine)
{
    const struct pipeline *pipeline = pipeline_of(engine);
    bool is_due = engine->is_automation_due || engine->due_workloads.count > 0;
    if (!is_due || is_gathering(engine)) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct promote_request due = take_due(engine, arena);
    for (size_t i = 0; pipeline && i < pipeline->stage_count; i++) {
        /* What a rewritten history keeps from it is noted again when a person has looked. */
        if (pipeline->stages[i].automatic && !promote_rewritten(engine, &pipeline->stages[i])) {
            evaluate_stage(engine, &pipeline->stages[i], &due);
        }
    }
}
