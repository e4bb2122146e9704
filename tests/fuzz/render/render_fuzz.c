/* Any kustomization over any manifest, with a file that it may name as a patch, a source or a
   replacement: the input is all three, parted by lines "%%".  What comes out must be JSON objects
   that are named as they are listed, and the second time must give the same from memory. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "render/render.h"

#define SEPARATOR "\n%%\n"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct files {
    struct slice kustomization, manifest, other;
};

static const struct slice *file_at(const struct files *files, const char *path)
{
    if (strcmp(path, "dev/kustomization.yaml") == 0 ||
        strcmp(path, "base/kustomization.yaml") == 0) {
        return &files->kustomization;
    }
    if (strcmp(path, "dev/a.yaml") == 0 || strcmp(path, "base/a.yaml") == 0) {
        return &files->manifest;
    }
    return strcmp(path, "dev/other") == 0 || strcmp(path, "base/other") == 0 ? &files->other : NULL;
}

static bool read_file(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    const struct slice *file = file_at(context, path);
    if (!file) {
        return err_set(err, ERR_NOT_FOUND, "%.100s is missing", path);
    }
    *out = (struct slice){arena_strndup(arena, file->bytes, file->length), file->length};
    return true;
}

static bool list_files(void *context, const char *folder, struct arena *arena,
                       struct manifest_entry **out, size_t *out_count, struct err *err)
{
    static struct manifest_entry entries[] = {{"a.yaml", false, ""},
                                              {"kustomization.yaml", false, ""}};
    (void)context;
    (void)arena;
    if (strcmp(folder, "dev") != 0 && strcmp(folder, "base") != 0) {
        return err_set(err, ERR_NOT_FOUND, "%.100s is no folder", folder);
    }
    *out = entries;
    *out_count = COUNT_OF(entries);
    return true;
}

static const char *oid_of(void *context, const char *path, struct arena *arena)
{
    (void)arena;
    return file_at(context, path) ? path : "";
}

static void check(const struct render_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct render_object *object = &result->objects[i];
        struct err err = {0};
        AUTO_JSON *json = json_parse((struct slice){object->json, object->json_length}, &err);
        assert(json || strstr(err.text, "nested deeper"));
        if (json) {
            assert(strcmp(json_text_at(json, "kind", ""), object->kind) == 0);
            assert(strcmp(json_text_at(json, "metadata.name", ""), object->name) == 0);
        }
    }
    for (const struct manifest_problem *bad = result->problems; bad; bad = bad->next) {
        assert(bad->file && bad->text && bad->text[0]);
    }
}

/* What stands before the next separator; the rest is what stands behind it. */
static struct slice take_part(struct slice *rest)
{
    const char *end = memmem(rest->bytes, rest->length, SEPARATOR, strlen(SEPARATOR));
    size_t length = end ? (size_t)(end - rest->bytes) : rest->length;
    size_t used = end ? length + strlen(SEPARATOR) : length;
    struct slice part = {rest->bytes, length};
    *rest = (struct slice){rest->bytes + used, rest->length - used};
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *text = (const char *)bytes;
    struct slice rest = {text, length};
    struct files files;
    files.kustomization = take_part(&rest);
    files.manifest = take_part(&rest);
    files.other = rest;
    const struct manifest_tree tree = {read_file, list_files, oid_of, &files};
    AUTO(render_cache_free) struct render_cache *cache = render_cache_new();
    AUTO(render_result_done) struct render_result once = {0};
    AUTO(render_result_done) struct render_result again = {0};
    struct err err = {0};
    /* Without the kustomize program: its parsing is not ours to test. */
    setenv("PATH", "/nonexistent", 1);
    if (!render_target(cache, &tree, "dev", &once, &err)) {
        assert(err.text[0]);
        return 0;
    }
    check(&once);
    assert(render_target(cache, &tree, "dev", &again, &err) && again.count == once.count);
    for (size_t i = 0; i < once.count; i++) {
        assert(once.objects[i].hash == again.objects[i].hash);
    }
    return 0;
}
