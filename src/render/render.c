#include "render/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/internal.h"

#define DEPTH_MAX 32

void draft_list_done(struct draft_list *list)
{
    VEC_EACH(struct draft, draft, &list->all)
    {
        json_decref(draft->json);
    }
    VEC_DONE(&list->all);
}

void add_problem(struct arena *arena, struct manifest_problem **problems, const char *file,
                 unsigned line, const char *text)
{
    struct manifest_problem **tail = problems;
    while (*tail) {
        tail = &(*tail)->next;
    }
    *tail = ARENA_NEW(arena, struct manifest_problem);
    (*tail)->file = arena_strdup(arena, file);
    (*tail)->line = line;
    (*tail)->text = arena_strdup(arena, text);
}

bool draft_of_node(const struct yaml_node *root, const char *file, struct draft_list *out,
                   struct err *err)
{
    json_t *json = yaml_to_json(root, err);
    if (!json) {
        return false;
    }
    struct draft *draft = VEC_ADD(&out->all);
    draft->json = json;
    draft->file = file;
    draft->line = root->line;
    return true;
}

/* ---- units ---- */

static void fill_object(struct unit *unit, const struct draft *draft, struct render_object *out)
{
    char *text = json_text(draft->json);
    out->json_length = strlen(text);
    out->json = arena_strndup(unit->arena, text, out->json_length);
    free(text);
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
    for (size_t i = 0; i < drafts->all.count; i++) {
        fill_object(unit, &drafts->all.items[i], &unit->objects[unit->count++]);
    }
}

/* The objects of a plain file. */
static struct unit *render_file(struct pass *pass, const char *path)
{
    struct unit *unit = unit_new();
    struct recorder recorder = {pass->tree, unit, 0};
    struct manifest_tree tree = recorder_tree(&recorder);
    AUTO(arena_free) struct arena *scratch = arena_new();
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    manifest_file(&tree, path, scratch, &objects, &problems);
    AUTO(draft_list_done) struct draft_list drafts = {0};
    for (struct manifest_object *object = objects; object; object = object->next) {
        struct err err = {0};
        if (!draft_of_node(object->root, path, &drafts, &err)) {
            add_problem(unit->arena, &unit->problems, path, object->line, err.text);
        }
    }
    for (const struct manifest_problem *problem = problems; problem; problem = problem->next) {
        add_problem(unit->arena, &unit->problems, problem->file, problem->line, problem->text);
    }
    fill_unit(unit, &drafts);
    pass->files_read += recorder.files_read;
    return unit;
}

/* A kustomization that changes what it gathers: natively, or by the program. */
static struct unit *render_kustomization(struct pass *pass, const char *folder)
{
    struct unit *unit = unit_new();
    struct recorder recorder = {pass->tree, unit, 0};
    struct manifest_tree tree = recorder_tree(&recorder);
    AUTO(arena_free) struct arena *scratch = arena_new();
    AUTO(draft_list_done) struct draft_list drafts = {0};
    struct manifest_kustomization *top = NULL;
    const struct manifest_kustomization *where = NULL;
    struct err err = {0};
    bool done = manifest_kustomization(&tree, folder, scratch, &top, &err);
    if (done && needs_program(&tree, top, scratch, &where, &err)) {
        done = build_by_program(&tree, top, where, scratch, &drafts, &err);
    } else if (done && err.kind == ERR_NONE) {
        done = build_natively(&tree, top, scratch, &drafts, &err);
    } else {
        done = false;
    }
    if (!done) {
        add_problem(unit->arena, &unit->problems, top ? top->file : folder, 0, err.text);
    } else {
        fill_unit(unit, &drafts);
    }
    pass->files_read += recorder.files_read;
    return unit;
}

/* ---- the pass ---- */

