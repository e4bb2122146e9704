#include "render/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/names.h"
#include "render/internal.h"

/* One pass over one target. */
struct pass {
    struct render_cache *cache;
    const struct manifest_tree *tree;
    struct arena *arena;   /* of the result */
    struct arena *scratch; /* until the pass ends */
    VEC(struct render_object) objects;
    struct manifest_problem *problems, **problems_end;
    struct map seen; /* "group/Kind/namespace/name" → the object's index + 1 */
    size_t files_read;
    size_t visits;
    struct err failure; /* the tree cannot be read: nothing can be said */
};

struct manifest_problem **add_problem(struct arena *arena, struct manifest_problem **end,
                                      const struct manifest_problem *problem)
{
    *end = ARENA_NEW(arena, struct manifest_problem);
    (*end)->file = arena_strdup(arena, problem->file);
    (*end)->line = problem->line;
    (*end)->text = arena_strdup(arena, problem->text);
    return &(*end)->next;
}

static void report(struct pass *pass, const char *file, unsigned line, const char *text)
{
    struct manifest_problem problem = {file, line, text, NULL};
    pass->problems_end = add_problem(pass->arena, pass->problems_end, &problem);
}

void draft_list_done(struct draft_list *list)
{
    VEC_EACH (struct draft, draft, &list->all) {
        json_decref(draft->json);
    }
    VEC_DONE(&list->all);
}

struct draft *draft_add(struct draft_list *list, json_t *json, const char *file, unsigned line)
{
    struct draft *draft = VEC_ADD(&list->all);
    *draft = (struct draft){.json = json, .file = file, .line = line};
    return draft;
}

void draft_remove(struct draft_list *list, size_t index)
{
    json_decref(list->all.items[index].json);
    VEC_REMOVE(&list->all, index);
}

bool is_folder(const struct manifest_tree *tree, const char *path, struct arena *scratch)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0};
    return tree->list(tree->context, path, scratch, &entries, &count, &ignored);
}

/* ---- making units ---- */

static void fill_object(struct unit *unit, const struct draft *draft, struct render_object *out)
{
    AUTO(xfree) char *text = json_text(draft->json);
    out->json_length = strlen(text);
    out->json = arena_strndup(unit->arena, text, out->json_length);
    out->hash = hash64(HASH64_START, out->json, out->json_length);
    out->api_version = arena_strdup(unit->arena, json_text_at(draft->json, "apiVersion", ""));
    out->kind = arena_strdup(unit->arena, json_text_at(draft->json, "kind", ""));
    out->namespace = arena_strdup(unit->arena, json_text_at(draft->json, "metadata.namespace", ""));
    out->name = arena_strdup(unit->arena, json_text_at(draft->json, "metadata.name", ""));
    out->file = arena_strdup(unit->arena, draft->file);
    out->line = draft->line;
}

static void fill_unit(struct unit *unit, const struct draft_list *drafts)
{
    unit->objects = arena_alloc(unit->arena, drafts->all.count, sizeof(*unit->objects));
    unit->ids = arena_alloc(unit->arena, drafts->all.count, sizeof(*unit->ids));
    for (size_t i = 0; i < drafts->all.count; i++) {
        struct render_object *object = &unit->objects[i];
        fill_object(unit, &drafts->all.items[i], object);
        struct slice group = group_of(object->api_version);
        unit->ids[i] = arena_printf(unit->arena, "%.*s/%s/%s/%s", (int)group.length, group.bytes,
                                    object->kind, object->namespace, object->name);
    }
    unit->count = drafts->all.count;
}

/* Where a unit is made: its scratch memory and what is read for it. */
struct making {
    struct unit *unit;
    struct recorder recorder;
    struct manifest_tree tree;
    struct arena *scratch;
    struct draft_list drafts;
};

static void making_done(struct making *making)
{
    recorder_done(&making->recorder);
    draft_list_done(&making->drafts);
    arena_free(&making->scratch);
}

static void fail_unit(struct unit *unit, const char *file, const char *text)
{
    struct manifest_problem problem = {file, 0, text, NULL};
    add_problem(unit->arena, &unit->problems, &problem);
}

/* A file of a folder without kustomization.  Its bad objects are problems, its good ones count. */
static void make_plain_file(struct making *making, const char *path)
{
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    struct unit *unit = making->unit;
    struct manifest_problem **end = &unit->problems;
    manifest_loose_file(&making->tree, path, making->scratch, &objects, &problems);
    for (const struct manifest_problem *problem = problems; problem; problem = problem->next) {
        end = add_problem(unit->arena, end, problem);
    }
    for (const struct manifest_object *object = objects; object; object = object->next) {
        struct err err = {0};
        json_t *json = yaml_to_json(object->root, &err);
        if (json) {
            draft_add(&making->drafts, json, object->file, object->line);
        } else {
            struct manifest_problem problem = {path, object->line, err.text, NULL};
            end = add_problem(unit->arena, end, &problem);
        }
    }
    fill_unit(unit, &making->drafts);
}

