/* Building a kustomization natively: gather, then transform. */
#include <string.h>

#include "render/internal.h"

struct builder {
    const struct manifest_tree *tree;
    struct arena *arena;
    int depth;
    size_t visits;
};

/* ---- walking ---- */

static bool enter(struct builder *builder, const char *file, struct err *err)
{
    if (builder->depth >= RENDER_DEPTH_MAX || builder->visits >= RENDER_VISITS_MAX) {
        return err_set(err, ERR_INVALID, "%s: it is nested too deeply, or gathers itself", file);
    }
    builder->depth++;
    builder->visits++;
    return true;
}

static void leave(struct builder *builder)
{
    builder->depth--;
}

static bool load(struct builder *builder, const char *folder, struct manifest_kustomization **out,
                 struct err *err)
{
    if (!manifest_kustomization(builder->tree, folder, builder->arena, out, err)) {
        return false;
    }
    return *out || err_set(err, ERR_INVALID,
                           "%s has no kustomization.yaml; add one, or list its files", folder);
}

/* ---- what only the program can do ---- */

static bool search(struct builder *builder, const struct manifest_kustomization *kustomization,
                   const struct manifest_kustomization **out, struct err *err);

static bool search_children(struct builder *builder, const char *const *paths, size_t count,
                            const struct manifest_kustomization **out, struct err *err)
{
    for (size_t i = 0; i < count && !*out; i++) {
        struct manifest_kustomization *child = NULL;
        if (!is_folder(builder->tree, paths[i], builder->arena)) {
            continue;
        }
        if (!load(builder, paths[i], &child, err) || !search(builder, child, out, err)) {
            return false;
        }
    }
    return true;
}

static bool search(struct builder *builder, const struct manifest_kustomization *kustomization,
                   const struct manifest_kustomization **out, struct err *err)
{
    if (kustomization->unsupported) {
        *out = kustomization;
        return true;
    }
    if (!enter(builder, kustomization->file, err)) {
        return false;
    }
    bool done = search_children(builder, kustomization->resources, kustomization->resource_count,
                                out, err) &&
                search_children(builder, kustomization->components, kustomization->component_count,
                                out, err);
    leave(builder);
    return done;
}

bool find_unsupported(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      struct arena *arena, const struct manifest_kustomization **out,
                      struct err *err)
{
    struct builder builder = {.tree = tree, .arena = arena};
    *out = NULL;
    return search(&builder, top, out, err);
}

/* ---- gathering ---- */

/* Objects that carry this annotation are for tools only; kustomize leaves them out. */
static bool is_local(const json_t *object)
{
    const json_t *annotations = json_at(object, "metadata.annotations");
    const json_t *local = json_object_get(annotations, "config.kubernetes.io/local-config");
    return local && !(json_is_string(local) && strcmp(json_string_value(local), "false") == 0);
}

/* kustomize drops annotations that are empty; labels it keeps. */
static void drop_empty_annotations(json_t *object)
{
    json_t *metadata = json_object_get(object, "metadata");
    const json_t *annotations = json_object_get(metadata, "annotations");
    if (json_is_object(annotations) && json_object_size(annotations) == 0) {
        json_object_del(metadata, "annotations");
    }
}

bool read_resource(const struct manifest_tree *tree, const char *path, struct arena *arena,
                   struct draft_list *out, struct err *err)
{
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    manifest_file(tree, path, arena, &objects, &problems);
    /* What a kustomization gathers is all or nothing: half of it could change its meaning. */
    if (problems) {
        return err_set(err, ERR_INVALID, "%s:%u: %s", problems->file, problems->line,
                       problems->text);
    }
    for (const struct manifest_object *object = objects; object; object = object->next) {
        json_t *json = yaml_to_json_kustomize(object->root, err);
        if (!json) {
            return err_wrap(err, "%s", path);
        }
        if (is_local(json)) {
            json_decref(json);
        } else {
            drop_empty_annotations(json);
            draft_add(out, json, object->file, object->line);
        }
    }
    return true;
}

static bool build(struct builder *builder, const struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err);

static void move_all(struct draft_list *from, struct draft_list *to)
{
    VEC_EACH (struct draft, draft, &from->all) {
        *VEC_ADD(&to->all) = *draft;
    }
    VEC_DONE(&from->all);
}

static bool add_resource(struct builder *builder, const char *path, struct draft_list *list,
                         struct err *err)
{
    if (!is_folder(builder->tree, path, builder->arena)) {
        return read_resource(builder->tree, path, builder->arena, list, err);
    }
    /* A child transforms its own objects only. */
    struct manifest_kustomization *child = NULL;
    AUTO(draft_list_done) struct draft_list inner = {0};
    if (!load(builder, path, &child, err) || !build(builder, child, &inner, err)) {
        return false;
    }
    move_all(&inner, list);
    return true;
}

/* A component transforms what has been gathered so far, and adds to it. */
static bool add_component(struct builder *builder, const char *path, struct draft_list *list,
                          struct err *err)
{
    struct manifest_kustomization *component = NULL;
    if (!load(builder, path, &component, err)) {
        return false;
    }
    if (!component->is_component) {
        return err_set(err, ERR_INVALID, "%s is listed as a component; its kind must be Component",
                       component->file);
    }
    return build(builder, component, list, err);
}

static bool gather(struct builder *builder, const struct manifest_kustomization *kustomization,
                   struct draft_list *list, struct err *err)
{
    for (size_t i = 0; i < kustomization->resource_count; i++) {
        if (!add_resource(builder, kustomization->resources[i], list, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < kustomization->component_count; i++) {
        if (!add_component(builder, kustomization->components[i], list, err)) {
            return false;
        }
    }
    return true;
}

/* ---- transforming ---- */

static const char *id_of(struct arena *arena, const json_t *object)
{
    struct slice group = group_of(json_text_at(object, "apiVersion", ""));
    return arena_printf(
        arena, "%.*s/%s/%s/%s", (int)group.length, group.bytes, json_text_at(object, "kind", ""),
        json_text_at(object, "metadata.namespace", ""), json_text_at(object, "metadata.name", ""));
}

static bool check_unique(struct arena *arena, const struct draft_list *list, struct err *err)
{
    AUTO(map_done) struct map seen = {0};
    for (size_t i = 0; i < list->all.count; i++) {
        struct draft *draft = &list->all.items[i];
        const struct draft *first = map_set(&seen, id_of(arena, draft->json), draft);
        if (first) {
            return err_set(err, ERR_INVALID, "%s %s is defined in %s:%u and in %s:%u; remove one",
                           json_text_at(draft->json, "kind", ""),
                           json_text_at(draft->json, "metadata.name", ""), first->file, first->line,
                           draft->file, draft->line);
        }
    }
    return true;
}

static bool transform(const struct manifest_kustomization *kustomization, struct draft_list *list,
                      struct err *err)
{
    if (!apply_namespace(kustomization, list, err) || !apply_labels(kustomization, list, err) ||
        !apply_replicas(kustomization, list, err) || !apply_images(kustomization, list, err)) {
        return err_wrap(err, "%s", kustomization->file);
    }
    return true;
}

static bool build(struct builder *builder, const struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err)
{
    if (!enter(builder, kustomization->file, err)) {
        return false;
    }
    bool done = gather(builder, kustomization, list, err);
    leave(builder);
    return done && transform(kustomization, list, err) && check_unique(builder->arena, list, err);
}

bool build_natively(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out, struct err *err)
{
    struct builder builder = {.tree = tree, .arena = arena};
    return build(&builder, top, out, err);
}