static void add_object(struct pass *pass, const struct render_object *object)
{
    const char *slash = strchr(object->api_version, '/');
    AUTO_STR(id, 1024);
    str_addf(&id, "%.*s/%s/%s/%s", slash ? (int)(slash - object->api_version) : 0,
             object->api_version, object->kind, object->namespace, object->name);
    size_t known = (size_t)(uintptr_t)map_get(&pass->seen, id.text);
    if (known) {
        const struct render_object *first = &pass->objects.items[known - 1];
        char *text = arena_printf(pass->arena, "%s %s is defined here and in %s:%u; remove one",
                                  object->kind, object->name, first->file, first->line);
        add_problem(pass->arena, &pass->problems, object->file, object->line, text);
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
    map_set(&pass->seen, id.text, (void *)(uintptr_t)pass->objects.count);
}

static void add_unit(struct pass *pass, const char *path,
                     struct unit *(*render)(struct pass *pass, const char *path))
{
    struct unit *unit = cache_find(pass, path);
    if (!unit) {
        unit = render(pass, path);
        cache_put(pass->cache, path, unit);
    }
    for (size_t i = 0; i < unit->count; i++) {
        add_object(pass, &unit->objects[i]);
    }
    for (const struct manifest_problem *problem = unit->problems; problem; problem = problem->next) {
        add_problem(pass->arena, &pass->problems, problem->file, problem->line, problem->text);
    }
}

/* Nothing but a list: its children can be rendered and remembered apart. */
static bool only_gathers(const struct manifest_kustomization *kustomization)
{
    static const char *const harmless[] = {"apiVersion", "kind", "metadata", "resources"};
    for (size_t i = 0; i < kustomization->root->item_count; i += 2) {
        bool is_harmless = false;
        for (size_t n = 0; n < COUNT_OF(harmless); n++) {
            is_harmless = is_harmless || strcmp(kustomization->root->items[i]->text, harmless[n]) == 0;
        }
        if (!is_harmless) {
            return false;
        }
    }
    return !kustomization->is_component;
}

static bool add_folder(struct pass *pass, const char *folder, int depth, struct err *err);

static bool is_folder(struct pass *pass, const char *path)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0};
    return pass->tree->list(pass->tree->context, path, pass->arena, &entries, &count, &ignored);
}

static void add_resource(struct pass *pass, const struct manifest_kustomization *kustomization,
                         const char *path, int depth)
{
    if (!is_folder(pass, path)) {
        add_unit(pass, path, render_file);
        return;
    }
    struct manifest_kustomization *child = NULL;
    struct err err = {0};
    if (!manifest_kustomization(pass->tree, path, pass->arena, &child, &err)) {
        add_problem(pass->arena, &pass->problems, path, 0, err.text);
    } else if (!child) {
        add_problem(pass->arena, &pass->problems, kustomization->file, 0,
                    arena_printf(pass->arena, "%s has no kustomization.yaml; add one, or list its files",
                                 path));
    } else if (!add_folder(pass, path, depth + 1, &err)) {
        add_problem(pass->arena, &pass->problems, path, 0, err.text);
    }
}

static bool has_manifest_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static bool add_plain_folder(struct pass *pass, const char *folder, int depth, struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    if (!pass->tree->list(pass->tree->context, folder, pass->arena, &entries, &count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *path = manifest_path(pass->arena, folder, entries[i].name);
        if (!path || entries[i].name[0] == '.') {
            continue;
        }
        struct err inner = {0};
        if (entries[i].is_folder && !add_folder(pass, path, depth + 1, &inner)) {
            add_problem(pass->arena, &pass->problems, path, 0, inner.text);
        } else if (!entries[i].is_folder && has_manifest_name(entries[i].name)) {
            add_unit(pass, path, render_file);
        }
    }
    return true;
}

static bool add_folder(struct pass *pass, const char *folder, int depth, struct err *err)
{
    if (depth > DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s is nested too deeply, or gathers itself", folder);
    }
    struct manifest_kustomization *kustomization = NULL;
    if (!manifest_kustomization(pass->tree, folder, pass->arena, &kustomization, err)) {
        return false;
    }
    if (!kustomization) {
        return add_plain_folder(pass, folder, depth, err);
    }
    if (!only_gathers(kustomization)) {
        add_unit(pass, folder, render_kustomization);
        return true;
    }
    for (size_t i = 0; i < kustomization->resource_count; i++) {
        add_resource(pass, kustomization, kustomization->resources[i], depth);
    }
    return true;
}

bool render_target(struct render_cache *cache, const struct manifest_tree *tree, const char *path,
                   struct render_result *out, struct err *err)
{
    struct pass pass = {.cache = cache, .tree = tree, .arena = arena_new()};
    *out = (struct render_result){0};
    bool done = add_folder(&pass, path, 0, err);
    map_done(&pass.seen);
    if (!done) {
        VEC_DONE(&pass.objects);
        arena_free(&pass.arena);
        return err_wrap(err, "render %s", path);
    }
    cache_drop_unused(cache);
    out->arena = pass.arena;
    out->count = pass.objects.count;
    out->objects = arena_alloc(pass.arena, out->count, sizeof(*out->objects));
    if (out->count) {
        memcpy(out->objects, pass.objects.items, out->count * sizeof(*out->objects));
    }
    out->problems = pass.problems;
    out->files_read = pass.files_read;
    VEC_DONE(&pass.objects);
    return true;
}

void render_result_done(struct render_result *result)
{
    arena_free(&result->arena);
    *result = (struct render_result){0};
}
