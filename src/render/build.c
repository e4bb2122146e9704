/* Building a kustomization natively: gather, then transform. */
#include <string.h>

#include "render/internal.h"

#define DEPTH_MAX 32

struct builder {
    const struct manifest_tree *tree;
    struct arena *arena;
    int depth;
};

static bool build(struct builder *builder, const struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err);

static bool load(struct builder *builder, const char *folder, struct manifest_kustomization **out,
                 struct err *err)
{
    if (!manifest_kustomization(builder->tree, folder, builder->arena, out, err)) {
        return false;
    }
    return *out || err_set(err, ERR_INVALID, "%s has no kustomization.yaml; add one, or list its files",
                           folder);
}

static bool is_folder(const struct builder *builder, const char *path)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0};
    return builder->tree->list(builder->tree->context, path, builder->arena, &entries, &count, &ignored);
}

static bool add_file(struct builder *builder, const char *path, struct draft_list *list,
                     struct err *err)
{
    struct manifest_object *objects = NULL;
    struct manifest_problem *problems = NULL;
    manifest_file(builder->tree, path, builder->arena, &objects, &problems);
    /* What a kustomization gathers is all or nothing: half of it could change its meaning. */
    if (problems) {
        return err_set(err, ERR_INVALID, "%s:%u: %s", problems->file, problems->line, problems->text);
    }
    for (const struct manifest_object *object = objects; object; object = object->next) {
        if (!draft_of_node(object->root, object->file, list, err)) {
            return err_wrap(err, "%s", path);
        }
    }
    return true;
}

static void move_all(struct draft_list *from, struct draft_list *to)
{
    VEC_EACH(struct draft, draft, &from->all)
    {
        *VEC_ADD(&to->all) = *draft;
    }
    VEC_DONE(&from->all);
}

static bool add_resource(struct builder *builder, const char *path, struct draft_list *list,
                         struct err *err)
{
    if (!is_folder(builder, path)) {
        return add_file(builder, path, list, err);
    }
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

static bool transform(const struct manifest_kustomization *kustomization, struct draft_list *list,
                      struct err *err)
{
    if (!apply_namespace(kustomization, list, err) || !apply_labels(kustomization, list, err) ||
        !apply_replicas(kustomization, list, err)) {
        return err_wrap(err, "%s", kustomization->file);
    }
    apply_images(kustomization, list);
    return true;
}

static bool build(struct builder *builder, const struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err)
{
    if (builder->depth >= DEPTH_MAX) {
        return err_set(err, ERR_INVALID, "%s is nested too deeply, or gathers itself",
                       kustomization->file);
    }
    builder->depth++;
    bool done = true;
    for (size_t i = 0; done && i < kustomization->resource_count; i++) {
        done = add_resource(builder, kustomization->resources[i], list, err);
    }
    for (size_t i = 0; done && i < kustomization->component_count; i++) {
        done = add_component(builder, kustomization->components[i], list, err);
    }
    builder->depth--;
    return done && transform(kustomization, list, err);
}

static bool has_duplicates(const struct draft_list *list, struct err *err)
{
    struct map seen = {0};
    bool found = false;
    for (size_t i = 0; !found && i < list->all.count; i++) {
        const struct draft *draft = &list->all.items[i];
        AUTO_STR(id, 1024);
        const char *api_version = json_text_at(draft->json, "apiVersion", "");
        const char *slash = strchr(api_version, '/');
        str_addf(&id, "%.*s/%s/%s/%s", slash ? (int)(slash - api_version) : 0, api_version,
                 json_text_at(draft->json, "kind", ""),
                 json_text_at(draft->json, "metadata.namespace", ""),
                 json_text_at(draft->json, "metadata.name", ""));
        const struct draft *first = map_set(&seen, id.text, (void *)(uintptr_t)draft);
        if (first) {
            found = true;
            err_set(err, ERR_INVALID, "%s %s is defined in %s:%u and in %s:%u; remove one",
                    json_text_at(draft->json, "kind", ""),
                    json_text_at(draft->json, "metadata.name", ""), first->file, first->line,
                    draft->file, draft->line);
        }
    }
    map_done(&seen);
    return found;
}

bool build_natively(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out, struct err *err)
{
    struct builder builder = {tree, arena, 0};
    return build(&builder, top, out, err) && !has_duplicates(out, err);
}

static bool find_unsupported(struct builder *builder, const struct manifest_kustomization *kustomization,
                             const struct manifest_kustomization **out_where, struct err *err);

static bool child_needs_program(struct builder *builder, const char *path,
                                const struct manifest_kustomization **out_where, struct err *err)
{
    struct manifest_kustomization *child = NULL;
    return is_folder(builder, path) && load(builder, path, &child, err) &&
           find_unsupported(builder, child, out_where, err);
}

static bool find_unsupported(struct builder *builder, const struct manifest_kustomization *kustomization,
                             const struct manifest_kustomization **out_where, struct err *err)
{
    if (kustomization->unsupported) {
        *out_where = kustomization;
        return true;
    }
    if (builder->depth >= DEPTH_MAX) {
        err_set(err, ERR_INVALID, "%s is nested too deeply, or gathers itself", kustomization->file);
        return false;
    }
    builder->depth++;
    bool found = false;
    for (size_t i = 0; !found && err->kind == ERR_NONE && i < kustomization->resource_count; i++) {
        found = child_needs_program(builder, kustomization->resources[i], out_where, err);
    }
    for (size_t i = 0; !found && err->kind == ERR_NONE && i < kustomization->component_count; i++) {
        found = child_needs_program(builder, kustomization->components[i], out_where, err);
    }
    builder->depth--;
    return found;
}

bool needs_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                   struct arena *arena, const struct manifest_kustomization **out_where,
                   struct err *err)
{
    struct builder builder = {tree, arena, 0};
    return find_unsupported(&builder, top, out_where, err);
}
