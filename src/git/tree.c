#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "git/mirror.h"

#define TREE_BYTES_MAX ((size_t)32 << 20)
#define LISTING_BYTES_MAX ((size_t)64 << 20)

static const struct {
    const char *mode;
    enum git_entry_kind kind;
    bool is_executable;
} modes[] = {
    {"100644", GIT_FILE, false},      {"100755", GIT_FILE, true},    {"100664", GIT_FILE, false},
    {"40000", GIT_FOLDER, false},     {"040000", GIT_FOLDER, false}, {"120000", GIT_LINK, false},
    {"160000", GIT_SUBMODULE, false},
};

static bool read_mode(const char *mode, struct git_entry *entry, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (strcmp(mode, modes[i].mode) == 0) {
            entry->kind = modes[i].kind;
            entry->is_executable = modes[i].is_executable;
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "%.200s has an unknown file mode", entry->path);
}

static int by_path(const void *a, const void *b)
{
    const struct git_entry *left = a;
    const struct git_entry *right = b;
    return strcmp(left->path, right->path);
}

static const char *join(struct arena *arena, const char *folder, const char *name)
{
    return folder[0] ? arena_printf(arena, "%s/%s", folder, name) : arena_strdup(arena, name);
}

static void write_hex(const unsigned char *bytes, size_t count, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

typedef VEC(struct git_entry) entry_vec;

static bool add_entry(entry_vec *entries, struct err *err, struct git_entry **out)
{
    if (entries->count >= GIT_ENTRIES_MAX) {
        return err_set(err, ERR_INVALID, "there are more than %u files", GIT_ENTRIES_MAX);
    }
    *out = VEC_ADD(entries);
    return true;
}

/* A tree object is a row of "<mode> <name>\0<id as bytes>". */
static bool parse_tree(struct slice tree, const char *folder, size_t id_bytes, struct arena *arena,
                       entry_vec *out, struct err *err)
{
    const char *at = tree.bytes;
    const char *end = tree.bytes + tree.length;
    while (at < end) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        const char *nul = space ? memchr(space, '\0', (size_t)(end - space)) : NULL;
        if (!nul || (size_t)(end - nul - 1) < id_bytes) {
            return err_set(err, ERR_INTERNAL, "the folder \"%.200s\" is damaged", folder);
        }
        struct git_entry *entry = NULL;
        if (!add_entry(out, err, &entry)) {
            return false;
        }
        const char *mode = arena_strndup(arena, at, (size_t)(space - at));
        entry->path = join(arena, folder, space + 1);
        if (!git_check_path(entry->path, err) || !read_mode(mode, entry, err)) {
            return false;
        }
        write_hex((const unsigned char *)nul + 1, id_bytes, entry->oid);
        at = nul + 1 + id_bytes;
    }
    return true;
}

static void keep_entries(struct arena *arena, const entry_vec *entries, struct git_listing *out)
{
    out->count = entries->count;
    out->entries = arena_alloc(arena, entries->count + 1, sizeof(*out->entries));
    if (entries->count > 0) {
        memcpy(out->entries, entries->items, entries->count * sizeof(*out->entries));
        qsort(out->entries, out->count, sizeof(*out->entries), by_path);
    }
}

static bool read_folder(struct git *git, const struct git_object *tree, const char *folder,
                        struct arena *arena, struct git_listing *out, struct err *err)
{
    AUTO_STR(bytes, TREE_BYTES_MAX);
    if (tree->size > TREE_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "the folder \"%.200s\" has too many entries", folder);
    }
    if (!git_object_read(git, tree->oid, tree->size, &bytes, err)) {
        return false;
    }
    entry_vec entries = {0};
    bool parsed =
        parse_tree(str_slice(&bytes), folder, strlen(tree->oid) / 2, arena, &entries, err);
    if (parsed) {
        keep_entries(arena, &entries, out);
    }
    VEC_DONE(&entries);
    return parsed;
}

static bool find_folder(struct git *git, const char *commit, const char *path,
                        struct git_object *out, struct err *err)
{
    if (!git_path_info(git, commit, path, out, err)) {
        return false;
    }
    if (!out->oid[0]) {
        return err_set(err, ERR_NOT_FOUND, "the folder \"%.200s\" does not exist", path);
    }
    return strcmp(out->type, "tree") == 0 ||
           err_set(err, ERR_INVALID, "\"%.200s\" is not a folder", path);
}

