#include "api/plan_views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configrepo/configrepo.h"
#include "impact/impact.h"
#include "render/render.h"

/* Targets whose renders are remembered; beyond that all are forgotten. */
#define RENDERS_MAX 32
/* A rendered diff is cut behind the object that passes this. */
#define RENDERED_BYTES_MAX (512U << 10)
#define OBJECT_KEY_BYTES 512

struct renders {
    struct map caches; /* a target's cluster → struct render_cache */
};

struct view_item {
    const char *workload;
    int64_t pods_now;                 /* -1: nobody has told */
    const struct view_source *source; /* NULL: the registry */
};

/* A target that versions come from. */
struct view_source {
    const char *cluster, *path;
    size_t side; /* that it is on */
    struct render_result render;
    bool is_rendered;
};

struct view_target {
    const char *cluster, *path;
    size_t side;
    struct capacity *capacity; /* NULL: not told */
    struct view_item *items;
    size_t item_count;
};

struct plan_views {
    unsigned wanted;
    struct arena *arena;
    struct view_target *targets;
    size_t target_count;
    struct view_source *sources;
    size_t source_count;
    json_t *impact, *stays;
    struct str rendered;
    bool is_rendered_cut, is_stays_cut;
};

/* ---- renders ---- */

struct renders *renders_new(void)
{
    return xcalloc(1, sizeof(struct renders));
}

static void forget_all(struct renders *renders)
{
    MAP_EACH (slot, &renders->caches) {
        struct render_cache *cache = slot->value;
        render_cache_free(&cache);
    }
    map_done(&renders->caches);
}

void renders_free(struct renders **renders)
{
    if (*renders) {
        forget_all(*renders);
        xfree(renders);
    }
}

static struct render_cache *cache_of(struct renders *renders, const char *cluster)
{
    struct render_cache *cache = map_get(&renders->caches, cluster);
    if (!cache) {
        if (renders->caches.count >= RENDERS_MAX) {
            forget_all(renders);
        }
        cache = render_cache_new();
        map_set(&renders->caches, cluster, cache);
    }
    return cache;
}

/* The commits of which targets are rendered: one for each side. */
struct moment {
    struct renders *renders;
    struct manifest_tree *trees;
};

static bool render(const struct moment *moment, size_t side, const char *cluster, const char *path,
                   struct render_result *out, struct err *err)
{
    return render_target(cache_of(moment->renders, cluster), &moment->trees[side], path, out, err);
}

/* ---- gathering, on the loop ---- */

unsigned plan_views_wanted(const json_t *body)
{
    static const struct {
        const char *name;
        enum plan_view view;
    } names[] = {{"impact", PLAN_IMPACT}, {"rendered", PLAN_RENDERED}, {"stays", PLAN_STAYS}};
    unsigned wanted = 0;
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(body, "with"), i, item) {
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            const char *name = json_string_value(item);
            wanted |= name && strcmp(names[n].name, name) == 0 ? (unsigned)names[n].view : 0;
        }
    }
    return wanted;
}

static bool is_source(const char *from, const struct target_view *target)
{
    return strncmp(from, "cluster:", 8) == 0 ? strcmp(target->target->cluster, from + 8) == 0
                                             : strcmp(target->stage->name, from) == 0;
}

static const struct view_source *add_source(struct plan_views *views,
                                            const struct target_view *target, size_t side)
{
    for (size_t i = 0; i < views->source_count; i++) {
        if (strcmp(views->sources[i].cluster, target->target->cluster) == 0) {
            return &views->sources[i];
        }
    }
    struct view_source *source = &views->sources[views->source_count++];
    source->cluster = arena_strdup(views->arena, target->target->cluster);
    source->path = arena_strdup(views->arena, target->target->path);
    source->side = side;
    return source;
}

/* The first target of the source that has the workload. */
static const struct view_source *source_of(struct plan_views *views, const struct git_view *view,
                                           const char *from, const char *workload)
{
    for (size_t i = 0; i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        if (is_source(from, target) && target->scan && scan_find(target->scan, workload)) {
            return add_source(views, target, (size_t)(target->ref - view->refs));
        }
    }
    return NULL;
}

