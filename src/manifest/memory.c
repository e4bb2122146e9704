/* Parsed files, by path and identity of their content. */
#include <stdlib.h>

#include "base/map.h"
#include "base/str.h"
#include "manifest/internal.h"

#define KEY_BYTES_MAX 8192

struct manifest_memory {
    struct arena *arena;
    struct map known; /* "<oid> <path>" → what it gave */
};

struct manifest_memory *manifest_memory_new(void)
{
    struct manifest_memory *memory = xcalloc(1, sizeof(*memory));
    memory->arena = arena_new();
    return memory;
}

void manifest_memory_free(struct manifest_memory **memory)
{
    if (*memory) {
        map_done(&(*memory)->known);
        arena_free(&(*memory)->arena);
        xfree(memory);
    }
}

void manifest_memory_trim(struct manifest_memory *memory)
{
    if (arena_bytes(memory->arena) > MANIFEST_MEMORY_BYTES_MAX) {
        map_done(&memory->known);
        memory->known = (struct map){0};
        arena_free(&memory->arena);
        memory->arena = arena_new();
    }
}

struct arena *memory_arena(struct manifest_memory *memory)
{
    return memory->arena;
}

/* A path decides what relative names in a file mean, and stands in what it gave. */
static void write_key(struct str *key, const char *path, const char *oid)
{
    str_addf(key, "%s %s", oid, path);
}

void *memory_get(const struct manifest_memory *memory, const char *path, const char *oid)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    write_key(&key, path, oid);
    return oid[0] && !key.failed ? map_get(&memory->known, key.text) : NULL;
}

void memory_keep(struct manifest_memory *memory, const char *path, const char *oid, void *value)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    write_key(&key, path, oid);
    if (oid[0] && !key.failed) {
        map_set(&memory->known, key.text, value);
    }
}
