#include "server/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPELINE_BYTES_MAX (1U << 20)
/* Commits of people that are told apart in one look; more than that become one change. */
#define FOREIGN_COMMITS_MAX 200

/* ---- the pipeline file ---- */

/* A stage that asks for pull requests needs a Git host to open them. */
static bool check_stages(const struct look *look, const struct pipeline *pipeline, struct err *err)
{
    for (size_t i = 0; !look->has_forge && i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (stage->pull_mode != PULL_MODE_NONE) {
            return err_set(
                err, ERR_INVALID,
                "%.120s:%u:%u: the stage %s asks for pull requests, and the server knows "
                "no Git host: start it with --forge-token-file, or take pullRequest away",
                look->pipeline_file, stage->line, stage->column, stage->name);
        }
    }
    return true;
}

/* The file at this commit; when it cannot be read, the last good one goes on and the problem is
 * shown. */
static void read_pipeline(struct look *look, struct git_view *view)
{
    struct err err = {0};
    AUTO_STR(text, PIPELINE_BYTES_MAX);
    if (git_read_path(look->git, view->head, look->pipeline_file, &text, &err) &&
        configrepo_pipeline(str_slice(&text), look->pipeline_file, view->arena, &view->pipeline,
                            &err) &&
        check_stages(look, view->pipeline, &err)) {
        free(look->good_pipeline);
        look->good_pipeline = xstrdup(text.text);
        return;
    }
    view->pipeline = NULL;
    if (err.kind == ERR_NOT_FOUND) {
        snprintf(view->pipeline_problem, sizeof(view->pipeline_problem),
                 "There is no %s in the repository. Write one; docs/guide.md shows how.",
                 look->pipeline_file);
    } else {
        TEXT_COPY_CUT(view->pipeline_problem, err.text);
    }
    if (look->good_pipeline &&
        !configrepo_pipeline(slice_of(look->good_pipeline), look->pipeline_file, view->arena,
                             &view->pipeline, &err)) {
        view->pipeline = NULL;
    }
}

static void list_targets(struct git_view *view)
{
    const struct pipeline *pipeline = view->pipeline;
    size_t room = 0;
    for (size_t i = 0; pipeline && i < pipeline->stage_count; i++) {
        room += pipeline->stages[i].target_count;
    }
    view->targets = arena_alloc(view->arena, room, sizeof(*view->targets));
    for (size_t i = 0; pipeline && i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            view->targets[view->target_count++] = (struct target_view){
                .stage = stage,
                .target = &stage->targets[n],
                .wave = (int)stage->wave_of_target[n],
            };
        }
    }
}

/* ---- scans ---- */

