/* All manifests of a folder. */
#include <string.h>

#include "manifest/internal.h"
#include "model/pipeline.h"

struct walk {
    const struct manifest_tree *tree;
    struct arena *arena;
    struct manifest_object **end; /* of the list so far: folders have thousands of files */
    struct manifest_problem **problems;
    void (*on_kustomization)(void *context, const char *folder);
    void *context;
};

static bool ends_with(const char *name, const char *end)
{
    size_t name_length = strlen(name);
    size_t end_length = strlen(end);
    return name_length > end_length && strcmp(name + name_length - end_length, end) == 0;
}

bool manifest_is_file_name(const char *name)
{
    return ends_with(name, ".yaml") || ends_with(name, ".yml") || ends_with(name, ".json");
}

bool manifest_is_chart(const struct manifest_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_folder && strcmp(entries[i].name, "Chart.yaml") == 0) {
            return true;
        }
    }
    return false;
}

bool manifest_is_left_out(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (slash ? slash[1] : path[0]) == '.' || strcmp(path, PIPELINE_FILE) == 0;
}

static void walk_file(struct walk *walk, const char *path)
{
    manifest_loose_file(walk->tree, path, walk->arena, walk->end, walk->problems);
    while (*walk->end) {
        walk->end = &(*walk->end)->next;
    }
}

static void walk_folder(struct walk *walk, const char *folder, int depth)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err err = {0};
    if (depth > MANIFEST_DEPTH_MAX) {
        manifest_add_problem(walk->arena, walk->problems, folder, 0, "it is nested too deeply");
        return;
    }
    if (!walk->tree->list(walk->tree->context, folder, walk->arena, &entries, &count, &err)) {
        manifest_add_problem(walk->arena, walk->problems, folder, 0, err.text);
        return;
    }
    if (depth > 0 && kustomization_name(entries, count)) {
        walk->on_kustomization(walk->context, folder);
        return;
    }
    if (depth > 0 && manifest_is_chart(entries, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = entries[i].name;
        const char *path = manifest_path(walk->arena, folder, name);
        if (!path || manifest_is_left_out(path)) {
            continue;
        }
        if (entries[i].is_folder) {
            walk_folder(walk, path, depth + 1);
        } else if (manifest_is_file_name(name)) {
            walk_file(walk, path);
        }
    }
}

void manifest_folder(const struct manifest_tree *tree, const char *folder, struct arena *arena,
                     struct manifest_object **objects, struct manifest_problem **problems,
                     void (*on_kustomization)(void *context, const char *folder), void *context)
{
    struct walk walk = {tree, arena, objects, problems, on_kustomization, context};
    walk_folder(&walk, folder, 0);
}
