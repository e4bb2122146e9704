/* Releases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "model/chart.h"

static json_t *view_change(const struct image_change *change)
{
    json_t *value = json_object();
    json_put_text(value, "container", change->container);
    json_put(value, "from", view_image(&change->from));
    json_put(value, "to", view_image(&change->to));
    return value;
}

static json_t *view_item(const struct release_item *item)
{
    json_t *value = json_object();
    json_put_text(value, "workload", item->workload);
    json_put_text(value, "target", item->target);
    json_put_int(value, "wave", item->wave + 1);
    json_put_text(value, "state", item_state_name(item->state));
    json_put_time(value, "since", item->since_ms);
    json_put_int(value, "ready", item->ready);
    json_put_int(value, "wanted", item->wanted);
    json_t *changes = json_array();
    for (size_t i = 0; i < item->change_count; i++) {
        json_array_append_new(changes, view_change(&item->changes[i]));
    }
    json_put(value, "changes", changes);
    json_t *diagnosis = json_null();
    if (item->diagnosis.code[0]) {
        diagnosis = json_object();
        json_put_text(diagnosis, "code", item->diagnosis.code);
        json_put_text(diagnosis, "what", item->diagnosis.what);
        json_put_text(diagnosis, "effect", item->diagnosis.effect);
        json_put_text(diagnosis, "action", item->diagnosis.action);
    }
    json_put(value, "diagnosis", diagnosis);
    return value;
}

static void put_row(json_t *value, const struct release *release)
{
    char name[24];
    snprintf(name, sizeof(name), "R-%lld", (long long)release->id);
    json_put_int(value, "id", release->id);
    json_put_text(value, "name", name);
    json_put_text(value, "kind", release_kind_name(release->kind));
    json_put_text(value, "stage", release->stage);
    json_put_text(value, "from", release->from);
    json_put_text(value, "actor", release->actor);
    json_put_text(value, "reason", release->reason);
    json_put_text(value, "phase", release_phase_name(release->phase));
    json_put_text(value, "why", release->why);
    json_put_bool(value, "isOver", release_is_over(release->phase));
    json_put_text(value, "planDigest", release->plan_digest);
    json_put_time(value, "createdAt", release->created_ms);
    json_put_time(value, "phaseAt", release->phase_ms);
    json_put_time(value, "finishedAt", release->finished_ms);
    json_put_int(value, "wave", release->wave + 1);
    json_put_int(value, "waves", release->wave_count);
    json_put(value, "supersededBy",
             release->superseded_by ? json_integer(release->superseded_by) : json_null());
    json_put(value, "rollbackOf",
             release->rollback_of ? json_integer(release->rollback_of) : json_null());
}

/* "1.1.0"; of an image without a tag its digest. */
static json_t *view_version_name(const struct image *image)
{
    const char *name = image->tag[0] ? image->tag : image->digest;
    return name[0] ? json_string(name) : json_null();
}

/* What a row says of an item: the version of its first container. */
static json_t *view_brought(const struct release_item *item)
{
    json_t *value = json_object();
    json_put_text(value, "workload", item->workload);
    json_put(value, "from",
             item->change_count ? view_version_name(&item->changes[0].from) : json_null());
    json_put(value, "to",
             item->change_count ? view_version_name(&item->changes[0].to) : json_null());
    if (item->change_count && chart_is_named(item->changes[0].container)) {
        json_put_bool(value, "isChart", true);
    }
    return value;
}

static bool names_workload_before(const struct release *release, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(release->items[i].workload, release->items[index].workload) == 0) {
            return true;
        }
    }
    return false;
}

static void put_items(json_t *value, const struct release *release, bool whole)
{
    json_t *workloads = json_array();
    json_t *versions = json_array();
    json_t *items = json_array();
    bool is_stuck = false;
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        is_stuck = is_stuck || item->state == ITEM_STUCK;
        if (!names_workload_before(release, i)) {
            json_array_append_new(workloads, json_string(item->workload));
            json_array_append_new(versions, view_brought(item));
        }
        json_array_append_new(items, view_item(item));
    }
    json_put_bool(value, "isStuck", is_stuck && !release_is_over(release->phase));
    json_put(value, "workloads", workloads);
    json_put(value, "versions", versions);
    if (whole) {
        json_put(value, "items", items);
    } else {
        json_decref(items);
    }
    json_t *commits = json_array();
    for (int i = 0; i < release->wave_count && i < RELEASE_WAVES_MAX; i++) {
        if (release->commits[i][0]) {
            json_array_append_new(commits, json_string(release->commits[i]));
        }
    }
    json_put(value, "commits", commits);
}

json_t *view_gates(const struct gate_answer *answers, const bool *applies)
{
    json_t *gates = json_array();
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        if (!applies[i]) {
            continue;
        }
        json_t *gate = json_object();
        json_put_text(gate, "name", gate_rules[i].name);
        json_put_text(gate, "verdict", gate_verdict_name(answers[i].verdict));
        json_put_text(gate, "reason", answers[i].reason[0] ? answers[i].reason : "It is open.");
        json_put_time(gate, "askAgainAt", answers[i].ask_again_ms);
        json_array_append_new(gates, gate);
    }
    return gates;
}

