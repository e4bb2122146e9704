/* What the server knows: Git, clusters, versions and holds. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "promote/engine.h"

struct scan_hold *scan_hold_new(void)
{
    struct scan_hold *hold = xcalloc(1, sizeof(*hold));
    atomic_init(&hold->views, 1);
    hold->arena = arena_new();
    return hold;
}

struct scan_hold *scan_hold_share(struct scan_hold *hold)
{
    atomic_fetch_add(&hold->views, 1);
    return hold;
}

void scan_hold_drop(struct scan_hold **hold)
{
    if (*hold && atomic_fetch_sub(&(*hold)->views, 1) == 1) {
        arena_free(&(*hold)->arena);
        free(*hold);
    }
    *hold = NULL;
}

void git_view_free(struct git_view **view)
{
    if (!*view) {
        return;
    }
    for (size_t i = 0; i < (*view)->target_count; i++) {
        scan_hold_drop(&(*view)->targets[i].hold);
    }
    struct arena *arena = (*view)->arena;
    *view = NULL;
    arena_free(&arena);
}

const struct pipeline *pipeline_of(const struct promote *engine)
{
    return engine->git ? engine->git->pipeline : NULL;
}

struct target_view *target_find(const struct promote *engine, const char *cluster)
{
    for (size_t i = 0; engine->git && i < engine->git->target_count; i++) {
        if (strcmp(engine->git->targets[i].target->cluster, cluster) == 0) {
            return &engine->git->targets[i];
        }
    }
    return NULL;
}

static int64_t place_in_history(const struct ref_view *ref, const char *commit)
{
    for (size_t i = 0; i < ref->history_count; i++) {
        if (strcmp(ref->history[i], commit) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

bool history_contains(const struct promote *engine, const char *tip, const char *commit)
{
    if (strcmp(tip, commit) == 0) {
        return tip[0] != '\0';
    }
    if (!engine->git || !tip[0] || !commit[0]) {
        return false;
    }
    for (size_t i = 0; i < engine->git->ref_count; i++) {
        int64_t tip_at = place_in_history(&engine->git->refs[i], tip);
        if (tip_at >= 0 && place_in_history(&engine->git->refs[i], commit) > tip_at) {
            return true;
        }
    }
    return false;
}

const struct place *place_of(const struct scan_workload *workload, const char *container)
{
    for (size_t i = 0; i < workload->place_count; i++) {
        if (strcmp(workload->places[i].container, container) == 0) {
            return &workload->places[i];
        }
    }
    return NULL;
}

/* ---- clusters ---- */

const struct cluster_view *cluster_find(const struct promote *engine, const char *name)
{
    return map_get(&engine->clusters, name);
}

const struct report_workload *reported(const struct promote *engine, const char *cluster,
                                       const char *workload)
{
    const struct cluster_view *view = cluster_find(engine, cluster);
    return view && view->has_report ? map_get(&view->by_workload, workload) : NULL;
}

static void cluster_free(struct cluster_view *view)
{
    map_done(&view->by_workload);
    arena_free(&view->arena);
    free(view);
}

static void copy_workload(struct arena *arena, const struct report_workload *from,
                          struct report_workload *to)
{
    *to = *from;
    to->wanted_images = arena_alloc(arena, from->wanted_count, sizeof(*to->wanted_images));
    to->running_images = arena_alloc(arena, from->running_count, sizeof(*to->running_images));
    if (from->wanted_count) {
        memcpy(to->wanted_images, from->wanted_images,
               from->wanted_count * sizeof(*to->wanted_images));
    }
    if (from->running_count) {
        memcpy(to->running_images, from->running_images,
               from->running_count * sizeof(*to->running_images));
    }
}

static bool same_images(const struct workload_image *a, size_t a_count,
                        const struct workload_image *b, size_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (size_t i = 0; i < a_count; i++) {
        if (strcmp(a[i].container, b[i].container) != 0 ||
            strcmp(a[i].image.tag, b[i].image.tag) != 0 ||
            strcmp(a[i].image.digest, b[i].image.digest) != 0) {
            return false;
        }
    }
    return true;
}

/* "Since" is this server's clock at the change, not the agent's: clocks differ, and an agent that
   starts again must not restart a soak. */
