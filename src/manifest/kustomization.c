/* A kustomization file, as structure. */
#include <string.h>

#include "manifest/internal.h"

static const char *const file_names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};

/* Fields that the native renderer does, and those that mean nothing for rendering. */
static const char *const supported[] = {"apiVersion", "kind",   "metadata",  "resources", "components",
                                        "namespace",  "labels", "images",    "replicas"};

const char *kustomization_name(const struct manifest_entry *entries, size_t count)
{
    for (size_t n = 0; n < COUNT_OF(file_names); n++) {
        for (size_t i = 0; i < count; i++) {
            if (!entries[i].is_folder && strcmp(entries[i].name, file_names[n]) == 0) {
                return file_names[n];
            }
        }
    }
    return NULL;
}

static void find_unsupported(struct manifest_kustomization *kustomization)
{
    const struct yaml_node *root = kustomization->root;
    for (size_t i = 0; i < root->item_count; i += 2) {
        bool known = false;
        for (size_t n = 0; n < COUNT_OF(supported); n++) {
            known = known || strcmp(supported[n], root->items[i]->text) == 0;
        }
        if (!known) {
            kustomization->unsupported = root->items[i]->text;
            kustomization->unsupported_line = root->items[i]->line;
            return;
        }
    }
}

static bool is_remote(const char *resource)
{
    return strstr(resource, "://") || strncmp(resource, "git@", 4) == 0 ||
           strncmp(resource, "git::", 5) == 0 || strstr(resource, "?ref=") ||
           strncmp(resource, "github.com/", 11) == 0;
}

/* The paths of a list field, from the root of the tree. */
static bool read_paths(const struct manifest_kustomization *kustomization, const char *field,
                       struct arena *arena, const char ***out, size_t *out_count, struct err *err)
{
    const struct yaml_node *list = yaml_get(kustomization->root, field);
    if (!list) {
        return true;
    }
    if (list->kind != YAML_SEQUENCE) {
        return list->kind == YAML_SCALAR && list->text_length == 0
                   ? true
                   : err_set(err, ERR_INVALID, "line %u: %s must be a list of paths", list->line, field);
    }
    *out = arena_alloc(arena, list->item_count, sizeof(**out));
    for (size_t i = 0; i < list->item_count; i++) {
        const struct yaml_node *item = list->items[i];
        const char *text = item->kind == YAML_SCALAR ? item->text : "";
        if (is_remote(text)) {
            return err_set(err, ERR_REFUSED,
                           "line %u: %.120s lies outside of the repository; copy it into the repository",
                           item->line, text);
        }
        const char *path = text[0] ? manifest_path(arena, kustomization->folder, text) : NULL;
        if (!path) {
            return err_set(err, ERR_REFUSED, "line %u: \"%.120s\" is no path inside of the repository",
                           item->line, text);
        }
        (*out)[(*out_count)++] = path;
    }
    return true;
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
            return err_set(err, ERR_INVALID, "line %u: an entry of images needs a name", entry->line);
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
    find_unsupported(kustomization);
    return read_paths(kustomization, "resources", arena, &kustomization->resources,
                      &kustomization->resource_count, err) &&
           read_paths(kustomization, "components", arena, &kustomization->components,
                      &kustomization->component_count, err) &&
           read_images(kustomization, arena, err);
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
    if (!name) {
        return true;
    }
    struct manifest_kustomization *kustomization = ARENA_NEW(arena, struct manifest_kustomization);
    kustomization->file = manifest_path(arena, folder, name);
    kustomization->folder = arena_strdup(arena, folder);
    struct yaml_document *document = NULL;
    if (!kustomization->file ||
        !tree->read(tree->context, kustomization->file, arena, &kustomization->text, err) ||
        !yaml_parse(arena, kustomization->text, &document, err)) {
        return err_wrap(err, "%s/%s", folder, name);
    }
    if (!document || !document->root || document->root->kind != YAML_MAPPING || document->next) {
        return err_set(err, ERR_INVALID, "%s: a kustomization is one mapping", kustomization->file);
    }
    kustomization->root = document->root;
    if (!read_structure(kustomization, arena, err)) {
        return err_wrap(err, "%s", kustomization->file);
    }
    *out = kustomization;
    return true;
}
