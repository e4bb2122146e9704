/*
 * packs: many small packs become one.
 *
 * `git repack --geometric` would do it, but refuses in a partial clone.  There, only what was
 * fetched is promised; our own objects stay by themselves until `git gc` packs or drops them.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"
#include "git/mirror.h"

#define PACKS_MAX 50   /* as git's own gc.autoPackLimit */
#define SIZE_FACTOR 2U /* a pack that stays holds this much more than all smaller ones together */

struct pack {
    const char *base; /* its path, without the ending */
    const char *name; /* the part of it behind the folders */
    off_t bytes;
};

struct packs {
    struct arena *arena;
    VEC(struct pack) all;
};

static const char *with_ending(struct packs *packs, const char *base, const char *ending)
{
    return arena_printf(packs->arena, "%s%s", base, ending);
}

static void add_pack(struct packs *packs, const char *folder, struct slice name, bool is_promised)
{
    struct stat file;
    const char *base = arena_printf(packs->arena, "%s/%.*s", folder, (int)name.length, name.bytes);
    bool has_promise = access(with_ending(packs, base, ".promisor"), F_OK) == 0;
    if (has_promise == is_promised && stat(with_ending(packs, base, ".pack"), &file) == 0) {
        *VEC_ADD(&packs->all) =
            (struct pack){.base = base, .name = base + strlen(folder) + 1, .bytes = file.st_size};
    }
}

static void list_packs(struct packs *packs, const char *path, bool is_promised)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, ".idx") == 0) {
            struct slice name = {entry->d_name, (size_t)(dot - entry->d_name)};
            add_pack(packs, path, name, is_promised);
        }
    }
    if (folder) {
        closedir(folder);
    }
}

static int by_size(const void *left, const void *right)
{
    const struct pack *a = left;
    const struct pack *b = right;
    return a->bytes != b->bytes ? (a->bytes > b->bytes) - (a->bytes < b->bytes)
                                : strcmp(a->name, b->name);
}

/* Of packs in the order of their sizes, those before the first that may stay. */
static size_t count_small(const struct pack *packs, size_t count)
{
    off_t before = 0;
    for (size_t i = 0; i < count; i++) {
        before += packs[i].bytes;
    }
    while (count > 1) {
        before -= packs[count - 1].bytes;
        if (packs[count - 1].bytes < SIZE_FACTOR * before) {
            return count;
        }
        count--;
    }
    return 0;
}

/* The pack first: an index without its pack is not looked at, and is small. */
static void remove_pack(struct packs *packs, const struct pack *pack)
{
    static const char *const endings[] = {".pack", ".rev", ".bitmap", ".promisor", ".idx"};
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        unlink(with_ending(packs, pack->base, endings[i]));
    }
}

static bool join_packs(struct git *git, struct packs *packs, size_t count, const char *folder,
                       struct err *err)
{
    AUTO_STR(names, 1U << 20);
    for (size_t i = 0; i < count; i++) {
        str_addf(&names, "%s.pack\n", packs->all.items[i].name);
    }
    const char *base = with_ending(packs, folder, "/pack");
    const char *const args[] = {
        "pack-objects", "--quiet", "--stdin-packs", "--delta-base-offset", "--non-empty",
        base,           NULL};
    struct git_call call = {
        .args = args, .input = str_slice(&names), .wall_ms = GIT_MAINTAIN_WALL_MS};
    AUTO(proc_result_done) struct proc_result result = {0};
    char joined[GIT_OID_BYTES];
    if (names.failed || !git_run_ok(git, &call, &result, err) ||
        !git_take_oid(&result, joined, err)) {
        return false;
    }
    const char *kept = arena_printf(packs->arena, "%s-%s", base, joined);
    if (git_is_promised(&git->options) &&
        !file_replace(with_ending(packs, kept, ".promisor"), (struct slice){0}, 0444, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(packs->all.items[i].base, kept) != 0) {
            remove_pack(packs, &packs->all.items[i]);
        }
    }
    return true;
}

void git_gather_packs(struct git *git)
{
    struct packs packs = {.arena = arena_new()};
    const char *folder = arena_printf(packs.arena, "%s/objects/pack", git->options.folder);
    list_packs(&packs, folder, git_is_promised(&git->options));
    sort_items(packs.all.items, packs.all.count, sizeof(*packs.all.items), by_size);
    size_t small = count_small(packs.all.items, packs.all.count);
    struct err ignored = {0};
    if (packs.all.count > PACKS_MAX && join_packs(git, &packs, small, folder, &ignored)) {
        git_forget_objects(git);
    }
    VEC_DONE(&packs.all);
    arena_free(&packs.arena);
}
