/* Building a kustomization natively: gather, then transform. */
#include <string.h>
#include <strings.h>

#include "render/internal.h"

struct builder {
    const struct manifest_tree *tree;
    struct arena *arena;
    const struct manifest_kustomization
        *beyond; /* what only the program can do, found on the way */
    int depth;
    size_t visits;
};

/* ---- walking ---- */

static bool is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && node->style == YAML_PLAIN &&
           (node->text_length == 0 || strcmp(node->text, "~") == 0 ||
            strcasecmp(node->text, "null") == 0);
}

/* How the nulls below a node are written. */
static unsigned nulls_of(const struct yaml_node *node)
{
    unsigned nulls = 0;
    if (is_null(node)) {
        return node->text_length == 0 ? NULLS_BLANK : NULLS_WRITTEN;
    }
    for (size_t i = 0; i < node->item_count; i++) {
        bool is_key = node->kind == YAML_MAPPING && i % 2 == 0;
        nulls |= is_key ? 0 : nulls_of(node->items[i]);
    }
    return nulls;
}

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

/* What kustomize refuses to take for a kustomization: it may be a mistake, and objects would go. */
bool check_kustomization(const struct manifest_kustomization *kustomization, struct err *err)
{
    const struct yaml_node *root = kustomization->root;
    const char *kind = yaml_text(root, "kind");
    const char *version = yaml_text(root, "apiVersion");
    bool is_component = kustomization->is_component;
    const char *wanted =
        is_component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
    bool is_empty = true;
    for (size_t i = 0; i < root->item_count; i += 2) {
        const char *key = root->items[i]->text ? root->items[i]->text : "";
        bool is_type = strcmp(key, "kind") == 0 || strcmp(key, "apiVersion") == 0;
        is_empty &= is_type || is_null(root->items[i + 1]);
    }
    if (is_empty) {
        return err_set(err, ERR_INVALID, "%s: it asks for nothing; remove it, or list resources",
                       kustomization->file);
    }
    if (kind && kind[0] && strcmp(kind, "Kustomization") != 0 && !is_component) {
        return err_set(err, ERR_INVALID, "%s: its kind must be Kustomization or Component",
                       kustomization->file);
    }
    return !version || !version[0] || strcmp(version, wanted) == 0 ||
           err_set(err, ERR_INVALID, "%s: its apiVersion must be %s", kustomization->file, wanted);
}

static bool load(struct builder *builder, const char *folder, struct manifest_kustomization **out,
                 struct err *err)
{
    if (!manifest_kustomization(builder->tree, folder, builder->arena, out, err)) {
        return false;
    }
    if (!*out) {
        return err_set(err, ERR_INVALID, "%s has no kustomization.yaml; add one, or list its files",
                       folder);
    }
    return check_kustomization(*out, err);
}

/* ---- what only the program can do ---- */

bool leave_to_program(struct transformation *work, const char *field, const struct yaml_node *at,
                      struct err *err)
{
    struct manifest_kustomization *kustomization = work->kustomization;
    kustomization->unsupported = field;
    kustomization->unsupported_line = at ? at->line : 1;
    *work->beyond = kustomization;
    return err_set(err, ERR_INVALID, "line %u: only the kustomize program knows this %s",
                   kustomization->unsupported_line, field);
}

/* What a kustomization is looked at for. */
typedef bool (*sought)(const struct manifest_kustomization *kustomization);

static bool search(struct builder *builder, const struct manifest_kustomization *kustomization,
                   sought is_it, const struct manifest_kustomization **out, struct err *err);

static bool search_children(struct builder *builder, const char *const *paths, size_t count,
                            sought is_it, const struct manifest_kustomization **out,
                            struct err *err)
{
    for (size_t i = 0; i < count && !*out; i++) {
        struct manifest_kustomization *child = NULL;
        if (!is_folder(builder->tree, paths[i], builder->arena)) {
            continue;
        }
        if (!load(builder, paths[i], &child, err) || !search(builder, child, is_it, out, err)) {
            return false;
        }
    }
    return true;
}

static bool search(struct builder *builder, const struct manifest_kustomization *kustomization,
                   sought is_it, const struct manifest_kustomization **out, struct err *err)
{
    if (is_it(kustomization)) {
        *out = kustomization;
        return true;
    }
    if (!enter(builder, kustomization->file, err)) {
        return false;
    }
    bool done = search_children(builder, kustomization->resources, kustomization->resource_count,
                                is_it, out, err) &&
                search_children(builder, kustomization->components, kustomization->component_count,
                                is_it, out, err);
    leave(builder);
    return done;
}

static bool is_unsupported(const struct manifest_kustomization *kustomization)
{
    return kustomization->unsupported != NULL;
}

bool find_unsupported(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      struct arena *arena, const struct manifest_kustomization **out,
                      struct err *err)
{
    struct builder builder = {.tree = tree, .arena = arena};
    *out = NULL;
    return search(&builder, top, is_unsupported, out, err);
}

static bool renames(const struct manifest_kustomization *kustomization)
{
    static const char *const fields[] = {
        "configMapGenerator", "configurations", "crds",      "generators",
        "namePrefix",         "nameSuffix",     "namespace", "openapi",
        "secretGenerator",    "transformers",   "vars",
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (yaml_get(kustomization->root, fields[i])) {
            return true;
        }
    }
    return false;
}