/* A file that a kustomization which only gathers names. */
static void make_resource_file(struct making *making, const char *path)
{
    struct err err = {0};
    if (read_resource(&making->tree, path, making->scratch, &making->drafts, &err)) {
        note_names(making->unit, &making->drafts);
        drop_local(&making->drafts);
        fill_unit(making->unit, &making->drafts);
    } else {
        fail_unit(making->unit, path, err.text);
    }
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Nothing but a list: its children can be rendered and remembered apart. */
static bool only_gathers(const struct manifest_kustomization *kustomization)
{
    static const char *const harmless[] = {"apiVersion", "kind", "metadata", "resources"};
    const struct yaml_node *root = kustomization->root;
    for (size_t i = 0; i < root->item_count; i += 2) {
        const char *key = root->items[i]->text;
        if (!key || !is_one_of(key, harmless, COUNT_OF(harmless))) {
            return false;
        }
    }
    return !kustomization->is_component;
}

static void take_children(struct unit *unit, const struct manifest_kustomization *kustomization)
{
    unit->child_count = kustomization->resource_count;
    unit->children = arena_alloc(unit->arena, unit->child_count, sizeof(*unit->children));
    for (size_t i = 0; i < unit->child_count; i++) {
        unit->children[i] = arena_strdup(unit->arena, kustomization->resources[i]);
    }
}

static bool build_by_us(struct making *making, struct manifest_kustomization *top,
                        const struct manifest_kustomization **beyond, struct err *err)
{
    if (!build_natively(&making->tree, top, making->scratch, &making->drafts, beyond, err)) {
        return false;
    }
    note_names(making->unit, &making->drafts);
    return settle_names(&making->tree, top, making->scratch, &making->drafts, beyond, err);
}

static bool build(struct making *making, struct manifest_kustomization *top, struct err *err)
{
    const struct manifest_kustomization *where = NULL;
    if (!find_unsupported(&making->tree, top, making->scratch, &where, err)) {
        return false;
    }
    if (!where) {
        if (build_by_us(making, top, &where, err)) {
            return true;
        }
        draft_list_done(&making->drafts);
    }
    making->unit->is_opaque = where && may_rename(&making->tree, top, making->scratch);
    return where &&
           build_by_program(&making->tree, top, where, making->scratch, &making->drafts, err);
}

/* A kustomization: what it makes, or the list of what it gathers when it may. */
static void make_built(struct making *making, const char *folder, bool may_gather)
{
    struct manifest_kustomization *top = NULL;
    struct unit *unit = making->unit;
    struct err err = {0};
    if (!manifest_kustomization(&making->tree, folder, making->scratch, &top, &err)) {
        fail_unit(unit, folder, err.text);
        return;
    }
    unit->file = arena_strdup(unit->arena, top ? top->file : folder);
    if (!top) {
        fail_unit(unit, folder, "it has no kustomization.yaml; add one, or list its files");
    } else if (!check_kustomization(top, &err)) {
        fail_unit(unit, unit->file, err.text);
    } else if (may_gather && only_gathers(top)) {
        take_children(unit, top);
    } else if (build(making, top, &err)) {
        fill_unit(unit, &making->drafts);
    } else {
        fail_unit(unit, unit->file, err.text);
        unit->is_transient = !is_about_files(err.kind);
    }
}

static void make_kustomization(struct making *making, const char *folder)
{
    make_built(making, folder, true);
}

static void make_whole(struct making *making, const char *folder)
{
    make_built(making, folder, false);
}

/* Nothing but what the charts of a kustomization make. */
static void make_charts(struct making *making, const char *folder)
{
    struct manifest_kustomization *top = NULL;
    struct unit *unit = making->unit;
    struct err err = {0};
    if (!manifest_kustomization(&making->tree, folder, making->scratch, &top, &err)) {
        fail_unit(unit, folder, err.text);
    } else if (!top) {
        fail_unit(unit, folder, "it has no kustomization.yaml; add one, or list its files");
    } else if (build_charts(&making->tree, top, making->scratch, &making->drafts, &err)) {
        fill_unit(unit, &making->drafts);
    } else {
        fail_unit(unit, top->file, err.text);
        unit->is_transient = !is_about_files(err.kind);
    }
}

/* ---- the pass ---- */

static void add_object(struct pass *pass, const struct render_object *object, const char *id)
{
    size_t known = (size_t)(uintptr_t)map_get(&pass->seen, id);
    if (known) {
        const struct render_object *first = &pass->objects.items[known - 1];
        report(pass, object->file, object->line,
               arena_printf(pass->scratch, "%s %s is defined here and in %s:%u; remove one",
                            object->kind, object->name, first->file, first->line));
        return;
    }
    struct render_object *copy = VEC_ADD(&pass->objects);
    *copy = *object;
    copy->json = arena_strndup(pass->arena, object->json, object->json_length);
    copy->api_version = arena_strdup(pass->arena, object->api_version);
    copy->kind = arena_strdup(pass->arena, object->kind);
    copy->namespace = arena_strdup(pass->arena, object->namespace);
    copy->name = arena_strdup(pass->arena, object->name);
    copy->file = arena_strdup(pass->arena, object->file);
    map_set(&pass->seen, id, (void *)(uintptr_t)pass->objects.count);
}

/* What is rendered as one; the letter keeps apart how a path is read. */
struct unit_kind {
    char letter;
    void (*make)(struct making *making, const char *path);
};
static const struct unit_kind plain_file = {'p', make_plain_file};
static const struct unit_kind resource_file = {'r', make_resource_file};
static const struct unit_kind kustomization = {'k', make_kustomization};
static const struct unit_kind whole_kustomization = {'w', make_whole};
static const struct unit_kind only_charts = {'c', make_charts};

/* From memory, or made now; NULL when the tree could not be read. */
static const struct unit *unit_of(struct pass *pass, const char *path, const struct unit_kind *kind)
{
    const char *key = arena_printf(pass->scratch, "%c%s", kind->letter, path);
    struct unit *known = cache_find(pass->cache, pass->tree, key, pass->scratch);
    if (known) {
        return known;
    }
    AUTO(unit_free) struct unit *unit = unit_new();
    AUTO(making_done)
    struct making making = {
        .unit = unit,
        .recorder = {.tree = pass->tree, .unit = unit},
        .scratch = arena_new(),
    };
    making.tree = recorder_tree(&making.recorder);
    kind->make(&making, path);
    pass->files_read += making.recorder.files_read;
    if (making.recorder.failure.kind != ERR_NONE) {
        pass->failure = making.recorder.failure;
        return NULL;
    }
    unit_settle(unit, pass->tree, path);
    known = unit;
    cache_put(pass->cache, key, TAKE(unit));
    return known;
}

static void add_unit(struct pass *pass, const struct unit *unit)
{
    for (size_t i = 0; i < unit->count; i++) {
        add_object(pass, &unit->objects[i], unit->ids[i]);
    }
    for (const struct manifest_problem *bad = unit->problems; bad; bad = bad->next) {
        report(pass, bad->file, bad->line, bad->text);
    }
}

static void add_path(struct pass *pass, const char *path, const struct unit_kind *kind)
{
    const struct unit *unit = unit_of(pass, path, kind);
    if (unit) {
        add_unit(pass, unit);
    }
}

static bool may_visit(struct pass *pass, const char *folder, int depth)
{
    if (depth > RENDER_DEPTH_MAX || pass->visits++ > RENDER_VISITS_MAX) {
        report(pass, folder, 0, "it is nested too deeply, or gathers itself");
        return false;
    }
    return true;
}

/* The units that a kustomization is made of. */
struct gathered {
    VEC(const struct unit *) units;
};

static void gather_unit(struct pass *pass, const char *path, const struct unit_kind *kind,
                        struct gathered *out)
{
    const struct unit *unit = unit_of(pass, path, kind);
    if (unit) {
        *VEC_ADD(&out->units) = unit;
    }
}

static void gather(struct pass *pass, const char *folder, int depth, struct gathered *out)
{
    if (!may_visit(pass, folder, depth)) {
        return;
    }
    size_t own = out->units.count;
    gather_unit(pass, folder, &kustomization, out);
    const struct unit *unit = out->units.count > own ? out->units.items[own] : NULL;
    for (size_t i = 0; unit && i < unit->child_count && pass->failure.kind == ERR_NONE; i++) {
        /* What is remembered as a kustomization is one: no need to list its folder. */
        const char *key =
            arena_printf(pass->scratch, "%c%s", kustomization.letter, unit->children[i]);
        if (cache_find(pass->cache, pass->tree, key, pass->scratch) ||
            is_folder(pass->tree, unit->children[i], pass->scratch)) {
            gather(pass, unit->children[i], depth + 1, out);
        } else {
            gather_unit(pass, unit->children[i], &resource_file, out);
        }
    }
}

/* What it only gathers is remembered apart, as long as no part may name what another renamed. */
static void add_kustomization(struct pass *pass, const char *folder, int depth)
{
    struct gathered gathered = {0};
    gather(pass, folder, depth, &gathered);
    if (names_cross(gathered.units.items, gathered.units.count, pass->scratch)) {
        add_path(pass, folder, &whole_kustomization);
    } else {
        VEC_EACH (const struct unit *, unit, &gathered.units) {
            add_unit(pass, *unit);
        }
    }
    VEC_DONE(&gathered.units);
}

static void add_folder(struct pass *pass, const char *folder, int depth);

static void add_entry(struct pass *pass, const char *folder, const struct manifest_entry *entry,
                      int depth)
{
    const char *path = manifest_path(pass->scratch, folder, entry->name);
    if (!path || manifest_is_left_out(path)) {
        return;
    }
    if (entry->is_folder) {
        add_folder(pass, path, depth + 1);
    } else if (manifest_is_file_name(entry->name)) {
        add_path(pass, path, &plain_file);
    }
}

static void add_folder(struct pass *pass, const char *folder, int depth)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err err = {0};
    if (!may_visit(pass, folder, depth)) {
        return;
    }
    if (!pass->tree->list(pass->tree->context, folder, pass->scratch, &entries, &count, &err)) {
        pass->failure = err;
        return;
    }
    if (manifest_has_kustomization(entries, count)) {
        add_kustomization(pass, folder, depth + 1);
        return;
    }
    if (depth > 0 && manifest_is_chart(entries, count)) {
        return; /* what is below it is the chart's */
    }
    for (size_t i = 0; i < count && pass->failure.kind == ERR_NONE; i++) {
        add_entry(pass, folder, &entries[i], depth);
    }
}

