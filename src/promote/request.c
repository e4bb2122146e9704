/* What people ask to promote: the plan, and the release that a plan becomes. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "promote/engine.h"

static const struct stage *find_stage(const struct promote *engine, const char *name,
                                      struct err *err)
{
    const struct pipeline *pipeline = pipeline_of(engine);
    if (!pipeline) {
        err_set(err, ERR_UNAVAILABLE,
                engine->git ? "the pipeline file cannot be read: %s"
                            : "the config repository has not been read yet; try again soon%s",
                engine->git ? engine->git->pipeline_problem : "");
        return NULL;
    }
    const struct stage *stage = pipeline_stage(pipeline, name);
    if (!stage) {
        const char *names[PIPELINE_STAGES_MAX];
        for (size_t i = 0; i < pipeline->stage_count; i++) {
            names[i] = pipeline->stages[i].name;
        }
        const char *near = text_nearest(name, names, pipeline->stage_count);
        err_set(err, ERR_NOT_FOUND, "there is no stage \"%.63s\"%s%s%s", name,
                near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return stage;
}

static bool make_plan(struct promote *engine, const struct promote_request *request,
                      bool forwards_only, struct arena *arena, struct plan *out, struct err *err)
{
    const struct stage *stage = find_stage(engine, request->to, err);
    if (!stage) {
        return false;
    }
    struct plan_request asked = {.forwards_only = forwards_only};
    TEXT_COPY_CUT(asked.to, stage->name);
    TEXT_COPY_CUT(asked.from, request->from[0] ? request->from : facts_default_source(stage));
    struct candidates candidates;
    if (!facts_check_names(engine, request, stage, arena, err) ||
        !facts_candidates(engine, request, stage, &asked, arena, &candidates, err)) {
        return false;
    }
    plan_make(&asked, candidates.items, candidates.count, arena, out);
    return true;
}

static bool is_unresolved(const struct promote *engine, const char *repository, const char *tag)
{
    const struct repository_view *view = repository_find(engine, repository);
    for (size_t i = 0; view && i < view->versions.count; i++) {
        const struct version_row *row = &view->versions.rows[i];
        if (strcmp(row->tag, tag) == 0) {
            return !version_is_known(row) && !row->is_gone;
        }
    }
    return false;
}

static bool is_asked_for(const struct promote_request *request, const char *workload)
{
    for (size_t i = 0; i < request->workload_count; i++) {
        if (strcmp(request->workloads[i], workload) == 0) {
            return true;
        }
    }
    return request->workload_count == 0;
}

/* The first image of the workload whose digest is still to be asked for, or NULL. */
static const char *unresolved_of(const struct promote *engine, const struct scan_workload *workload,
                                 const char *version)
{
    for (size_t i = 0; i < workload->place_count; i++) {
        const char *repository = workload->places[i].image.repository;
        if (is_unresolved(engine, repository, version)) {
            return repository;
        }
    }
    return NULL;
}

const char *promote_unresolved(const struct promote *engine, const struct promote_request *request)
{
    for (size_t i = 0; request->version && engine->git && i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        const struct scan *scan =
            strcmp(target->stage->name, request->to) == 0 ? target->scan : NULL;
        for (size_t n = 0; scan && n < scan->workload_count; n++) {
            const struct scan_workload *workload = &scan->workloads[n];
            const char *repository = is_asked_for(request, workload->name)
                                         ? unresolved_of(engine, workload, request->version)
                                         : NULL;
            if (repository) {
                return repository;
            }
        }
    }
    return NULL;
}

bool promote_plan(struct promote *engine, const struct promote_request *request,
                  struct arena *arena, struct plan *out, struct err *err)
{
    return make_plan(engine, request, false, arena, out, err);
}

static void copy_item(const struct plan_item *from, struct arena *arena, int64_t now_ms,
                      struct release_item *to)
{
    TEXT_COPY_CUT(to->workload, from->workload);
    TEXT_COPY_CUT(to->target, from->target);
    to->wave = from->wave;
    to->state = ITEM_WAITING;
    to->since_ms = now_ms;
    to->change_count = from->change_count;
    to->changes = arena_alloc(arena, from->change_count, sizeof(*to->changes));
    for (size_t i = 0; i < from->change_count; i++) {
        TEXT_COPY_CUT(to->changes[i].container, from->changes[i].container);
        to->changes[i].from = from->changes[i].from;
        to->changes[i].to = from->changes[i].to;
    }
}

struct release *release_from_plan(struct promote *engine, const struct plan *plan,
                                  enum release_kind kind, const char *actor, const char *reason,
                                  struct arena *arena)
{
    struct release *release = ARENA_NEW(arena, struct release);
    release->kind = kind;
    TEXT_COPY_CUT(release->stage, plan->to);
    TEXT_COPY_CUT(release->from, plan->from);
    TEXT_COPY_CUT(release->actor, actor);
    TEXT_COPY_CUT(release->reason, reason ? reason : "");
    TEXT_COPY_CUT(release->plan_digest, plan->digest);
    release->phase = RELEASE_PLANNED;
    TEXT_COPY_CUT(release->why, "It has just been asked for.");
    release->created_ms = release->phase_ms = now_of(engine);
    release->wave_count = plan->wave_count;
    release->item_count = plan->item_count;
    release->items = arena_alloc(arena, plan->item_count, sizeof(*release->items));
    for (size_t i = 0; i < plan->item_count; i++) {
        copy_item(&plan->items[i], arena, release->created_ms, &release->items[i]);
    }
    return release;
}

static bool check_plan(const struct promote_request *request, const struct plan *plan,
                       struct err *err)
{
    if (plan->item_count == 0) {
        const char *reason = plan->skip_count == 1 ? plan->skips[0].reason : "look at the plan";
        return err_set(err, ERR_REFUSED, "nothing to promote to %s: %s", plan->to, reason);
    }
    if (request->plan_digest && strcmp(request->plan_digest, plan->digest) != 0) {
        return err_set(err, ERR_REFUSED,
                       "the plan has changed since you saw it (%.7s is now %.7s); look at it again",
                       request->plan_digest, plan->digest);
    }
    if (plan->wave_count > RELEASE_WAVES_MAX) {
        return err_set(err, ERR_INVALID, "a release has at most %d waves", RELEASE_WAVES_MAX);
    }
    return true;
}

bool promote_submit(struct promote *engine, const struct promote_request *request, int64_t *out_id,
                    struct err *err)
{
    struct arena *arena = arena_new();
    struct plan plan;
    if (!make_plan(engine, request, false, arena, &plan, err) || !check_plan(request, &plan, err)) {
        arena_free(&arena);
        return false;
    }
    struct release *release =
        release_from_plan(engine, &plan, RELEASE_PROMOTE, request->actor, request->reason, arena);
    AUTO_JSON *frozen = plan_to_json(&plan);
    if (!run_begin(engine, arena, release, frozen, request->request_key, out_id, err)) {
        return false;
    }
    promote_tick(engine);
    return true;
}