bool may_rename(const struct manifest_tree *tree, struct manifest_kustomization *top,
                struct arena *arena)
{
    struct builder builder = {.tree = tree, .arena = arena};
    const struct manifest_kustomization *found = NULL;
    struct err ignored = {0};
    return !search(&builder, top, renames, &found, &ignored) || found;
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
        drop_empty_annotations(json);
        draft_add(out, json, object->file, object->line)->nulls = nulls_of(object->root);
    }
    return true;
}

void drop_local(struct draft_list *list)
{
    for (size_t i = list->all.count; i > 0; i--) {
        if (is_local(list->all.items[i - 1].json)) {
            draft_remove(list, i - 1);
        }
    }
}

/* kustomize keeps its notes in annotations of its own, and makes texts of all others. */
static bool has_odd_annotations(json_t *object)
{
    static const char own[] = "internal.config.kubernetes.io/";
    const char *key = NULL;
    json_t *value = NULL;
    json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");
    json_object_foreach (annotations, key, value) {
        if (!json_is_string(value) || strncmp(key, own, strlen(own)) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_resources(struct transformation *work, size_t from, const char *path,
                            struct err *err)
{
    const struct yaml_node *at = yaml_get(work->kustomization->root, "resources");
    for (size_t i = from; i < work->list->all.count; i++) {
        if (has_odd_annotations(work->list->all.items[i].json)) {
            return leave_to_program(work, arena_printf(work->arena, "an annotation in %s", path),
                                    at, err);
        }
    }
    return true;
}

static bool build(struct builder *builder, struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err);

static void move_all(struct draft_list *from, struct draft_list *to)
{
    VEC_EACH (struct draft, draft, &from->all) {
        *VEC_ADD(&to->all) = *draft;
    }
    VEC_DONE(&from->all);
}

static bool add_resource(struct builder *builder, struct transformation *work, const char *path,
                         struct err *err)
{
    size_t before = work->list->all.count;
    if (!is_folder(builder->tree, path, builder->arena)) {
        return read_resource(builder->tree, path, builder->arena, work->list, err) &&
               check_resources(work, before, path, err);
    }
    /* A child transforms its own objects only. */
    struct manifest_kustomization *child = NULL;
    AUTO(draft_list_done) struct draft_list inner = {0};
    if (!load(builder, path, &child, err) || !build(builder, child, &inner, err)) {
        return false;
    }
    if (child->is_component) {
        return err_set(err, ERR_INVALID, "%s is a component; list it under components",
                       child->file);
    }
    move_all(&inner, work->list);
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

static bool gather(struct builder *builder, struct transformation *work, struct err *err)
{
    const struct manifest_kustomization *kustomization = work->kustomization;
    for (size_t i = 0; i < kustomization->resource_count; i++) {
        if (!add_resource(builder, work, kustomization->resources[i], err)) {
            return false;
        }
    }
    if (!generate(work, err)) {
        return err_wrap(err, "%s", kustomization->file);
    }
    for (size_t i = 0; i < kustomization->component_count; i++) {
        if (!add_component(builder, kustomization->components[i], work->list, err)) {
            return false;
        }
    }
    return true;
}

/* ---- transforming ---- */

/* In kustomize's order. */
static bool (*const transformers[])(struct transformation *work, struct err *err) = {
    apply_merge_patches, apply_patches,  apply_namespace,     apply_name_prefix,
    apply_name_suffix,   apply_labels,   apply_common_labels, apply_common_annotations,
    apply_json_patches,  apply_replicas, apply_images,        apply_replacements,
};

static bool transform(struct transformation *work, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(transformers); i++) {
        if (!transformers[i](work, err)) {
            return err_wrap(err, "%s", work->kustomization->file);
        }
    }
    return true;
}

static bool build(struct builder *builder, struct manifest_kustomization *kustomization,
                  struct draft_list *list, struct err *err)
{
    struct transformation work = {builder->tree, builder->arena, kustomization, list,
                                  &builder->beyond};
    if (!enter(builder, kustomization->file, err)) {
        return false;
    }
    bool done = gather(builder, &work, err);
    leave(builder);
    /* What is made equal by transformers may still be told apart by those of an outer one. */
    return done && check_unique(builder->arena, list, err) && transform(&work, err) &&
           (!kustomization->is_component || check_unique(builder->arena, list, err));
}

bool build_natively(const struct manifest_tree *tree, struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out,
                    const struct manifest_kustomization **beyond, struct err *err)
{
    struct builder builder = {.tree = tree, .arena = arena};
    struct transformation work = {tree, arena, top, out, &builder.beyond};
    bool done = check_kustomization(top, err) && build(&builder, top, out, err) &&
                add_hashes(&work, err) && check_unique(arena, out, err);
    *beyond = builder.beyond;
    return done;
}

bool settle_names(const struct manifest_tree *tree, struct manifest_kustomization *top,
                  struct arena *arena, struct draft_list *out,
                  const struct manifest_kustomization **beyond, struct err *err)
{
    struct transformation work = {tree, arena, top, out, beyond};
    bool done = follow_names(&work, err);
    drop_local(out);
    VEC_EACH (struct draft, draft, &out->all) {
        drop_empty_annotations(draft->json);
    }
    return done;
}