static void take_result(struct pass *pass, struct render_result *out)
{
    *out = (struct render_result){
        .count = pass->objects.count,
        .problems = pass->problems,
        .files_read = pass->files_read,
        .objects = arena_alloc(pass->arena, pass->objects.count, sizeof(*out->objects)),
    };
    if (pass->objects.items) {
        memcpy(out->objects, pass->objects.items, out->count * sizeof(*out->objects));
    }
    out->arena = TAKE(pass->arena);
}

bool render_target(struct render_cache *cache, const struct manifest_tree *tree, const char *path,
                   struct render_result *out, struct err *err)
{
    struct pass pass = {.cache = cache, .tree = tree, .arena = arena_new(), .scratch = arena_new()};
    pass.problems_end = &pass.problems;
    cache->pass++;
    *out = (struct render_result){0};
    add_folder(&pass, path_in_tree(path), 0);
    bool done = pass.failure.kind == ERR_NONE;
    if (done) {
        cache_drop_unused(cache);
        take_result(&pass, out);
    } else {
        *err = pass.failure;
        err_wrap(err, "render %s", strcmp(path, PATH_ROOT) == 0 ? "the repository's root" : path);
    }
    map_done(&pass.seen);
    VEC_DONE(&pass.objects);
    arena_free(&pass.scratch);
    arena_free(&pass.arena);
    return done;
}

