/*
 * Rolling back: a release like any other, whose versions come from history, that no gate
 * delays, and that holds automation so that it is not undone at once.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "promote/engine.h"

/* Releases of a cell that are looked at for what ran before. */
#define HISTORY_LOOK_BACK 100

static const struct image_change *change_of(const struct release *release, const char *workload,
                                            const char *target, const char *container)
{
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        if (strcmp(item->workload, workload) != 0 || strcmp(item->target, target) != 0) {
            continue;
        }
        for (size_t n = 0; n < item->change_count; n++) {
            if (strcmp(item->changes[n].container, container) == 0) {
                return &item->changes[n];
            }
        }
    }
    return NULL;
}

/* What ran here before `current`; or, with a tag, the version of that name that history knows. */
static const struct image *image_before(const struct release_list *history, const char *workload,
                                        const char *target, const struct place *place,
                                        const char *tag)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct image_change *change =
            change_of(history->releases[i], workload, target, place->container);
        if (!change) {
            continue;
        }
        if (tag && strcmp(change->from.tag, tag) == 0) {
            return &change->from;
        }
        if (tag && strcmp(change->to.tag, tag) == 0) {
            return &change->to;
        }
        /* What a rollback took away is not "before": two rollbacks in a row must not bring it back.
         */
        if (!tag && history->releases[i]->kind != RELEASE_ROLLBACK &&
            image_same_version(&change->to, &place->image)) {
            return &change->from;
        }
    }
    return NULL;
}

static const struct image *image_in_registry(const struct promote *engine, const char *repository,
                                             const char *tag, struct arena *arena)
{
    const struct repository_view *view = tag ? repository_find(engine, repository) : NULL;
    for (size_t i = 0; view && i < view->versions.count; i++) {
        const struct version_row *row = &view->versions.rows[i];
        if (strcmp(row->tag, tag) == 0 && version_is_known(row)) {
            struct image *image = ARENA_NEW(arena, struct image);
            TEXT_COPY_CUT(image->repository, repository);
            TEXT_COPY_CUT(image->tag, row->tag);
            TEXT_COPY_CUT(image->digest, row->digest);
            return image;
        }
    }
    return NULL;
}

static void add_candidate(struct promote *engine, const struct target_view *target,
                          const struct scan_workload *workload, const struct release_list *history,
                          const char *tag, struct arena *arena, struct candidates *out)
{
    struct plan_candidate *candidate = &out->items[out->count++];
    TEXT_COPY_CUT(candidate->workload, workload->name);
    TEXT_COPY_CUT(candidate->target, target->target->cluster);
    /* Every cluster goes back at once: waves protect against the new, not against the known.  But a
       commit is on one branch, and a wave is one commit. */
    candidate->wave = (int)(target->ref - engine->git->refs);
    candidate->containers =
        arena_alloc(arena, workload->place_count, sizeof(*candidate->containers));
    for (size_t i = 0; i < workload->place_count; i++) {
        const struct place *place = &workload->places[i];
        const struct image *before =
            image_before(history, workload->name, target->target->cluster, place, tag);
        if (!before) {
            before = image_in_registry(engine, place->image.repository, tag, arena);
        }
        if (!before || !before->tag[0]) {
            continue;
        }
        struct plan_container *container = &candidate->containers[candidate->container_count++];
        TEXT_COPY_CUT(container->container, place->container);
        container->current = place->image;
        container->offered = *before;
        container->file = place->file;
        container->line = place->line;
        container->blocked = place->blocked;
    }
    if (candidate->container_count == 0) {
        candidate->unavailable = arena_printf(
            arena, "Nothing is known of what %s ran before in %s; name a version with --to.",
            workload->name, target->target->cluster);
    }
}

static bool gather(struct promote *engine, const char *stage, const char *workload, const char *tag,
                   struct arena *arena, struct candidates *out, struct err *err)
{
    struct release_filter filter = {
        .stage = stage, .workload = workload, .limit = HISTORY_LOOK_BACK};
    struct release_list listed;
    if (!store_release_list(engine->store, &filter, arena, &listed, err)) {
        return false;
    }
    for (size_t i = 0; i < engine->git->target_count; i++) {
        const struct target_view *target = &engine->git->targets[i];
        const struct scan_workload *found = strcmp(target->stage->name, stage) == 0 && target->scan
                                                ? scan_find(target->scan, workload)
                                                : NULL;
        if (found) {
            add_candidate(engine, target, found, &listed, tag, arena, out);
        }
    }
    return true;
}

/* The stage and the workloads that are meant. */
struct meant {
    char stage[NAME_BYTES];
    const char **workloads;
    size_t count;
    int64_t release;
};

static void add_workload(struct meant *meant, const char *workload)
{
    assert(workload);

    for (size_t i = 0; i < meant->count; i++) {
        if (strcmp(meant->workloads[i], workload) == 0) {
            return;
        }
    }
    meant->workloads[meant->count++] = workload;
}

static bool find_meant(struct promote *engine, const struct rollback_request *request,
                       struct arena *arena, struct meant *out, struct err *err)
{
    *out = (struct meant){0};
    if (!request->release) {
        TEXT_COPY_CUT(out->stage, request->stage);
        out->workloads = arena_alloc(arena, 1, sizeof(*out->workloads));
        add_workload(out, request->workload);
        return true;
    }
    struct release *release = NULL;
    if (!store_release_get(engine->store, request->release, arena, &release, err)) {
        return false;
    }
    TEXT_COPY_CUT(out->stage, release->stage);
    out->release = release->id;
    out->workloads = arena_alloc(arena, release->item_count, sizeof(*out->workloads));
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        if (item->change_count && (item->wave < release->wave || release->is_pushed)) {
            add_workload(out, item->workload);
        }
    }
    return out->count ||
           err_set(err, ERR_REFUSED, "R-%lld has put nothing into Git; stop it instead",
                   (long long)request->release);
}

