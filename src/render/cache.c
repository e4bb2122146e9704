#include <stdlib.h>
#include <string.h>

#include "render/internal.h"

struct unit *unit_new(void)
{
    struct unit *unit = xcalloc(1, sizeof(*unit));
    unit->arena = arena_new();
    return unit;
}

void unit_free(struct unit **unit)
{
    if (*unit) {
        VEC_DONE(&(*unit)->dependencies);
        VEC_DONE(&(*unit)->renamed);
        VEC_DONE(&(*unit)->references);
        arena_free(&(*unit)->arena);
        xfree(unit);
    }
}

struct render_cache *render_cache_new(void)
{
    return xcalloc(1, sizeof(struct render_cache));
}

void render_cache_free(struct render_cache **cache)
{
    if (!*cache) {
        return;
    }
    MAP_EACH (slot, &(*cache)->units) {
        struct unit *unit = slot->value;
        unit_free(&unit);
    }
    map_done(&(*cache)->units);
    xfree(cache);
}

void unit_settle(struct unit *unit, const struct manifest_tree *tree, const char *folder)
{
    size_t length = strlen(folder);
    VEC_EACH (struct dependency, dependency, &unit->dependencies) {
        if (strncmp(dependency->path, folder, length) != 0 || dependency->path[length] != '/') {
            return;
        }
    }
    unit->folder = arena_strdup(unit->arena, folder);
    unit->folder_oid = arena_strdup(unit->arena, tree->oid(tree->context, folder, unit->arena));
}

/* One look at a folder's tree id instead of one at each file in it. */
static bool is_folder_unchanged(const struct unit *unit, const struct manifest_tree *tree,
                                struct arena *scratch)
{
    return unit->folder && unit->folder_oid[0] &&
           strcmp(tree->oid(tree->context, unit->folder, scratch), unit->folder_oid) == 0;
}

static bool is_unchanged(const struct unit *unit, const struct manifest_tree *tree,
                         struct arena *scratch)
{
    if (is_folder_unchanged(unit, tree, scratch)) {
        return true;
    }
    VEC_EACH (struct dependency, dependency, &unit->dependencies) {
        const char *oid = tree->oid(tree->context, dependency->path, scratch);
        if (strcmp(oid, dependency->oid) != 0) {
            return false;
        }
    }
    return true;
}

struct unit *cache_find(struct render_cache *cache, const struct manifest_tree *tree,
                        const char *key, struct arena *scratch)
{
    struct unit *unit = map_get(&cache->units, key);
    if (!unit || (unit->is_transient && unit->pass != cache->pass)) {
        return NULL;
    }
    if (!is_unchanged(unit, tree, scratch)) {
        return NULL;
    }
    unit->is_used = true;
    return unit;
}

void cache_put(struct render_cache *cache, const char *key, struct unit *unit)
{
    unit->is_used = true;
    unit->pass = cache->pass;
    struct unit *before = map_set(&cache->units, key, unit);
    unit_free(&before);
}

void cache_drop_unused(struct render_cache *cache)
{
    VEC(char *) unused = {0};
    MAP_EACH (slot, &cache->units) {
        struct unit *unit = slot->value;
        if (!unit->is_used) {
            *VEC_ADD(&unused) = xstrdup(slot->key);
        }
        unit->is_used = false;
    }
    VEC_EACH (char *, key, &unused) {
        struct unit *unit = map_remove(&cache->units, *key);
        unit_free(&unit);
        free(*key);
    }
    VEC_DONE(&unused);
}

/* ---- noting what is read ---- */

static void note(struct recorder *recorder, const char *path)
{
    struct unit *unit = recorder->unit;
    if (map_has(&recorder->noted, path)) {
        return;
    }
    map_set(&recorder->noted, path, recorder);
    struct dependency *added = VEC_ADD(&unit->dependencies);
    added->path = arena_strdup(unit->arena, path);
    const char *oid = recorder->tree->oid(recorder->tree->context, path, unit->arena);
    added->oid = arena_strdup(unit->arena, oid);
}

bool is_about_files(enum err_kind kind)
{
    return kind == ERR_NOT_FOUND || kind == ERR_INVALID || kind == ERR_REFUSED;
}

static bool note_failure(struct recorder *recorder, const struct err *err)
{
    if (!is_about_files(err->kind) && recorder->failure.kind == ERR_NONE) {
        recorder->failure = *err;
    }
    return false;
}

static bool recorded_read(void *context, const char *path, struct arena *arena, struct slice *out,
                          struct err *err)
{
    struct recorder *recorder = context;
    recorder->files_read++;
    note(recorder, path);
    return recorder->tree->read(recorder->tree->context, path, arena, out, err) ||
           note_failure(recorder, err);
}

/* What a folder is depends on which kustomization files it has, and on those that it has not. */
static bool recorded_list(void *context, const char *folder, struct arena *arena,
                          struct manifest_entry **out, size_t *out_count, struct err *err)
{
    struct recorder *recorder = context;
    if (!recorder->tree->list(recorder->tree->context, folder, arena, out, out_count, err)) {
        return note_failure(recorder, err);
    }
    for (size_t i = 0; i < KUSTOMIZATION_NAMES; i++) {
        const char *path = manifest_path(arena, folder, kustomization_names[i]);
        if (path) {
            note(recorder, path);
        }
    }
    return true;
}

static const char *recorded_oid(void *context, const char *path, struct arena *arena)
{
    struct recorder *recorder = context;
    note(recorder, path); /* whoever asks depends on the answer */
    return recorder->tree->oid(recorder->tree->context, path, arena);
}

struct manifest_tree recorder_tree(struct recorder *recorder)
{
    return (struct manifest_tree){recorded_read, recorded_list, recorded_oid, recorder};
}

void recorder_done(struct recorder *recorder)
{
    map_done(&recorder->noted);
}