void render_result_done(struct render_result *result)
{
    arena_free(&result->arena);
    *result = (struct render_result){0};
}

/* JSON is YAML. */
static bool join_objects(const struct unit *unit, struct arena *arena, struct slice *out,
                         struct err *err)
{
    AUTO_STR(text, YAML_BYTES_MAX);
    for (size_t i = 0; i < unit->count; i++) {
        str_addf(&text, "---\n%s\n", unit->objects[i].json);
    }
    if (text.failed) {
        return err_set(err, ERR_INVALID, "the charts make more than %u MiB", YAML_BYTES_MAX >> 20);
    }
    *out = (struct slice){arena_strndup(arena, text.text, text.length), text.length};
    return true;
}

bool render_charts(void *cache, const struct manifest_tree *tree, const char *folder,
                   struct arena *arena, struct slice *out, struct err *err)
{
    struct pass pass = {.cache = cache, .tree = tree, .scratch = arena_new()};
    pass.cache->pass++;
    const struct unit *unit = unit_of(&pass, folder, &only_charts);
    bool done = false;
    if (!unit) {
        *err = pass.failure;
    } else if (unit->problems) {
        err_set(err, unit->is_transient ? ERR_UNAVAILABLE : ERR_INVALID, "%s",
                unit->problems->text);
    } else {
        done = join_objects(unit, arena, out, err);
    }
    arena_free(&pass.scratch);
    return done;
}