static void keep_since(const struct report_workload *before, struct report_workload *now,
                       int64_t now_ms)
{
    bool same = before && before->state == now->state &&
                same_images(before->wanted_images, before->wanted_count, now->wanted_images,
                            now->wanted_count);
    now->since_ms = same ? before->since_ms : now_ms;
    bool same_cause = before && strcmp(before->diagnosis.code, now->diagnosis.code) == 0;
    now->diagnosis_since_ms = same_cause ? before->diagnosis_since_ms : now_ms;
}

/* What was not measured since is as it was. */
static void keep_use(const struct report_workload *before, struct report_workload *now)
{
    if (before && now->use.pods == 0 && now->use.used_pods == 0) {
        now->use = before->use;
    }
}

static void take_uses(struct cluster_view *view, const struct report *report)
{
    for (size_t i = 0; i < report->use_count; i++) {
        struct report_workload *workload = map_get(&view->by_workload, report->uses[i].name);
        if (workload) {
            workload->use = report->uses[i].use;
        }
    }
    view->report.uses = NULL;
    view->report.use_count = 0;
}

static void copy_capacity(struct cluster_view *view, const struct capacity *from)
{
    view->report.capacity = NULL;
    if (from) {
        view->report.capacity = ARENA_NEW(view->arena, struct capacity);
        *view->report.capacity = *from;
    }
}

/* A copy in the view's arena. */
static void *copied(struct cluster_view *view, const void *items, size_t count, size_t size)
{
    void *copy = arena_alloc(view->arena, count, size);
    if (count) {
        memcpy(copy, items, count * size);
    }
    return copy;
}

/* The next picture: workloads of the report, and of the one before unless the report is full. */
static struct cluster_view *merge(const struct cluster_view *before, const struct report *report,
                                  int64_t now_ms)
{
    struct cluster_view *view = xcalloc(1, sizeof(*view));
    view->arena = arena_new();
    TEXT_COPY_CUT(view->name, report->cluster);
    view->seen_ms = now_ms;
    view->has_report = true;
    view->report = *report;
    size_t old_count =
        before && before->has_report && !report->is_full ? before->report.workload_count : 0;
    size_t room = report->workload_count + old_count;
    struct report_workload *all = arena_alloc(view->arena, room, sizeof(*all));
    size_t count = 0;
    for (size_t i = 0; i < report->workload_count; i++) {
        struct report_workload *to = &all[count++];
        const struct report_workload *old =
            before ? map_get(&before->by_workload, report->workloads[i].name) : NULL;
        copy_workload(view->arena, &report->workloads[i], to);
        keep_since(old, to, now_ms);
        keep_use(old, to);
        map_set(&view->by_workload, to->name, to);
    }
    for (size_t i = 0; i < old_count; i++) {
        const struct report_workload *old = &before->report.workloads[i];
        if (!map_has(&view->by_workload, old->name)) {
            copy_workload(view->arena, old, &all[count]);
            map_set(&view->by_workload, old->name, &all[count++]);
        }
    }
    view->report.workloads = all;
    view->report.workload_count = count;
    view->report.problems =
        copied(view, report->problems, report->problem_count, sizeof(*report->problems));
    view->report.drifts =
        copied(view, report->drifts, report->drift_count, sizeof(*report->drifts));
    copy_capacity(view, report->capacity ? report->capacity
                        : before         ? before->report.capacity
                                         : NULL);
    take_uses(view, report);
    return view;
}

static bool is_gap(const struct cluster_view *before, const struct report *report)
{
    if (report->is_full) {
        return false;
    }
    return !before || !before->has_report || strcmp(before->report.session, report->session) != 0 ||
           report->sequence != before->report.sequence + 1;
}

static void tell_cells(struct promote *engine, const struct cluster_view *view,
                       const struct report *report)
{
    const struct target_view *target = target_find(engine, view->name);
    for (size_t i = 0; target && i < report->workload_count; i++) {
        engine->ports.cell_changed(engine->ports.context, target->stage->name,
                                   report->workloads[i].name);
    }
}