static json_t *view_steps(struct api *api, const struct release *release)
{
    json_t *list = json_array();
    AUTO(arena_free) struct arena *arena = arena_new();
    struct step_list steps = {0};
    struct err err = {0};
    if (store_step_list(api->options.store, release->id, arena, &steps, &err)) {
        for (size_t i = 0; i < steps.count; i++) {
            const struct release_step *step = &steps.steps[i];
            json_t *value = json_object();
            json_put_int(value, "wave", step->wave + 1);
            json_put_text(value, "name", step->name);
            json_put_text(value, "outcome", step->outcome);
            json_put_text(value, "text", step->text);
            json_put_time(value, "startedAt", step->started_ms);
            json_put_time(value, "finishedAt", step->finished_ms);
            json_array_append_new(list, value);
        }
    }
    return list;
}

static json_t *view_approvals(struct api *api, const struct release *release)
{
    json_t *list = json_array();
    AUTO(arena_free) struct arena *arena = arena_new();
    struct approval_list approvals = {0};
    struct err err = {0};
    if (store_approval_list(api->options.store, release->id, arena, &approvals, &err)) {
        for (size_t i = 0; i < approvals.count; i++) {
            const struct approval *approval = &approvals.approvals[i];
            json_t *value = json_object();
            json_put_text(value, "person", approval->person);
            json_put_bool(value, "isRejection", approval->is_rejection);
            json_put_text(value, "message", approval->message);
            json_put_time(value, "at", approval->at_ms);
            json_array_append_new(list, value);
        }
    }
    return list;
}

static json_t *view_pull(const struct pull_request *pull)
{
    const struct pull_facts *facts = &pull->facts;
    json_t *value = json_object();
    json_put_int(value, "wave", pull->wave + 1);
    json_put_text(value, "branch", pull->branch);
    json_put_text(value, "into", pull->into);
    json_put(value, "number", facts->number ? json_integer(facts->number) : json_null());
    json_put_text(value, "url", facts->url);
    json_put_text(value, "state", pull_state_name(facts->state));
    json_put_text(value, "who", facts->who);
    json_put_int(value, "approvals", facts->approvals);
    json_put_int(value, "objections", facts->objections);
    json_put_text(value, "checks", pull_checks_name(facts->checks));
    json_put_bool(value, "hasConflict", facts->has_conflict);
    json_put_text(value, "problem", pull->problem);
    return value;
}

static json_t *view_pulls(struct api *api, const struct release *release)
{
    json_t *list = json_array();
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pull_list pulls = {0};
    struct err err = {0};
    if (store_pull_list(api->options.store, release->id, arena, &pulls, &err)) {
        for (size_t i = 0; i < pulls.count; i++) {
            json_array_append_new(list, view_pull(&pulls.pulls[i]));
        }
    }
    return list;
}

static json_t *names_of_approvers(const json_t *approvals)
{
    json_t *names = json_array();
    size_t i = 0;
    const json_t *approval = NULL;
    json_array_foreach (approvals, i, approval) {
        if (!json_bool_at(approval, "isRejection", false)) {
            json_array_append(names, json_object_get(approval, "person"));
        }
    }
    return names;
}

/* Only what is done was live. */
static void put_live_until(struct api *api, json_t *value, const struct release *release)
{
    int64_t until_ms = 0;
    struct err err = {0};
    if (release->phase == RELEASE_DONE &&
        store_release_replaced(api->options.store, release->id, &until_ms, &err)) {
        json_put_time(value, "liveUntil", until_ms);
    }
}

static json_t *view_skips(struct api *api, const struct release *release)
{
    struct err err = {0};
    AUTO_JSON *plan = store_release_plan(api->options.store, release->id, &err);
    return json_deep_copy(json_array_at(plan, "skipped"));
}

static int by_size(const void *left, const void *right)
{
    const int64_t *a = left;
    const int64_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* The median of what rollouts of the same workload took there: is this one slow? */
static json_t *view_usual(struct api *api, const struct release *release)
{
    json_t *list = json_array();
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        struct rollout_times times;
        struct err err = {0};
        if (!store_rollout_times(api->options.store, item->workload, item->target, release->id,
                                 &times, &err) ||
            times.count == 0) {
            continue;
        }
        qsort(times.ms, times.count, sizeof(times.ms[0]), by_size);
        json_t *value = json_object();
        json_put_text(value, "workload", item->workload);
        json_put_text(value, "target", item->target);
        json_put_int(value, "rolloutMs", times.ms[times.count / 2]);
        json_put_int(value, "of", (int64_t)times.count);
        json_array_append_new(list, value);
    }
    return list;
}

json_t *view_release(struct api *api, const struct release *release, enum release_detail detail)
{
    json_t *value = json_object();
    put_row(value, release);
    put_items(value, release, detail != RELEASE_ROW);
    put_live_until(api, value, release);
    AUTO_JSON *approvals = view_approvals(api, release);
    json_put(value, "approvedBy", names_of_approvers(approvals));
    if (detail != RELEASE_WHOLE) {
        return value;
    }
    struct gate_answer answers[GATE_RULE_COUNT] = {0};
    bool applies[GATE_RULE_COUNT] = {false};
    if (release->phase < RELEASE_COMMITTING) {
        promote_gates(api->options.engine, release, answers, applies);
    }
    json_put(value, "gates", view_gates(answers, applies));
    json_put(value, "pullRequests", view_pulls(api, release));
    json_put(value, "steps", view_steps(api, release));
    json_put(value, "approvals", TAKE(approvals));
    json_put(value, "skipped", view_skips(api, release));
    json_put(value, "usual", view_usual(api, release));
    return value;
}