/* "<mode> <type> <oid>\t<path below the folder>" */
static bool parse_listed(char *line, const char *folder, struct arena *arena, entry_vec *out,
                         struct err *err)
{
    struct git_entry *entry = NULL;
    char mode[8];
    char *path = strchr(line, '\t');
    if (!path || !add_entry(out, err, &entry)) {
        return path ? false : err_set(err, ERR_INTERNAL, "git ls-tree said \"%.100s\"", line);
    }
    *path++ = '\0';
    entry->path = join(arena, folder, path);
    if (sscanf(line, "%7[0-9] %*s %64[0-9a-f]", mode, entry->oid) != 2) {
        return err_set(err, ERR_INTERNAL, "git ls-tree said \"%.100s\"", line);
    }
    return git_check_path(entry->path, err) && read_mode(mode, entry, err);
}

static bool list_below(struct git *git, const struct git_object *tree, const char *folder,
                       struct arena *arena, struct git_listing *out, struct err *err)
{
    const char *const args[] = {"ls-tree", "-r", "-z", tree->oid, NULL};
    struct git_call call = {.args = args, .output_bytes_max = LISTING_BYTES_MAX};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return false;
    }
    entry_vec entries = {0};
    bool parsed = true;
    char *end = result.output.text + result.output.length;
    for (char *at = result.output.text; parsed && at < end;) {
        size_t length = strlen(at);
        parsed = parse_listed(at, folder, arena, &entries, err);
        at += length + 1;
    }
    if (parsed) {
        keep_entries(arena, &entries, out);
    }
    VEC_DONE(&entries);
    return parsed;
}

bool git_list(struct git *git, const char *commit, const char *path, bool recursive,
              struct arena *arena, struct git_listing *out, struct err *err)
{
    struct git_object tree;
    if (!find_folder(git, commit, path, &tree, err)) {
        return false;
    }
    return recursive ? list_below(git, &tree, path, arena, out, err)
                     : read_folder(git, &tree, path, arena, out, err);
}

bool git_list_folder(struct git *git, const char *oid, const char *path, struct arena *arena,
                     struct git_listing *out, struct err *err)
{
    struct git_object tree;
    if (!git_check_oid(oid, err) || !git_object_info(git, oid, &tree, err)) {
        return false;
    }
    if (strcmp(tree.type, "tree") != 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no folder with the object id %s", oid);
    }
    return read_folder(git, &tree, path, arena, out, err);
}

/* Make git->folder that of `tree`, whose place is `folder`. */
static bool load_folder(struct git *git, const struct git_object *tree, struct err *err)
{
    if (strcmp(tree->oid, git->folder_oid) == 0) {
        return true;
    }
    git->folder_oid[0] = '\0';
    arena_free(&git->folder_arena);
    git->folder_arena = arena_new();
    if (!read_folder(git, tree, "", git->folder_arena, &git->folder, err)) {
        return false;
    }
    memcpy(git->folder_oid, tree->oid, GIT_OID_BYTES);
    return true;
}

bool git_entry_at(struct git *git, const char *commit, const char *path,
                  const struct git_entry **out, struct err *err)
{
    *out = NULL;
    char folder[GIT_PATH_BYTES_MAX];
    if (!git_check_path(path, err)) {
        return false;
    }
    text_copy_cut(folder, sizeof(folder), path);
    char *slash = strrchr(folder, '/');
    *(slash ? slash : folder) = '\0';

    struct git_object tree;
    if (!git_path_info(git, commit, folder, &tree, err)) {
        return false;
    }
    if (strcmp(tree.type, "tree") != 0) {
        return true; /* missing, or something that has nothing below */
    }
    if (!load_folder(git, &tree, err)) {
        return false;
    }
    struct git_entry wanted = {.path = slash ? path + (slash - folder) + 1 : path};
    *out = bsearch(&wanted, git->folder.entries, git->folder.count, sizeof(wanted), by_path);
    return true;
}
