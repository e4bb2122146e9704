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
    MAP_EACH(slot, &(*cache)->units)
    {
        struct unit *unit = slot->value;
        unit_free(&unit);
    }
    map_done(&(*cache)->units);
    xfree(cache);
}

struct unit *cache_find(struct pass *pass, const char *path)
{
    struct unit *unit = map_get(&pass->cache->units, path);
    if (!unit) {
        return NULL;
    }
    VEC_EACH(struct dependency, dependency, &unit->dependencies)
    {
        if (strcmp(pass->tree->oid(pass->tree->context, dependency->path, pass->arena),
                   dependency->oid) != 0) {
            return NULL;
        }
    }
    unit->is_used = true;
    return unit;
}

void cache_put(struct render_cache *cache, const char *path, struct unit *unit)
{
    unit->is_used = true;
    struct unit *before = map_set(&cache->units, path, unit);
    unit_free(&before);
}

void cache_drop_unused(struct render_cache *cache)
{
    VEC(char *) unused = {0};
    MAP_EACH(slot, &cache->units)
    {
        struct unit *unit = slot->value;
        if (!unit->is_used) {
            *VEC_ADD(&unused) = xstrdup(slot->key);
        }
        unit->is_used = false;
    }
    VEC_EACH(char *, path, &unused)
    {
        struct unit *unit = map_remove(&cache->units, *path);
        unit_free(&unit);
        free(*path);
    }
    VEC_DONE(&unused);
}

/* ---- noting what is read ---- */

static void note(struct recorder *recorder, const char *path)
{
    struct unit *unit = recorder->unit;
    VEC_EACH(struct dependency, dependency, &unit->dependencies)
    {
        if (strcmp(dependency->path, path) == 0) {
            return;
        }
    }
    struct dependency *added = VEC_ADD(&unit->dependencies);
    added->path = arena_strdup(unit->arena, path);
    added->oid = arena_strdup(unit->arena, recorder->tree->oid(recorder->tree->context, path, unit->arena));
}

static bool recorded_read(void *context, const char *path, struct arena *arena, struct slice *out,
                          struct err *err)
{
    struct recorder *recorder = context;
    recorder->files_read++;
    note(recorder, path);
    return recorder->tree->read(recorder->tree->context, path, arena, out, err);
}

static bool recorded_list(void *context, const char *folder, struct arena *arena,
                          struct manifest_entry **out, size_t *out_count, struct err *err)
{
    struct recorder *recorder = context;
    return recorder->tree->list(recorder->tree->context, folder, arena, out, out_count, err);
}

static const char *recorded_oid(void *context, const char *path, struct arena *arena)
{
    struct recorder *recorder = context;
    return recorder->tree->oid(recorder->tree->context, path, arena);
}

struct manifest_tree recorder_tree(struct recorder *recorder)
{
    return (struct manifest_tree){recorded_read, recorded_list, recorded_oid, recorder};
}
