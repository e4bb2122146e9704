/* A kustomization file, as structure. */
#include <string.h>

#include "manifest/internal.h"

const char *kustomization_name(const struct manifest_entry *entries, size_t count)
{
    for (size_t n = 0; n < KUSTOMIZATION_NAMES; n++) {
        for (size_t i = 0; i < count; i++) {
            if (!entries[i].is_folder && strcmp(entries[i].name, kustomization_names[n]) == 0) {
                return kustomization_names[n];
            }
        }
    }
    return NULL;
}

bool manifest_has_kustomization(const struct manifest_entry *entries, size_t count)
{
    return kustomization_name(entries, count) != NULL;
}

/* ---- what the native renderer does ---- */

static const char *const supported[] = {
    "apiVersion",
    "kind",
    "metadata",
    "bases",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "generatorOptions",
    "images",
    "labels",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
};
static const char *const supported_labels[] = {"pairs", "includeSelectors", "includeTemplates"};
/* Not tagSuffix: kustomize 5.8 adds it twice, and what it gives is what must come out. */
static const char *const supported_images[] = {"name", "newName", "newTag", "digest"};

/* `patches: []` asks for nothing. */
static bool is_empty(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR ? node->text_length == 0 : node->item_count == 0;
}

/* The first key with a value that is not in the list, or NULL. */
static const struct yaml_node *find_other_key(const struct yaml_node *mapping,
                                              const char *const *known, size_t count)
{
    for (size_t i = 0; mapping->kind == YAML_MAPPING && i < mapping->item_count; i += 2) {
        const struct yaml_node *key = mapping->items[i];
        bool is_known = is_empty(mapping->items[i + 1]);
        for (size_t n = 0; key->kind == YAML_SCALAR && !is_known && n < count; n++) {
            is_known = strcmp(known[n], key->text) == 0;
        }
        if (!is_known) {
            return key;
        }
    }
    return NULL;
}

static void set_unsupported(struct manifest_kustomization *kustomization, struct arena *arena,
                            const char *field, const struct yaml_node *at)
{
    if (!kustomization->unsupported) {
        const char *key = at->kind == YAML_SCALAR ? at->text : "?";
        kustomization->unsupported =
            field[0] ? arena_printf(arena, "%s.%s", field, key) : arena_strdup(arena, key);
        kustomization->unsupported_line = at->line;
    }
}

static void check_entries(struct manifest_kustomization *kustomization, struct arena *arena,
                          const char *field, const char *const *known, size_t count)
{
    const struct yaml_node *list = yaml_get(kustomization->root, field);
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const struct yaml_node *other = find_other_key(list->items[i], known, count);
        if (other) {
            set_unsupported(kustomization, arena, field, other);
        }
    }
}

/* kustomize takes an image's name for a regular expression. */
static void check_image_names(struct manifest_kustomization *kustomization, struct arena *arena)
{
    for (const struct manifest_image *image = kustomization->images; image; image = image->next) {
        if (strpbrk(image->name, "*+?()[]{}|^$\\")) {
            set_unsupported(kustomization, arena, "images", yaml_get(image->node, "name"));
        }
    }
}

static void find_unsupported(struct manifest_kustomization *kustomization, struct arena *arena)
{
    const struct yaml_node *other =
        find_other_key(kustomization->root, supported, COUNT_OF(supported));
    if (other) {
        set_unsupported(kustomization, arena, "", other);
    }
    check_entries(kustomization, arena, "labels", supported_labels, COUNT_OF(supported_labels));
    check_entries(kustomization, arena, "images", supported_images, COUNT_OF(supported_images));
    check_image_names(kustomization, arena);
}

/* ---- paths ---- */

