/* files: every YAML file of the tree. */
#include <string.h>

#include "inspect/internal.h"

/* Folders that hold no configuration, whatever they hold. */
static bool is_passed_over(const char *name)
{
    return name[0] == '.' || strcmp(name, "node_modules") == 0 || strcmp(name, "vendor") == 0;
}

static bool is_yaml_name(const char *name)
{
    return manifest_is_file_name(name) || kustomization_is_path(name);
}

static bool has_entry(const struct manifest_entry *entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool add_file(struct inspector *inspector, const char *path, struct err *err)
{
    if (inspector->files.count >= INSPECT_FILES_MAX) {
        return err_set(err, ERR_INVALID, "the repository has more than %d YAML files",
                       INSPECT_FILES_MAX);
    }
    struct found_file *file = ARENA_NEW(inspector->arena, struct found_file);
    file->path = path;
    *VEC_ADD(&inspector->files) = file;
    map_set(&inspector->by_path, path, file);
    return true;
}

static bool walk(struct inspector *inspector, const char *folder, int depth, struct err *err);

/* A chart's templates are no YAML before they are rendered, even where they happen to parse. */
static bool is_template_folder(const struct manifest_entry *entries, size_t count, const char *name)
{
    return strcmp(name, "templates") == 0 && has_entry(entries, count, "Chart.yaml");
}

static bool take_entry(struct inspector *inspector, const char *path,
                       const struct manifest_entry *entry, int depth, struct err *err)
{
    if (entry->is_folder) {
        map_set(&inspector->folders, path, NULL);
        *VEC_ADD(&inspector->folder_list) = path;
        return walk(inspector, path, depth + 1, err);
    }
    return !is_yaml_name(entry->name) || add_file(inspector, path, err);
}

static bool walk(struct inspector *inspector, const char *folder, int depth, struct err *err)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err why = {0};
    if (depth > INSPECT_DEPTH_MAX) {
        inspector_problem(inspector, folder, 0, "it is nested too deeply");
        return true;
    }
    if (!inspector->tree->list(inspector->tree->context, folder, inspector->arena, &entries, &count,
                               &why)) {
        inspector_problem(inspector, folder, 0, why.text);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[i].name;
        const char *path = manifest_path(inspector->arena, folder, name);
        bool is_left_out =
            !path || is_passed_over(name) || is_template_folder(entries, count, name);
        if (!is_left_out && !take_entry(inspector, path, &entries[i], depth, err)) {
            return false;
        }
    }
    return true;
}

static int by_path(const void *left, const void *right)
{
    const struct found_file *const *a = left;
    const struct found_file *const *b = right;
    return strcmp((*a)->path, (*b)->path);
}

bool find_files(struct inspector *inspector, struct err *err)
{
    bool done = walk(inspector, "", 0, err);
    sort_items(inspector->files.items, inspector->files.count, sizeof(*inspector->files.items),
               by_path);
    return done;
}