static bool touches(const struct scan *scan, const char *path)
{
    size_t length = strlen(scan->path);
    if (strncmp(path, scan->path, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
        return true;
    }
    for (size_t i = 0; i < scan->workload_count; i++) {
        if (scan_reads(&scan->workloads[i], path)) {
            return true;
        }
    }
    return false;
}

struct changed {
    const char **paths;
    size_t count;
};

/* A target in whose files nothing changed keeps its scan: a look costs what changed. */
static void keep_scan(const struct look *look, const struct changed *changed,
                      struct target_view *target)
{
    for (size_t i = 0; look->before && i < look->before->target_count; i++) {
        const struct target_view *old = &look->before->targets[i];
        if (!old->scan || old->scan->problems ||
            strcmp(old->scan->path, target->target->path) != 0) {
            continue;
        }
        for (size_t n = 0; n < changed->count; n++) {
            if (touches(old->scan, changed->paths[n])) {
                return;
            }
        }
        target->scan = old->scan;
        target->hold = scan_hold_share(old->hold);
        return;
    }
}

static void scan_target(struct configrepo_survey *survey, struct target_view *target)
{
    struct err err = {0};
    target->hold = scan_hold_new();
    if (!configrepo_survey_scan(survey, target->target->path, target->hold->arena, &target->scan,
                                &err)) {
        target->scan = NULL;
        TEXT_COPY_CUT(target->problem, err.text);
    }
}

/* Scan what could not be kept; what several targets read is read once. */
static bool scan_rest(const struct look *look, struct git_view *view, struct err *err)
{
    AUTO(configrepo_survey_close) struct configrepo_survey *survey = NULL;
    const char **paths = arena_alloc(view->arena, view->target_count, sizeof(*paths));
    bool is_all_kept = true;
    for (size_t i = 0; i < view->target_count; i++) {
        paths[i] = view->targets[i].target->path;
        is_all_kept = is_all_kept && view->targets[i].hold;
    }
    if (is_all_kept) {
        return true;
    }
    struct survey_request request = {.commit = view->head,
                                     .paths = paths,
                                     .path_count = view->target_count,
                                     .fields = view->pipeline->image_fields,
                                     .field_count = view->pipeline->image_field_count,
                                     .memory = look->memory,
                                     .charts = look->charts};
    if (!configrepo_survey_open(look->git, &request, &survey, err)) {
        return false;
    }
    for (size_t i = 0; i < view->target_count; i++) {
        if (!view->targets[i].hold) {
            scan_target(survey, &view->targets[i]);
        }
    }
    return true;
}

static bool same_fields(const struct pipeline *a, const struct pipeline *b)
{
    bool same = a && b && a->image_field_count == b->image_field_count;
    for (size_t i = 0; same && i < a->image_field_count; i++) {
        same = strcmp(a->image_fields[i].kind, b->image_fields[i].kind) == 0 &&
               strcmp(a->image_fields[i].path, b->image_fields[i].path) == 0;
    }
    return same;
}

/* Another set of targets changes what is shared between them, and other named fields what is a
   version: then every scan is made again. */
static bool same_targets(const struct git_view *a, const struct git_view *b)
{
    if (a->target_count != b->target_count || !same_fields(a->pipeline, b->pipeline)) {
        return false;
    }
    for (size_t i = 0; i < a->target_count; i++) {
        if (strcmp(a->targets[i].target->path, b->targets[i].target->path) != 0) {
            return false;
        }
    }
    return true;
}

/* ---- what people committed ---- */

static void add_images(const struct scan_workload *before, const struct scan_workload *now,
                       struct arena *arena, struct foreign_change *change)
{
    change->images = arena_alloc(arena, now->place_count, sizeof(*change->images));
    for (size_t i = 0; before && i < now->place_count; i++) {
        for (size_t n = 0; n < before->place_count; n++) {
            const struct place *old = &before->places[n];
            if (strcmp(old->container, now->places[i].container) == 0 &&
                !image_same_version(&old->image, &now->places[i].image)) {
                struct image_change *image = &change->images[change->image_count++];
                TEXT_COPY_CUT(image->container, old->container);
                image->from = old->image;
                image->to = now->places[i].image;
            }
        }
    }
}

static bool workload_touched(const struct scan_workload *workload, const struct changed *changed)
{
    for (size_t n = 0; n < changed->count; n++) {
        if (scan_reads(workload, changed->paths[n])) {
            return true;
        }
    }
    return false;
}

static const struct scan *old_scan(const struct look *look, const char *path)
{
    for (size_t i = 0; look->before && i < look->before->target_count; i++) {
        const struct scan *scan = look->before->targets[i].scan;
        if (scan && strcmp(scan->path, path) == 0) {
            return scan;
        }
    }
    return NULL;
}

static void add_changes(const struct look *look, struct git_view *view,
                        const struct git_log_entry *commit, const struct changed *changed)
{
    size_t room = 0;
    for (size_t i = 0; i < view->target_count; i++) {
        room += view->targets[i].scan ? view->targets[i].scan->workload_count : 0;
    }
    view->changes = arena_alloc(view->arena, room, sizeof(*view->changes));
    for (size_t i = 0; i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        const struct scan *before = target->scan ? old_scan(look, target->target->path) : NULL;
        for (size_t n = 0; target->scan && n < target->scan->workload_count; n++) {
            const struct scan_workload *workload = &target->scan->workloads[n];
            if (!workload_touched(workload, changed)) {
                continue;
            }
            struct foreign_change *change = &view->changes[view->change_count++];
            TEXT_COPY_CUT(change->commit, commit->oid);
            TEXT_COPY_CUT(change->author, commit->author);
            TEXT_COPY_CUT(change->subject, commit->subject);
            TEXT_COPY_CUT(change->stage, target->stage->name);
            TEXT_COPY_CUT(change->target, target->target->cluster);
            TEXT_COPY_CUT(change->workload, workload->name);
            add_images(before ? scan_find(before, workload->name) : NULL, workload, view->arena,
                       change);
        }
    }
}

static bool is_ours(struct arena *arena, const struct git_log_entry *entry)
{
    return git_trailer(arena, entry->body, "Heddle-Release") != NULL;
}

/* Paths that people's commits changed since the last look, and the newest of those commits. */
static bool foreign_paths(const struct look *look, struct git_view *view, struct changed *out,
                          const struct git_log_entry **out_commit, struct err *err)
{
    struct git_log log = {0};
    *out_commit = NULL;
    if (!look->last_head[0] || strcmp(look->last_head, view->head) == 0) {
        return true;
    }
    if (!git_log(look->git, look->last_head, view->head, FOREIGN_COMMITS_MAX, view->arena, &log,
                 err)) {
        return false;
    }
    for (size_t i = 0; i < log.count; i++) {
        const struct git_log_entry *entry = &log.entries[i];
        if (is_ours(view->arena, entry) || !entry->parent[0]) {
            continue;
        }
        struct changed one = {0};
        if (!git_changed_paths(look->git, entry->parent, entry->oid, view->arena, &one.paths,
                               &one.count, err)) {
            return false;
        }
        const char **all = arena_alloc(view->arena, out->count + one.count, sizeof(*all));
        for (size_t n = 0; n < out->count + one.count; n++) {
            all[n] = n < out->count ? out->paths[n] : one.paths[n - out->count];
        }
        out->paths = all;
        out->count += one.count;
        *out_commit = *out_commit ? *out_commit : entry;
    }
    return true;
}

/* ---- the look ---- */

static bool read_history(const struct look *look, struct git_view *view, struct err *err)
{
    struct git_log log = {0};
    if (!git_log(look->git, "", view->head, HISTORY_MAX, view->arena, &log, err)) {
        return false;
    }
    view->history = arena_alloc(view->arena, log.count, sizeof(*view->history));
    for (size_t i = 0; i < log.count; i++) {
        view->history[view->history_count++] = log.entries[i].oid;
    }
    return true;
}

static bool scan_all(struct look *look, struct git_view *view, struct err *err)
{
    struct changed changed = {0};
    struct changed foreign = {0};
    const struct git_log_entry *commit = NULL;
    bool can_keep = look->before && same_targets(look->before, view);
    if (can_keep && strcmp(look->before->head, view->head) != 0 &&
        !git_changed_paths(look->git, look->before->head, view->head, view->arena, &changed.paths,
                           &changed.count, err)) {
        return false;
    }
    if (!look->is_astray && !foreign_paths(look, view, &foreign, &commit, err)) {
        return false;
    }
    for (size_t i = 0; can_keep && i < view->target_count; i++) {
        keep_scan(look, &changed, &view->targets[i]);
    }
    if (!scan_rest(look, view, err)) {
        return false;
    }
    if (commit) {
        add_changes(look, view, commit, &foreign);
    }
    return true;
}

/* A rewritten history is known by the fetch that brings it, and after a restart by the commit that
   is no longer in it.  Rewritten stays rewritten until a person has looked. */
static bool fetch(struct look *look, struct git_view *view, bool *out_same)
{
    bool is_rewritten = false;
    bool goes_on = true;
    if (!git_fetch(look->git, view->head, &is_rewritten, &look->err) ||
        (look->last_head[0] &&
         !git_contains(look->git, view->head, look->last_head, &goes_on, &look->err))) {
        return false;
    }
    look->is_astray = is_rewritten || !goes_on || (look->before && look->before->is_rewritten);
    view->is_rewritten = look->is_astray && !look->accept_rewrite;
    *out_same = look->before && strcmp(look->before->head, view->head) == 0 &&
                look->before->is_rewritten == view->is_rewritten;
    return true;
}

void look_run(void *context)
{
    struct look *look = context;
    struct git_view *view = NULL;
    struct arena *arena = arena_new();
    view = ARENA_NEW(arena, struct git_view);
    view->arena = arena;
    bool is_same = false;
    look->has_failed = !fetch(look, view, &is_same);
    if (look->has_failed || is_same) {
        git_view_free(&view);
        return;
    }
    read_pipeline(look, view);
    list_targets(view);
    look->has_failed = !read_history(look, view, &look->err) || !scan_all(look, view, &look->err);
    if (look->has_failed) {
        git_view_free(&view);
        return;
    }
    look->view = view;
    if (!view->is_rewritten) {
        TEXT_COPY_CUT(look->last_head, view->head);
    }
}