bool manifest_is_remote(const char *resource)
{
    static const char *const beginnings[] = {"git@", "git::", "github.com/", "github.com:"};
    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        if (strncmp(resource, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return strstr(resource, "://") || strstr(resource, "?ref=") || strstr(resource, ".git//");
}

static const char *read_path(const struct manifest_kustomization *kustomization,
                             const struct yaml_node *item, struct arena *arena, struct err *err)
{
    const char *text = item->kind == YAML_SCALAR ? item->text : "";
    if (manifest_is_remote(text)) {
        err_set(err, ERR_REFUSED,
                "line %u: %.120s lies outside of the repository; copy it into the repository",
                item->line, text);
        return NULL;
    }
    const char *path = text[0] ? manifest_path(arena, kustomization->folder, text) : NULL;
    if (!path) {
        err_set(err, ERR_REFUSED, "line %u: \"%.120s\" is no path inside of the repository",
                item->line, text);
    }
    return path;
}

/* Append the paths of a list field, from the root of the tree. */
static bool read_paths(const struct manifest_kustomization *kustomization, const char *field,
                       struct arena *arena, const char ***out, size_t *out_count, struct err *err)
{
    const struct yaml_node *list = yaml_get(kustomization->root, field);
    if (!list || is_empty(list)) {
        return true;
    }
    if (list->kind != YAML_SEQUENCE) {
        return err_set(err, ERR_INVALID, "line %u: %s must be a list of paths", list->line, field);
    }
    const char **before = *out;
    *out = arena_alloc(arena, *out_count + list->item_count, sizeof(**out));
    for (size_t i = 0; i < *out_count; i++) {
        (*out)[i] = before[i];
    }
    for (size_t i = 0; i < list->item_count; i++) {
        const char *path = read_path(kustomization, list->items[i], arena, err);
        if (!path) {
            return false;
        }
        (*out)[(*out_count)++] = path;
    }
    return true;
}

/* `bases` is the old name of resources that are folders. */
static bool read_resources(struct manifest_kustomization *kustomization, struct arena *arena,
                           struct err *err)
{
    return read_paths(kustomization, "resources", arena, &kustomization->resources,
                      &kustomization->resource_count, err) &&
           read_paths(kustomization, "bases", arena, &kustomization->resources,
                      &kustomization->resource_count, err);
}

static struct yaml_node *scalar_or_null(const struct yaml_node *entry, const char *key)
{
    struct yaml_node *node = yaml_get(entry, key);
    return node && node->kind == YAML_SCALAR ? node : NULL;
}

static bool read_images(struct manifest_kustomization *kustomization, struct arena *arena,
                        struct err *err)
{
    const struct yaml_node *list = yaml_get(kustomization->root, "images");
    struct manifest_image **tail = &kustomization->images;
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        struct yaml_node *entry = list->items[i];
        const char *name = yaml_text(entry, "name");
        if (!name || !name[0]) {
            return err_set(err, ERR_INVALID, "line %u: an entry of images needs a name",
                           entry->line);
        }
        struct manifest_image *image = ARENA_NEW(arena, struct manifest_image);
        image->name = name;
        image->node = entry;
        image->new_name = scalar_or_null(entry, "newName");
        image->new_tag = scalar_or_null(entry, "newTag");
        image->digest = scalar_or_null(entry, "digest");
        image->tag_suffix = scalar_or_null(entry, "tagSuffix");
        *tail = image;
        tail = &image->next;
    }
    return true;
}

static bool read_structure(struct manifest_kustomization *kustomization, struct arena *arena,
                           struct err *err)
{
    const char *kind = yaml_text(kustomization->root, "kind");
    kustomization->is_component = kind && strcmp(kind, "Component") == 0;
    return read_resources(kustomization, arena, err) &&
           read_paths(kustomization, "components", arena, &kustomization->components,
                      &kustomization->component_count, err) &&
           read_images(kustomization, arena, err);
}

static bool load(const struct manifest_tree *tree, const char *folder, const char *file,
                 struct arena *arena, struct manifest_kustomization **out, struct err *err)
{
    struct manifest_kustomization *kustomization = ARENA_NEW(arena, struct manifest_kustomization);
    kustomization->file = arena_strdup(arena, file);
    kustomization->folder = arena_strdup(arena, folder);
    struct yaml_document *document = NULL;
    if (!tree->read(tree->context, file, arena, &kustomization->text, err) ||
        !yaml_parse(arena, kustomization->text, &document, err)) {
        return err_wrap(err, "%s", file);
    }
    if (!document || !document->root || document->root->kind != YAML_MAPPING || document->next) {
        return err_set(err, ERR_INVALID, "%s: a kustomization is one mapping", file);
    }
    kustomization->root = document->root;
    if (!read_structure(kustomization, arena, err)) {
        return err_wrap(err, "%s", file);
    }
    find_unsupported(kustomization, arena);
    *out = kustomization;
    return true;
}

bool manifest_kustomization(const struct manifest_tree *tree, const char *folder,
                            struct arena *arena, struct manifest_kustomization **out,
                            struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    *out = NULL;
    if (!tree->list(tree->context, folder, arena, &entries, &count, err)) {
        return false;
    }
    const char *name = kustomization_name(entries, count);
    const char *file = name ? manifest_path(arena, folder, name) : NULL;
    if (!file) {
        return !name || err_set(err, ERR_INVALID, "%.200s/%s: the path is too long", folder, name);
    }
    struct manifest_memory *memory = tree->memory;
    const char *oid = memory ? tree->oid(tree->context, file, arena) : "";
    if (!oid[0]) {
        return load(tree, folder, file, arena, out, err);
    }
    *out = memory_get(memory, file, oid);
    if (*out) {
        return true;
    }
    if (!load(tree, folder, file, memory_arena(memory), out, err)) {
        return false;
    }
    memory_keep(memory, file, oid, *out);
    return true;
}