/* Pods of a job come and go: they are not counted. */
static int64_t pods_of(const struct report_workload *report)
{
    if (!report) {
        return -1;
    }
    bool is_job = report->kind == WORKLOAD_CRON_JOB || report->kind == WORKLOAD_JOB;
    return is_job ? 0 : report->wanted;
}

static struct view_target *target_of(struct api *api, struct plan_views *views,
                                     const struct git_view *view, const char *cluster)
{
    for (size_t i = 0; i < views->target_count; i++) {
        if (strcmp(views->targets[i].cluster, cluster) == 0) {
            return &views->targets[i];
        }
    }
    const struct target_view *found = NULL;
    for (size_t i = 0; i < view->target_count && !found; i++) {
        found = strcmp(view->targets[i].target->cluster, cluster) == 0 ? &view->targets[i] : NULL;
    }
    if (!found || !found->ref->head[0]) {
        return NULL;
    }
    struct view_target *target = &views->targets[views->target_count++];
    target->cluster = arena_strdup(views->arena, cluster);
    target->path = arena_strdup(views->arena, found->target->path);
    target->side = (size_t)(found->ref - view->refs);
    const struct cluster_view *seen = promote_cluster(api->options.engine, cluster);
    if (seen && seen->has_report && seen->report.capacity) {
        target->capacity = ARENA_NEW(views->arena, struct capacity);
        *target->capacity = *seen->report.capacity;
    }
    return target;
}

static void add_item(struct api *api, struct plan_views *views, const struct plan *plan,
                     const struct plan_item *item)
{
    const struct git_view *view = promote_git(api->options.engine);
    const struct cluster_view *seen = promote_cluster(api->options.engine, item->target);
    struct view_target *target = target_of(api, views, view, item->target);
    if (!target) {
        return;
    }
    if (!target->items) {
        target->items = arena_alloc(views->arena, plan->item_count, sizeof(*target->items));
    }
    struct view_item *added = &target->items[target->item_count++];
    added->workload = arena_strdup(views->arena, item->workload);
    added->pods_now =
        pods_of(seen && seen->has_report ? map_get(&seen->by_workload, item->workload) : NULL);
    added->source = source_of(views, view, plan->from, item->workload);
}

struct plan_views *plan_views_new(struct api *api, const struct plan *plan, unsigned wanted,
                                  struct arena *arena)
{
    const struct git_view *view = promote_git(api->options.engine);
    struct plan_views *views = ARENA_NEW(arena, struct plan_views);
    views->wanted = wanted;
    views->arena = arena;
    views->targets = arena_alloc(arena, view->target_count, sizeof(*views->targets));
    views->sources = arena_alloc(arena, view->target_count, sizeof(*views->sources));
    str_init(&views->rendered, RENDERED_BYTES_MAX);
    for (size_t i = 0; i < plan->item_count; i++) {
        add_item(api, views, plan, &plan->items[i]);
    }
    return views;
}

/* ---- objects of a render ---- */

static void key_of(const struct render_object *object, char out[static OBJECT_KEY_BYTES])
{
    snprintf(out, OBJECT_KEY_BYTES, "%s/%s%s%s", object->kind, object->namespace,
             object->namespace[0] ? "/" : "", object->name);
}

static json_t *parse(const struct render_object *object)
{
    struct err ignored = {0};
    return object ? json_parse((struct slice){object->json, object->json_length}, &ignored) : NULL;
}

static const struct render_object *find_workload(const struct render_result *result,
                                                 const char *name)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct render_object *object = &result->objects[i];
        if (strcmp(object->name, name) == 0 &&
            workload_kind_of(object->api_version, object->kind) != WORKLOAD_KIND_COUNT) {
            return object;
        }
    }
    return NULL;
}

/* ---- impact ---- */

