/* One cell in full: why it is as it is, what could come next, and what blocks that. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "model/chart.h"

#define CELL_RELEASES_SHOWN 10

static json_t *view_places(const struct git_view *view, const char *stage, const char *workload)
{
    json_t *places = json_array();
    for (size_t i = 0; i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        const struct scan_workload *found = strcmp(target->stage->name, stage) == 0 && target->scan
                                                ? scan_find(target->scan, workload)
                                                : NULL;
        for (size_t n = 0; found && n < found->place_count; n++) {
            const struct place *place = &found->places[n];
            json_t *value = json_object();
            json_put_text(value, "cluster", target->target->cluster);
            json_put_text(value, "container", place->container);
            json_put_text(value, "file", place->file);
            json_put_int(value, "line", place->line);
            json_put(value, "image", view_image(&place->image));
            json_put_text(value, "blocked", place->blocked);
            json_array_append_new(places, value);
        }
    }
    return places;
}

static json_t *view_last_releases(struct api *api, const char *stage, const char *workload)
{
    json_t *list = json_array();
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_filter filter = {
        .stage = stage, .workload = workload, .limit = CELL_RELEASES_SHOWN};
    struct release_list found = {0};
    struct err err = {0};
    if (store_release_list(api->options.store, &filter, arena, &found, &err)) {
        for (size_t i = 0; i < found.count; i++) {
            json_array_append_new(list, view_release(api, found.releases[i], RELEASE_ROW));
        }
    }
    return list;
}

/* What a promotion of this one workload would do now. */
static bool plan_one(struct api *api, const char *stage, const char *workload, struct arena *arena,
                     struct plan *out)
{
    const char *names[] = {workload};
    struct promote_request request = {.workloads = names, .workload_count = 1};
    TEXT_COPY_CUT(request.to, stage);
    struct err err = {0};
    return promote_plan(api->options.engine, &request, arena, out, &err);
}

static const char *first_shut(const struct gate_answer *answers)
{
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        if (answers[i].verdict != GATE_OPEN) {
            return answers[i].reason;
        }
    }
    return NULL;
}

/* What may come to a cell next, and what stands in the way. */
struct outlook {
    const struct plan *plan;
    const struct gate_answer *answers;
    const struct hold *hold;
    const struct stage *stage;
    const struct release *release;    /* under way, or NULL */
    const char *refusal;              /* of automation; "" for none */
    const struct ref_view *rewritten; /* or NULL */
};

static void add_obstacle(const struct outlook *outlook, struct str *out)
{
    const char *shut = first_shut(outlook->answers);
    if (outlook->rewritten) {
        str_addf(out,
                 "The history of the branch %s was rewritten. Look at it, then run `heddle sync`.",
                 outlook->rewritten->branch);
    } else if (outlook->hold) {
        str_addf(out, "Held by %s: %s", outlook->hold->owner, outlook->hold->reason);
    } else if (!outlook->stage->automatic && !outlook->release) {
        str_add(out, "This stage is not automatic: someone promotes.");
    } else if (outlook->refusal[0]) {
        str_add(out, outlook->refusal);
    } else if (shut) {
        str_add(out, shut);
    }
}

static void put_next(json_t *cell, const struct outlook *outlook)
{
    const struct plan *plan = outlook->plan;
    if (plan->item_count == 0) {
        json_put(cell, "next", json_null());
        return;
    }
    json_t *next = json_object();
    json_put(next, "image", view_image(&plan->items[0].changes[0].to));
    json_put_text(next, "from", plan->from);
    if (chart_is_named(plan->items[0].changes[0].container)) {
        json_put_bool(next, "isChart", true);
    }
    AUTO_STR(blocked, REASON_BYTES);
    add_obstacle(outlook, &blocked);
    json_put_text(next, "blockedBy", blocked.length ? blocked.text : NULL);
    json_put(cell, "next", next);
}

/* The one sentence: what is wrong first, then what it waits for, then that all is well. */
static void explain(const json_t *cell, const struct plan *plan, const struct release *release,
                    struct str *out)
{
    const char *what = json_text_at(cell, "diagnosis.what", NULL);
    const char *state = json_text_at(cell, "state", "");
    if (what) {
        str_add(out, what);
    } else if (strcmp(state, "healthy") != 0 || release) {
        str_add(out, json_text_at(cell, "summary", ""));
    } else if (plan->item_count) {
        str_addf(out, "It runs %s, healthy; %s is on offer: %s",
                 json_text_at(cell, "version", "its version"), plan->items[0].changes[0].to.tag,
                 json_text_at(cell, "next.blockedBy", "it will be promoted."));
    } else if (plan->skip_count) {
        str_addf(out, "It runs %s, healthy. Nothing to promote: %s",
                 json_text_at(cell, "version", "its version"), plan->skips[0].reason);
    } else {
        str_addf(out, "It runs %s, healthy.", json_text_at(cell, "version", "its version"));
    }
}

json_t *view_cell_detail(struct api *api, const char *stage, const char *workload, struct err *err)
{
    const struct git_view *view = promote_git(api->options.engine);
    const struct stage *found =
        view && view->pipeline ? pipeline_stage(view->pipeline, stage) : NULL;
    json_t *cell = found ? view_cell(api, stage, workload) : NULL;
    if (!cell) {
        err_set(err, ERR_NOT_FOUND,
                found ? "%s has no workload \"%.63s\"" : "there is no stage \"%s\"%.0s", stage,
                workload);
        return NULL;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan = {0};
    struct gate_answer answers[GATE_RULE_COUNT] = {0};
    bool applies[GATE_RULE_COUNT] = {false};
    const struct release *release = promote_release_of(api->options.engine, stage, workload);
    if (plan_one(api, stage, workload, arena, &plan) && plan.item_count) {
        promote_plan_gates(api->options.engine, &plan, answers, applies);
    }
    if (release && release->phase < RELEASE_COMMITTING) {
        promote_gates(api->options.engine, release, answers, applies);
    }
    json_put_text(cell, "workload", workload);
    char refusal[REASON_BYTES] = "";
    if (plan.item_count && found->automatic && !release) {
        (void)promote_automation_refuses(api->options.engine, stage, &plan.items[0], refusal);
    }
    struct outlook outlook = {
        .plan = &plan,
        .answers = answers,
        .hold = promote_hold_of(api->options.engine, stage, workload),
        .stage = found,
        .release = release,
        .refusal = refusal,
        .rewritten = promote_rewritten(api->options.engine, found),
    };
    put_next(cell, &outlook);
    json_put(cell, "gates", view_gates(answers, applies));
    AUTO_STR(explanation, (size_t)REASON_BYTES * 2);
    explain(cell, &plan, release, &explanation);
    json_put_text(cell, "explanation", explanation.text);
    json_put(cell, "releases", view_last_releases(api, stage, workload));
    json_put(cell, "places", view_places(view, stage, workload));
    return cell;
}
