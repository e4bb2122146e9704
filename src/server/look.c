#include "server/look_refs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPELINE_BYTES_MAX (1U << 20)
/* Commits of people that are told apart in one look; more than that become one change. */
#define FOREIGN_COMMITS_MAX 200

/* ---- the pipeline file ---- */

static bool refuse(const struct look *look, unsigned line, unsigned column, const char *text,
                   struct err *err)
{
    return err_set(err, ERR_INVALID, "%.120s:%u:%u: %.360s", look->pipeline_file, line, column,
                   text);
}

/* Repositories have URLs and credentials, which no file in one of them may choose. */
static bool check_repository(const struct look *look, const struct target *target, struct err *err)
{
    if (look_repository_of(look, target)) {
        return true;
    }
    AUTO_STR(text, 512);
    str_addf(&text,
             "%s is in the repository \"%s\", and the server knows none of that name: name it in "
             "the file of --repositories",
             target->cluster, target->repository);
    return refuse(look, target->line, target->column, text.text, err);
}

/* A stage that asks for pull requests needs a Git host to open them. */
static bool check_pulls(const struct look *look, const struct stage *stage,
                        const struct target *target, struct err *err)
{
    const struct config_repository *repository = look_repository_of(look, target);
    if (stage->pull_mode == PULL_MODE_NONE || repository->forge) {
        return true;
    }
    AUTO_STR(text, 512);
    str_addf(&text, "the stage %s asks for pull requests, and the server knows no Git host",
             stage->name);
    if (repository->name[0]) {
        str_addf(&text,
                 " of the repository \"%s\": give it a forge-token-file in the file of "
                 "--repositories, or take pullRequest away",
                 repository->name);
    } else {
        str_add(&text, ": start it with --forge-token-file, or take pullRequest away");
    }
    return refuse(look, stage->line, stage->column, text.text, err);
}

/* A branch that is the repository's own is the same, named or not. */
static void forget_own_branch(const struct look *look, struct target *target)
{
    if (strcmp(target->branch, look_repository_of(look, target)->branch) == 0) {
        target->branch[0] = '\0';
    }
}

/* What only the server can tell of the file. */
static bool check_targets(const struct look *look, struct pipeline *pipeline, struct err *err)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        struct stage *stage = &pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            struct target *target = &stage->targets[n];
            if (!check_repository(look, target, err) || !check_pulls(look, stage, target, err)) {
                return false;
            }
            forget_own_branch(look, target);
        }
    }
    struct err why = {0};
    return pipeline_check(pipeline, &why) ||
           err_set(err, ERR_INVALID, "%.120s:%.360s", look->pipeline_file, why.text);
}

static bool parse_pipeline(const struct look *look, struct slice text, struct git_view *view,
                           struct err *err)
{
    return configrepo_pipeline(text, look->pipeline_file, view->arena, &view->pipeline, err) &&
           check_targets(look, view->pipeline, err);
}

/* The file at this commit; when it cannot be read, the last good one goes on and the problem is
 * shown. */
static void read_pipeline(struct look *look, const char *head, struct git_view *view)
{
    struct err err = {0};
    AUTO_STR(text, PIPELINE_BYTES_MAX);
    if (git_read_path(look->repositories[0].git, head, look->pipeline_file, &text, &err) &&
        parse_pipeline(look, str_slice(&text), view, &err)) {
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
    if (look->good_pipeline && !parse_pipeline(look, slice_of(look->good_pipeline), view, &err)) {
        view->pipeline = NULL;
    }
}

static void put_refs(struct git_view *view, struct look_refs *refs)
{
    view->refs = arena_alloc(view->arena, refs->count, sizeof(*view->refs));
    for (size_t i = 0; i < refs->count; i++) {
        view->refs[i] = *refs->items[i].view;
        refs->items[i].view = &view->refs[i];
    }
    view->ref_count = refs->count;
}

static void list_targets(const struct look *look, struct git_view *view)
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
            const struct target *target = &stage->targets[n];
            view->targets[view->target_count++] = (struct target_view){
                .stage = stage,
                .target = target,
                .ref = git_view_ref(view, target->repository, look_branch_of(look, target)),
                .wave = (int)stage->wave_of_target[n],
            };
        }
    }
}

/* ---- scans ---- */

