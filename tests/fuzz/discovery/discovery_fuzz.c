/* A repository of two targets whose files name one another as the input says: who uses what is
   found, and a version set for one target changes no file that the other one reads. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The input is their texts, with a line of this byte between them. */
#define SEPARATOR '\x1E'
static const char *const paths[] = {
    "clusters/dev/kustomization.yaml",  "clusters/dev/apps.yaml",  "clusters/prod/apps.yaml",
    "clusters/prod/kustomization.yaml", "base/kustomization.yaml", "base/app.yaml",
    "base/charts/Chart.yaml",           "base/charts/values.yaml", "argocd/apps.yaml",
};
#define FILES COUNT_OF(paths)

struct repository {
    struct slice texts[FILES];
    bool is_there[FILES];
};

static void take_apart(struct slice input, struct repository *out)
{
    for (size_t i = 0; i < FILES && input.length > 0; i++) {
        const char *end = memchr(input.bytes, SEPARATOR, input.length);
        size_t length = end ? (size_t)(end - input.bytes) : input.length;
        out->texts[i] = (struct slice){input.bytes, length};
        out->is_there[i] = length > 0;
        length += end != NULL;
        input = (struct slice){input.bytes + length, input.length - length};
    }
}

static bool read_file(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    const struct repository *repository = context;
    (void)arena;
    for (size_t i = 0; i < FILES; i++) {
        if (repository->is_there[i] && strcmp(paths[i], path) == 0) {
            *out = repository->texts[i];
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "there is no such file");
}

static void add_entry(struct manifest_entry *entries, size_t *count, const char *name,
                      bool is_folder)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(entries[i].name, name) == 0) {
            return;
        }
    }
    entries[(*count)++] = (struct manifest_entry){name, is_folder, ""};
}

static bool list_folder(void *context, const char *folder, struct arena *arena,
                        struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct repository *repository = context;
    size_t length = strlen(folder);
    *out = arena_alloc(arena, FILES, sizeof(**out));
    *out_count = 0;
    for (size_t i = 0; i < FILES; i++) {
        bool is_below =
            !length || (strncmp(paths[i], folder, length) == 0 && paths[i][length] == '/');
        const char *rest = paths[i] + length + (length > 0);
        if (repository->is_there[i] && is_below) {
            size_t part = strcspn(rest, "/");
            add_entry(*out, out_count, arena_strndup(arena, rest, part), rest[part] == '/');
        }
    }
    return *out_count > 0 || !length || err_set(err, ERR_NOT_FOUND, "there is no such folder");
}

static const char *no_oid(void *context, const char *path, struct arena *arena)
{
    (void)context;
    (void)path;
    (void)arena;
    return "";
}

static const struct inspect_file *file_of(const struct inspection *inspection, const char *path)
{
    for (size_t i = 0; i < inspection->file_count; i++) {
        if (strcmp(inspection->files[i].path, path) == 0) {
            return &inspection->files[i];
        }
    }
    return NULL;
}

static void check_files(const struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->file_count; i++) {
        const struct inspect_file *file = &inspection->files[i];
        for (size_t n = 0; n < file->target_count; n++) {
            assert(file->targets[n] < inspection->target_count);
            assert(n == 0 || file->targets[n - 1] < file->targets[n]);
            const char *parent = file->parents[n];
            assert(!parent || !parent[0] || file_of(inspection, parent));
        }
    }
}

static void set_for_target(const struct manifest_tree *tree, const struct inspection *inspection,
                           const char *image, size_t target)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct inspect_wish wish = {
        .image = image, .tag = "9.9", .digest = "", .target = inspection->targets[target].name};
    struct inspect_outcome outcome = {0};
    struct err err = {0};
    if (!inspect_change(tree, inspection, &wish, arena, &outcome, &err)) {
        assert(err.text[0]);
        return;
    }
    for (size_t i = 0; i < outcome.edit_count; i++) {
        const struct inspect_file *file = file_of(inspection, outcome.edits[i].file);
        bool is_new = !file && outcome.edits[i].before.length == 0; /* a patch of the target's */
        assert(is_new || (file && file->target_count == 1 && file->targets[0] == target));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length > 8000) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct repository repository = {0};
    take_apart((struct slice){(const char *)bytes, length}, &repository);
    struct manifest_tree tree = {read_file, list_folder, no_oid, &repository};
    struct inspection *inspection = NULL;
    struct err err = {0};
    assert(inspect_tree(&tree, arena, &inspection, &err));
    check_files(inspection);
    for (size_t i = 0; i < inspection->place_count && i < 4; i++) {
        for (size_t target = 0; target < inspection->target_count && target < 2; target++) {
            set_for_target(&tree, inspection, inspection->places[i].at.image, target);
        }
    }
    return 0;
}