/* A target before and after, or why it cannot be rendered. */
struct change {
    struct render_result before, after;
    char unknown[REASON_BYTES];
};

static void note_missing(struct change *change, const char *workload)
{
    const struct manifest_problem *problem =
        change->after.problems ? change->after.problems : change->before.problems;
    snprintf(change->unknown, sizeof(change->unknown), "%s is not among what is rendered%s%s%s%s",
             workload, problem ? ": " : ".", problem ? problem->file : "", problem ? ": " : "",
             problem ? problem->text : "");
}

static struct impact_shape shape_of(const struct render_object *object)
{
    AUTO_JSON *json = parse(object);
    return impact_shape_of(json);
}

/* What nobody has reported runs as its manifest says. */
static int64_t pods_now(const struct view_item *item, const struct impact_shape *before)
{
    bool is_job = before->kind == WORKLOAD_CRON_JOB || before->kind == WORKLOAD_JOB;
    if (item->pods_now >= 0 || is_job) {
        return item->pods_now > 0 ? item->pods_now : 0;
    }
    return before->replicas >= 0 ? before->replicas : 1;
}

static void judge_target(struct plan_views *views, const struct view_target *target,
                         struct change *change)
{
    struct impact_workload *workloads =
        arena_alloc(views->arena, target->item_count, sizeof(*workloads));
    size_t count = 0;
    for (size_t i = 0; i < target->item_count && !change->unknown[0]; i++) {
        const struct view_item *item = &target->items[i];
        const struct render_object *before = find_workload(&change->before, item->workload);
        const struct render_object *after = find_workload(&change->after, item->workload);
        if (!before || !after) {
            note_missing(change, item->workload);
            break;
        }
        struct impact_workload *workload = &workloads[count++];
        TEXT_COPY_CUT(workload->name, item->workload);
        workload->before = shape_of(before);
        workload->after = shape_of(after);
        workload->pods_now = pods_now(item, &workload->before);
    }
    struct impact_facts facts = {.unknown = change->unknown[0] ? change->unknown : NULL,
                                 .cluster = target->cluster,
                                 .capacity = target->capacity,
                                 .workloads = workloads,
                                 .count = count};
    struct impact impact;
    impact_judge(&facts, &impact);
    json_array_append_new(views->impact, impact_to_json(&facts, &impact));
}

/* ---- rendered ---- */

static void add_rendered(struct plan_views *views, const char *cluster,
                         const struct render_object *before, const struct render_object *after)
{
    char key[OBJECT_KEY_BYTES];
    AUTO_STR(name, (size_t)OBJECT_KEY_BYTES * 2);
    AUTO_STR(diff, RENDERED_BYTES_MAX);
    AUTO_JSON *old_json = parse(before);
    AUTO_JSON *new_json = parse(after);
    key_of(after ? after : before, key);
    str_addf(&name, "%s/%s", cluster, key);
    impact_rendered(name.text, old_json, new_json, &diff);
    if (diff.failed || views->rendered.length + diff.length > RENDERED_BYTES_MAX) {
        views->is_rendered_cut = true;
    } else {
        str_add_bytes(&views->rendered, diff.text, diff.length);
    }
}

static void diff_target(struct plan_views *views, const struct view_target *target,
                        const struct change *change)
{
    AUTO(map_done) struct map before = {0};
    char key[OBJECT_KEY_BYTES];
    for (size_t i = 0; i < change->before.count; i++) {
        key_of(&change->before.objects[i], key);
        map_set(&before, key, &change->before.objects[i]);
    }
    for (size_t i = 0; i < change->after.count && !views->is_rendered_cut; i++) {
        const struct render_object *after = &change->after.objects[i];
        key_of(after, key);
        const struct render_object *old = map_remove(&before, key);
        if (!old || old->hash != after->hash) {
            add_rendered(views, target->cluster, old, after);
        }
    }
    /* In file order, which the map has not. */
    for (size_t i = 0; i < change->before.count && !views->is_rendered_cut; i++) {
        key_of(&change->before.objects[i], key);
        if (map_has(&before, key)) {
            add_rendered(views, target->cluster, &change->before.objects[i], NULL);
        }
    }
}