static bool put_holds(struct promote *engine, const struct plan *plan,
                      const struct rollback_request *request, struct err *err)
{
    for (size_t i = 0; i < plan->item_count; i++) {
        struct hold hold = {.rejected = plan->items[i].changes[0].from,
                            .created_ms = now_of(engine)};
        TEXT_COPY_CUT(hold.stage, plan->to);
        TEXT_COPY_CUT(hold.workload, plan->items[i].workload);
        TEXT_COPY_CUT(hold.owner, request->actor);
        TEXT_COPY_CUT(hold.reason, request->reason);
        if (!store_hold_put(engine->store, &hold, err)) {
            return false;
        }
    }
    return true;
}

/* Hold and release stand or fall together: a rollback that automation undoes is none. */
static bool store_together(struct promote *engine, struct release *release, const struct plan *plan,
                           const struct rollback_request *request, bool *out_is_new,
                           struct err *err)
{
    AUTO_JSON *frozen = plan_to_json(plan);
    if (!store_begin(engine->store, err)) {
        return false;
    }
    if (!run_store(engine, release, frozen, request->request_key, out_is_new, err) ||
        (*out_is_new && !put_holds(engine, plan, request, err)) ||
        !store_commit(engine->store, err)) {
        store_abort(engine->store);
        return false;
    }
    return true;
}

static bool begin(struct promote *engine, const struct plan *plan,
                  const struct rollback_request *request, const struct meant *meant,
                  struct arena *take_arena, int64_t *out_id, struct err *err)
{
    struct release *release = release_from_plan(engine, plan, RELEASE_ROLLBACK, request->actor,
                                                request->reason, take_arena);
    release->from[0] = '\0';
    release->rollback_of = meant->release;
    bool is_new = false;
    bool is_stored = store_together(engine, release, plan, request, &is_new, err);
    *out_id = release->id;
    if (!is_stored || !is_new) {
        arena_free(&take_arena);
        return is_stored;
    }
    run_enter(engine, take_arena, release);
    return holds_reload(engine, err);
}

static bool check_plan(const struct plan *plan, struct err *err)
{
    if (plan->item_count == 0) {
        return err_set(err, ERR_REFUSED, "nothing to roll back: %s",
                       plan->skip_count ? plan->skips[0].reason : "no target has it");
    }
    return plan->wave_count <= RELEASE_WAVES_MAX ||
           err_set(err, ERR_REFUSED,
                   "its targets are on %d branches, and a release has at most %d waves",
                   plan->wave_count, RELEASE_WAVES_MAX);
}

static bool roll_back(struct promote *engine, const struct rollback_request *request,
                      int64_t *out_id, struct err *err)
{
    if (!pipeline_of(engine)) {
        return err_set(err, ERR_UNAVAILABLE, "the config repository has not been read yet");
    }
    struct arena *arena = arena_new();
    struct meant meant;
    struct candidates candidates = {0};
    bool done = find_meant(engine, request, arena, &meant, err);
    candidates.items = done ? arena_alloc(arena, meant.count * engine->git->target_count,
                                          sizeof(*candidates.items))
                            : NULL;
    for (size_t i = 0; done && i < meant.count; i++) {
        done =
            gather(engine, meant.stage, meant.workloads[i], request->to, arena, &candidates, err);
    }
    if (done && candidates.count == 0) {
        done = err_set(err, ERR_NOT_FOUND, "%s has no workload \"%.63s\"", meant.stage,
                       meant.count ? meant.workloads[0] : "");
    }
    struct plan plan = {0};
    if (done) {
        struct plan_request asked = {.from = "history"};
        TEXT_COPY_CUT(asked.to, meant.stage);
        plan_make(&asked, candidates.items, candidates.count, arena, &plan);
        done = check_plan(&plan, err);
    }
    if (!done) {
        arena_free(&arena);
        return false;
    }
    return begin(engine, &plan, request, &meant, arena, out_id, err);
}

bool promote_rollback(struct promote *engine, const struct rollback_request *request,
                      int64_t *out_id, struct err *err)
{
    if (!request->reason || !request->reason[0]) {
        return err_set(err, ERR_INVALID, "say why you roll back (-m \"…\"): others will ask");
    }
    if (!roll_back(engine, request, out_id, err)) {
        return false;
    }
    engine->ports.board_changed(engine->ports.context);
    promote_tick(engine);
    return true;
}

bool rollback_failed(struct promote *engine, const struct release *failed, struct err *err)
{
    char reason[REASON_BYTES];
    char key[48];
    snprintf(reason, sizeof(reason), "R-%lld failed, and the stage says onFailure: rollback.",
             (long long)failed->id);
    snprintf(key, sizeof(key), "heddle:rollback-of-%lld", (long long)failed->id);
    struct rollback_request request = {
        .release = failed->id, .actor = "heddle", .reason = reason, .request_key = key};
    int64_t id = 0;
    if (roll_back(engine, &request, &id, err)) {
        engine->ports.board_changed(engine->ports.context);
        return true;
    }
    /* Nothing to roll back to is no further failure: the failed release says what is wrong. */
    return !err_is_retryable(err->kind);
}