static bool touches(const struct scan *scan, const char *path)
{
    const char *folder = path_in_tree(scan->path);
    size_t length = strlen(folder);
    bool begins = strncmp(path, folder, length) == 0;
    if (begins && (length == 0 || path[length] == '/' || path[length] == '\0')) {
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

static bool is_same_target(const struct target_view *a, const struct target_view *b)
{
    return strcmp(a->target->path, b->target->path) == 0 &&
           strcmp(a->ref->repository, b->ref->repository) == 0 &&
           strcmp(a->ref->branch, b->ref->branch) == 0;
}

/* The target as the last look saw it, or NULL. */
static const struct target_view *before_of(const struct look *look,
                                           const struct target_view *target)
{
    for (size_t i = 0; look->before && i < look->before->target_count; i++) {
        if (is_same_target(&look->before->targets[i], target)) {
            return &look->before->targets[i];
        }
    }
    return NULL;
}

/* A target in whose files nothing changed keeps its scan: a look costs what changed. */
static void keep_scan(const struct look *look, const struct changed *changed,
                      struct target_view *target)
{
    const struct target_view *old = before_of(look, target);
    if (!old || !old->scan || old->scan->problems) {
        return;
    }
    for (size_t n = 0; n < changed->count; n++) {
        if (touches(old->scan, changed->paths[n])) {
            return;
        }
    }
    target->scan = old->scan;
    target->hold = scan_hold_share(old->hold);
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

/* Scan what could not be kept of a ref; what several of its targets read is read once. */
static bool scan_rest(const struct look *look, struct git_view *view, const struct look_ref *ref,
                      struct err *err)
{
    AUTO(configrepo_survey_close) struct configrepo_survey *survey = NULL;
    const char **paths = arena_alloc(view->arena, view->target_count, sizeof(*paths));
    size_t count = 0;
    bool is_all_kept = true;
    for (size_t i = 0; i < view->target_count; i++) {
        if (view->targets[i].ref == ref->view) {
            paths[count++] = view->targets[i].target->path;
            is_all_kept = is_all_kept && view->targets[i].hold;
        }
    }
    if (is_all_kept) {
        return true;
    }
    struct survey_request request = {.commit = ref->view->head,
                                     .paths = paths,
                                     .path_count = count,
                                     .fields = view->pipeline->image_fields,
                                     .field_count = view->pipeline->image_field_count,
                                     .memory = ref->repository->memory,
                                     .charts = look->charts};
    if (!configrepo_survey_open(ref->repository->git, &request, &survey, err)) {
        return false;
    }
    for (size_t i = 0; i < view->target_count; i++) {
        if (view->targets[i].ref == ref->view && !view->targets[i].hold) {
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
        if (!is_same_target(&a->targets[i], &b->targets[i])) {
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

/* What people changed on one ref, told by the newest of their commits. */
struct news {
    struct changed changed;
    const struct git_log_entry *commit; /* NULL: none */
};

static void add_change(const struct target_view *target, const struct scan_workload *workload,
                       const struct scan *before, const struct git_log_entry *commit,
                       struct git_view *view)
{
    struct foreign_change *change = &view->changes[view->change_count++];
    TEXT_COPY_CUT(change->commit, commit->oid);
    TEXT_COPY_CUT(change->author, commit->author);
    TEXT_COPY_CUT(change->subject, commit->subject);
    TEXT_COPY_CUT(change->stage, target->stage->name);
    TEXT_COPY_CUT(change->target, target->target->cluster);
    TEXT_COPY_CUT(change->workload, workload->name);
    add_images(before ? scan_find(before, workload->name) : NULL, workload, view->arena, change);
}

static void add_changes(const struct look *look, struct git_view *view, const struct ref_view *ref,
                        const struct news *news)
{
    for (size_t i = 0; i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        if (target->ref != ref || !target->scan) {
            continue;
        }
        const struct target_view *before = before_of(look, target);
        for (size_t n = 0; n < target->scan->workload_count; n++) {
            const struct scan_workload *workload = &target->scan->workloads[n];
            if (workload_touched(workload, &news->changed)) {
                add_change(target, workload, before ? before->scan : NULL, news->commit, view);
            }
        }
    }
}

static void make_room(struct git_view *view)
{
    size_t room = 0;
    for (size_t i = 0; i < view->target_count; i++) {
        room += view->targets[i].scan ? view->targets[i].scan->workload_count : 0;
    }
    view->changes = arena_alloc(view->arena, room, sizeof(*view->changes));
}

static bool is_ours(struct arena *arena, const struct git_log_entry *entry)
{
    return git_trailer(arena, entry->body, "Heddle-Release") != NULL;
}

/* Paths that people's commits changed since the last look, and the newest of those commits. */
static bool read_news(const struct look_ref *ref, struct arena *arena, struct news *out,
                      struct err *err)
{
    struct git_log log = {0};
    struct git *git = ref->repository->git;
    if (!ref->seen_head[0] || strcmp(ref->seen_head, ref->view->head) == 0) {
        return true;
    }
    if (!git_log(git, ref->seen_head, ref->view->head, FOREIGN_COMMITS_MAX, arena, &log, err)) {
        return false;
    }
    for (size_t i = 0; i < log.count; i++) {
        const struct git_log_entry *entry = &log.entries[i];
        if (is_ours(arena, entry) || !entry->parent[0]) {
            continue;
        }
        struct changed one = {0};
        if (!git_changed_paths(git, entry->parent, entry->oid, arena, &one.paths, &one.count,
                               err)) {
            return false;
        }
        struct changed *all = &out->changed;
        const char **paths = arena_alloc(arena, all->count + one.count, sizeof(*paths));
        for (size_t n = 0; n < all->count + one.count; n++) {
            paths[n] = n < all->count ? all->paths[n] : one.paths[n - all->count];
        }
        all->paths = paths;
        all->count += one.count;
        out->commit = out->commit ? out->commit : entry;
    }
    return true;
}

/* ---- the look ---- */

static bool read_history(const struct look_ref *ref, struct arena *arena, struct err *err)
{
    struct git_log log = {0};
    struct ref_view *view = ref->view;
    if (!git_log(ref->repository->git, "", view->head, HISTORY_MAX, arena, &log, err)) {
        return false;
    }
    view->history = arena_alloc(arena, log.count, sizeof(*view->history));
    for (size_t i = 0; i < log.count; i++) {
        view->history[view->history_count++] = log.entries[i].oid;
    }
    return true;
}

/* Everything of one ref: its history, scans, and what people did to it. */
static bool read_ref(const struct look *look, struct git_view *view, const struct look_ref *ref,
                     struct news *out, struct err *err)
{
    struct changed changed = {0};
    bool can_keep = ref->before && ref->before->head[0] && same_targets(look->before, view);
    if (can_keep && strcmp(ref->before->head, ref->view->head) != 0 &&
        !git_changed_paths(ref->repository->git, ref->before->head, ref->view->head, view->arena,
                           &changed.paths, &changed.count, err)) {
        return false;
    }
    if (!read_history(ref, view->arena, err) ||
        (!ref->is_astray && !ref->view->problem[0] && !read_news(ref, view->arena, out, err))) {
        return false;
    }
    for (size_t i = 0; can_keep && i < view->target_count; i++) {
        if (view->targets[i].ref == ref->view) {
            keep_scan(look, &changed, &view->targets[i]);
        }
    }
    return scan_rest(look, view, ref, err);
}

/* Its targets say why nothing is known of them; the others go on. */
static void give_up(struct git_view *view, const struct ref_view *ref)
{
    for (size_t i = 0; i < view->target_count; i++) {
        struct target_view *target = &view->targets[i];
        if (target->ref == ref && !target->hold) {
            TEXT_COPY_CUT(target->problem, ref->problem);
        }
    }
}

static bool read_refs(const struct look *look, struct git_view *view, const struct look_refs *refs,
                      struct err *err)
{
    struct news *news = arena_alloc(view->arena, refs->count, sizeof(*news));
    for (size_t i = 0; i < refs->count; i++) {
        struct ref_view *ref = refs->items[i].view;
        struct err why = {0};
        if (ref->head[0] && read_ref(look, view, &refs->items[i], &news[i], &why)) {
            continue;
        }
        if (i == 0) {
            *err = why;
            return false;
        }
        if (why.kind != ERR_NONE) {
            TEXT_COPY_CUT(ref->problem, why.text); /* so that the next look tries again */
            news[i] = (struct news){0};
        }
        give_up(view, ref);
    }
    make_room(view);
    for (size_t i = 0; i < refs->count; i++) {
        if (news[i].commit) {
            add_changes(look, view, refs->items[i].view, &news[i]);
        }
    }
    return true;
}

void look_run(void *context)
{
    struct look *look = context;
    struct arena *arena = arena_new();
    struct git_view *view = ARENA_NEW(arena, struct git_view);
    struct look_refs refs;
    view->arena = arena;
    look->has_failed = !look_refs_first(look, arena, &refs, &look->err);
    if (look->has_failed) {
        git_view_free(&view);
        return;
    }
    read_pipeline(look, refs.items[0].view->head, view);
    look_refs_rest(look, view->pipeline, &refs);
    if (look_refs_are_same(look, &refs)) {
        git_view_free(&view);
        return;
    }
    put_refs(view, &refs);
    list_targets(look, view);
    look->has_failed = !read_refs(look, view, &refs, &look->err);
    if (look->has_failed) {
        git_view_free(&view);
        return;
    }
    look->view = view;
    look_refs_note(look, &refs, view->pipeline != NULL);
}