/* ---- stays ---- */

static void compare_item(struct plan_views *views, const struct view_target *target,
                         const struct view_item *item, const struct render_result *here)
{
    const struct view_source *source = item->source;
    if (!source || !source->is_rendered) {
        return;
    }
    const struct render_object *there = find_workload(&source->render, item->workload);
    const struct render_object *own = find_workload(here, item->workload);
    if (!there || !own) {
        return;
    }
    AUTO_JSON *source_json = parse(there);
    AUTO_JSON *here_json = parse(own);
    struct impact_pair pair = {item->workload, target->cluster, source_json, here_json};
    views->is_stays_cut = !impact_stays(&pair, views->stays) || views->is_stays_cut;
}

/* ---- all of it, on a worker ---- */

static void render_sources(struct plan_views *views, const struct moment *before)
{
    for (size_t i = 0; i < views->source_count; i++) {
        struct view_source *source = &views->sources[i];
        struct err ignored = {0};
        source->is_rendered =
            render(before, source->side, source->cluster, source->path, &source->render, &ignored);
    }
}

static void run_target(struct plan_views *views, const struct view_target *target,
                       const struct moment *before, const struct moment *after)
{
    struct change change = {0};
    struct err err = {0};
    if (!render(before, target->side, target->cluster, target->path, &change.before, &err) ||
        !render(after, target->side, target->cluster, target->path, &change.after, &err)) {
        snprintf(change.unknown, sizeof(change.unknown), "It cannot be rendered: %s", err.text);
    }
    if (views->wanted & PLAN_IMPACT) {
        judge_target(views, target, &change);
    }
    if (views->wanted & PLAN_RENDERED) {
        diff_target(views, target, &change);
    }
    for (size_t i = 0; views->wanted & PLAN_STAYS && i < target->item_count; i++) {
        compare_item(views, target, &target->items[i], &change.after);
    }
    render_result_done(&change.before);
    render_result_done(&change.after);
}

void plan_views_run(struct plan_views *views, struct renders *renders,
                    const struct plan_side *sides, size_t count)
{
    AUTO(arena_free) struct arena *scratch = arena_new();
    struct moment before = {renders, arena_alloc(scratch, count, sizeof(*before.trees))};
    struct moment after = {renders, arena_alloc(scratch, count, sizeof(*after.trees))};
    for (size_t i = 0; i < count; i++) {
        before.trees[i] = configrepo_tree(sides[i].git, sides[i].base, scratch);
        after.trees[i] = configrepo_tree(sides[i].git, sides[i].head, scratch);
    }
    views->impact = json_array();
    views->stays = json_array();
    if (views->wanted & PLAN_STAYS) {
        render_sources(views, &before);
    }
    for (size_t i = 0; i < views->target_count; i++) {
        run_target(views, &views->targets[i], &before, &after);
    }
}

void plan_views_put(struct plan_views *views, json_t *plan)
{
    if (views->wanted & PLAN_IMPACT) {
        json_put(plan, "impact", TAKE(views->impact));
    }
    if (views->wanted & PLAN_RENDERED) {
        json_put(plan, "rendered", json_text_safe(views->rendered.text, views->rendered.length));
        json_put_bool(plan, "isRenderedCut", views->is_rendered_cut);
    }
    if (views->wanted & PLAN_STAYS) {
        json_put(plan, "stays", TAKE(views->stays));
        json_put_bool(plan, "isStaysCut", views->is_stays_cut);
    }
}

void plan_views_drop(struct plan_views *views)
{
    if (!views) {
        return;
    }
    for (size_t i = 0; i < views->source_count; i++) {
        if (views->sources[i].is_rendered) {
            render_result_done(&views->sources[i].render);
        }
    }
    json_decref(views->impact);
    json_decref(views->stays);
    str_done(&views->rendered);
}