bool promote_take_report(struct promote *engine, const struct report *report, struct err *err)
{
    struct cluster_view *before = map_get(&engine->clusters, report->cluster);
    if (is_gap(before, report)) {
        return err_set(err, ERR_CONFLICT, "reports of %s are missing here; send a full one",
                       report->cluster);
    }
    int64_t now_ms = now_of(engine);
    struct cluster_view *view = merge(before, report, now_ms);
    bool says_nothing_new = before && report->workload_count == 0 && !report->is_full &&
                            strcmp(before->report.applied_commit, report->applied_commit) == 0 &&
                            before->report.problem_count == report->problem_count;
    AUTO_JSON *whole = says_nothing_new ? NULL : report_to_json(&view->report);
    if (whole &&
        !store_cluster_report(engine->store, view->name, report->session, whole, now_ms, err)) {
        cluster_free(view);
        return err_wrap(err, "store the report of %s", report->cluster);
    }
    map_set(&engine->clusters, view->name, view);
    if (before) {
        cluster_free(before);
    }
    tell_cells(engine, view, report);
    for (size_t i = 0; i < report->workload_count; i++) {
        automatic_note(engine, report->workloads[i].name);
    }
    return true;
}

static bool load_cluster(struct promote *engine, const struct cluster_row *row, struct err *err)
{
    struct cluster_view *view = xcalloc(1, sizeof(*view));
    view->arena = arena_new();
    TEXT_COPY_CUT(view->name, row->name);
    view->seen_ms = row->seen_ms;
    map_set(&engine->clusters, view->name, view);
    struct err ignored = {0};
    AUTO_JSON *last = store_cluster_last_report(engine->store, row->name, &ignored);
    if (!last) {
        *err = ignored;
        return ignored.kind == ERR_NONE;
    }
    /* A report that cannot be read back is worth nothing, but stops nothing either. */
    if (!report_from_json(last, view->arena, &view->report, &ignored)) {
        return true;
    }
    view->has_report = true;
    for (size_t i = 0; i < view->report.workload_count; i++) {
        map_set(&view->by_workload, view->report.workloads[i].name, &view->report.workloads[i]);
    }
    return true;
}

/* ---- holds ---- */

bool holds_reload(struct promote *engine, struct err *err)
{
    struct arena *arena = arena_new();
    struct hold_list holds;
    if (!store_hold_list(engine->store, now_of(engine), arena, &holds, err)) {
        arena_free(&arena);
        return false;
    }
    arena_free(&engine->holds_arena);
    engine->holds_arena = arena;
    engine->holds = holds;
    return true;
}

const struct hold *hold_find(const struct promote *engine, const char *stage, const char *workload)
{
    const struct hold *of_stage = NULL;
    for (size_t i = 0; i < engine->holds.count; i++) {
        const struct hold *hold = &engine->holds.holds[i];
        if (strcmp(hold->stage, stage) != 0) {
            continue;
        }
        if (strcmp(hold->workload, workload) == 0) {
            return hold;
        }
        of_stage = hold->workload[0] ? of_stage : hold;
    }
    return of_stage;
}

/* A rollback's hold ends when something newer than what it rejected is on offer. */
void hold_check_superseded(struct promote *engine, const char *stage, const char *workload,
                           const struct image *candidate)
{
    const struct hold *hold = hold_find(engine, stage, workload);
    if (!hold || !hold->rejected.repository[0] ||
        strcmp(hold->rejected.repository, candidate->repository) != 0) {
        return;
    }
    if (versions_order(engine, candidate, &hold->rejected, 0) <= 0) {
        return;
    }
    struct err err = {0};
    int64_t ended = 0;
    if (store_hold_end(engine->store, stage, workload, now_of(engine), &ended, &err) &&
        holds_reload(engine, &err)) {
        engine->ports.cell_changed(engine->ports.context, stage, workload);
    }
}

/* ---- all of it ---- */

bool world_load(struct promote *engine, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct cluster_list clusters;
    if (!store_cluster_list(engine->store, arena, &clusters, err)) {
        return false;
    }
    for (size_t i = 0; i < clusters.count; i++) {
        if (!load_cluster(engine, &clusters.clusters[i], err)) {
            return false;
        }
    }
    return versions_load(engine, err);
}

void world_free(struct promote *engine)
{
    MAP_EACH (slot, &engine->clusters) {
        cluster_free(slot->value);
    }
    map_done(&engine->clusters);
    MAP_EACH (slot, &engine->repositories) {
        repository_free(slot->value);
    }
    map_done(&engine->repositories);
    map_done(&engine->due_workloads);
    git_view_free(&engine->git);
    free(engine->heads);
    arena_free(&engine->holds_arena);
}
