#include "trees.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

#define FILE_BYTES_MAX (1U << 20)
#define ENTRIES_MAX 4096

static const char *oid_of(struct arena *arena, const char *text, size_t length)
{
    return arena_printf(arena, "%016llx", (unsigned long long)hash64(HASH64_START, text, length));
}

/* ---- in memory ---- */

void memory_put(struct memory_tree *tree, const char *path, const char *text)
{
    free(text ? map_set(&tree->files, path, xstrdup(text)) : map_remove(&tree->files, path));
}

void memory_done(struct memory_tree *tree)
{
    MAP_EACH (slot, &tree->files) {
        free(slot->value);
    }
    map_done(&tree->files);
    map_done(&tree->links);
}

static bool memory_read(void *context, const char *path, struct arena *arena, struct slice *out,
                        struct err *err)
{
    struct memory_tree *tree = context;
    const char *text = map_get(&tree->files, path);
    tree->reads++;
    if (tree->broken && strcmp(tree->broken, path) == 0) {
        return err_set(err, ERR_UNAVAILABLE, "the store is away");
    }
    if (map_has(&tree->links, path)) {
        return err_set(err, ERR_REFUSED, "%s is a link; links are not followed", path);
    }
    if (!text) {
        return err_set(err, ERR_NOT_FOUND, "%s does not exist", path);
    }
    *out = slice_of(arena_strdup(arena, text));
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct manifest_entry *left = a;
    const struct manifest_entry *right = b;
    return strcmp(left->name, right->name);
}

static void add_entry(struct manifest_entry *entries, size_t *count, const char *name,
                      size_t length, struct arena *arena)
{
    for (size_t i = 0; i < *count; i++) {
        if (strlen(entries[i].name) == length && memcmp(entries[i].name, name, length) == 0) {
            return;
        }
    }
    entries[*count].is_folder = name[length] == '/';
    entries[(*count)++].name = arena_strndup(arena, name, length);
}

static bool memory_list(void *context, const char *folder, struct arena *arena,
                        struct manifest_entry **out, size_t *out_count, struct err *err)
{
    struct memory_tree *tree = context;
    size_t length = strlen(folder);
    struct manifest_entry *entries =
        arena_alloc(arena, tree->files.count + tree->links.count, sizeof(*entries));
    size_t count = 0;
    const struct map *const maps[] = {&tree->files, &tree->links};
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        MAP_EACH (slot, maps[i]) {
            const char *below = slot->key + length + (length > 0);
            bool is_below = strncmp(slot->key, folder, length) == 0 &&
                            (length == 0 || slot->key[length] == '/');
            if (is_below) {
                add_entry(entries, &count, below, strcspn(below, "/"), arena);
            }
        }
    }
    qsort(entries, count, sizeof(*entries), by_name);
    *out = entries;
    *out_count = count;
    return count > 0 || err_set(err, ERR_NOT_FOUND, "%s is no folder", folder);
}

static const char *memory_oid(void *context, const char *path, struct arena *arena)
{
    const struct memory_tree *tree = context;
    const char *text = map_get(&tree->files, path);
    if (text) {
        return oid_of(arena, text, strlen(text));
    }
    uint64_t sum = 0; /* of all files below, in any order */
    size_t length = strlen(path);
    MAP_EACH (slot, &tree->files) {
        if (length == 0 || (strncmp(slot->key, path, length) == 0 && slot->key[length] == '/')) {
            const char *below = slot->value;
            sum += hash64(hash64(HASH64_START, slot->key, strlen(slot->key)), below, strlen(below));
        }
    }
    return sum ? arena_printf(arena, "%016llx", (unsigned long long)sum) : "";
}

struct manifest_tree memory_face(struct memory_tree *tree)
{
    return (struct manifest_tree){memory_read, memory_list, memory_oid, tree};
}

/* ---- a folder ---- */

static bool folder_read(void *context, const char *path, struct arena *arena, struct slice *out,
                        struct err *err)
{
    const char *root = context;
    AUTO_STR(text, FILE_BYTES_MAX);
    if (!file_read(arena_printf(arena, "%s/%s", root, path), &text, err)) {
        return false;
    }
    *out = (struct slice){arena_strndup(arena, text.text, text.length), text.length};
    return true;
}

static bool folder_list(void *context, const char *folder, struct arena *arena,
                        struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const char *root = context;
    struct dirent **found = NULL;
    int count = scandir(arena_printf(arena, "%s/%s", root, folder), &found, NULL, alphasort);
    if (count < 0) {
        return err_set(err, ERR_NOT_FOUND, "%s: %s", folder, strerror(errno));
    }
    *out = arena_alloc(arena, (size_t)count, sizeof(**out));
    *out_count = 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(found[i]->d_name, ".") != 0 && strcmp(found[i]->d_name, "..") != 0) {
            struct manifest_entry *entry = &(*out)[(*out_count)++];
            entry->name = arena_strdup(arena, found[i]->d_name);
            entry->is_folder = found[i]->d_type == DT_DIR;
        }
        free(found[i]);
    }
    free(found);
    return true;
}

static const char *folder_oid(void *context, const char *path, struct arena *arena)
{
    struct slice text;
    struct err ignored = {0};
    return folder_read(context, path, arena, &text, &ignored)
               ? oid_of(arena, text.bytes, text.length)
               : "";
}

struct manifest_tree folder_face(const char *root)
{
    union {
        const char *text;
        void *context;
    } face = {.text = root}; /* only read */
    return (struct manifest_tree){folder_read, folder_list, folder_oid, face.context};
}
