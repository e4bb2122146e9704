/* What was read of a repository before: the folders, and by manifest/ the files; and what was
   made of it. */
#include <stdlib.h>

#include "base/map.h"
#include "configrepo/tree.h"

#define KEY_BYTES_MAX 8192
#define LISTINGS_BYTES_MAX ((size_t)32 << 20)

struct configrepo_memory {
    struct arena *arena;
    struct map listings; /* "<oid> <path>" → struct git_listing, whose entries have whole paths */
    struct map drafts;   /* what was asked → struct draft_commit */
    struct manifest_memory *files;
};

struct configrepo_memory *configrepo_memory_new(void)
{
    struct configrepo_memory *memory = xcalloc(1, sizeof(*memory));
    memory->arena = arena_new();
    memory->files = manifest_memory_new();
    return memory;
}

void configrepo_memory_free(struct configrepo_memory **memory)
{
    if (*memory) {
        map_done(&(*memory)->listings);
        map_done(&(*memory)->drafts);
        manifest_memory_free(&(*memory)->files);
        arena_free(&(*memory)->arena);
        xfree(memory);
    }
}

void configrepo_memory_trim(struct configrepo_memory *memory)
{
    manifest_memory_trim(memory->files);
    if (arena_bytes(memory->arena) > LISTINGS_BYTES_MAX) {
        map_done(&memory->listings);
        map_done(&memory->drafts);
        memory->listings = memory->drafts = (struct map){0};
        arena_free(&memory->arena);
        memory->arena = arena_new();
    }
}

const struct draft_commit *memory_draft(const struct configrepo_memory *memory, const char *key)
{
    return map_get(&memory->drafts, key);
}

void memory_keep_draft(struct configrepo_memory *memory, const char *key,
                       const struct draft_commit *draft)
{
    struct draft_commit *kept = ARENA_NEW(memory->arena, struct draft_commit);
    *kept = *draft;
    map_set(&memory->drafts, key, kept);
}

static void write_key(struct str *key, const char *oid, const char *path)
{
    str_addf(key, "%s %s", oid, path);
}

struct git_listing *memory_listing(const struct configrepo_memory *memory, const char *oid,
                                   const char *path)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    write_key(&key, oid, path);
    return key.failed ? NULL : map_get(&memory->listings, key.text);
}

void memory_keep_listing(struct configrepo_memory *memory, const char *oid, const char *path,
                         struct git_listing *listing)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    write_key(&key, oid, path);
    if (!key.failed) {
        map_set(&memory->listings, key.text, listing);
    }
}

struct arena *memory_listings(struct configrepo_memory *memory)
{
    return memory->arena;
}

struct manifest_memory *memory_files(struct configrepo_memory *memory)
{
    return memory->files;
}
