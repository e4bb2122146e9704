#include "configrepo/tree.h"

#include <stdlib.h>
#include <string.h>

struct commit_tree *commit_tree_new(struct git *git, const char *commit,
                                    struct configrepo_memory *memory, struct arena *arena)
{
    struct commit_tree *tree = ARENA_NEW(arena, struct commit_tree);
    tree->git = git;
    tree->memory = memory;
    tree->commit = arena_strdup(arena, commit);
    tree->arena = arena;
    table_init(&tree->folders, arena);
    table_init(&tree->files, arena);
    return tree;
}

/* Always false, like err_set(). */
static bool note_failure(struct commit_tree *tree, const struct err *err)
{
    bool is_about_files =
        err->kind == ERR_NOT_FOUND || err->kind == ERR_INVALID || err->kind == ERR_REFUSED;
    if (!is_about_files && tree->failure.kind == ERR_NONE) {
        tree->failure = *err;
    }
    return false;
}

static int by_path(const void *a, const void *b)
{
    const struct git_entry *left = a;
    const struct git_entry *right = b;
    return strcmp(left->path, right->path);
}

static const struct git_entry *find_in(const struct git_listing *folder, const char *path)
{
    struct git_entry wanted = {.path = path};
    return bsearch(&wanted, folder->entries, folder->count, sizeof(wanted), by_path);
}

/* "" when git does not answer, or has no such commit. */
static const char *root_oid(struct commit_tree *tree, struct err *err)
{
    static const char *const root[] = {""};
    char oid[1][GIT_OID_BYTES] = {""};
    if (!tree->root_oid) {
        if (!git_oids(tree->git, tree->commit, root, 1, oid, err)) {
            note_failure(tree, err);
            return "";
        }
        tree->root_oid = arena_strdup(tree->arena, oid[0]);
    }
    if (!tree->root_oid[0]) {
        err_set(err, ERR_NOT_FOUND, "the mirror has no commit %.10s", tree->commit);
    }
    return tree->root_oid;
}

static const char *folder_oid(struct commit_tree *tree, const char *path, struct err *err)
{
    if (!path[0]) {
        return root_oid(tree, err);
    }
    const struct git_entry *entry = commit_tree_entry(tree, path);
    if (entry && entry->kind == GIT_FOLDER) {
        return entry->oid;
    }
    err_set(err, entry && entry->kind == GIT_LINK ? ERR_REFUSED : ERR_NOT_FOUND,
            entry ? "%.200s is not a folder" : "%.200s does not exist", path);
    return "";
}

static struct git_listing *list_folder(struct commit_tree *tree, const char *oid, const char *path,
                                       struct err *err)
{
    struct configrepo_memory *memory = tree->memory;
    struct git_listing *known = memory ? memory_listing(memory, oid, path) : NULL;
    if (known) {
        return known;
    }
    struct arena *arena = memory ? memory_listings(memory) : tree->arena;
    struct git_listing *listing = ARENA_NEW(arena, struct git_listing);
    if (!git_list_folder(tree->git, oid, path, arena, listing, err)) {
        note_failure(tree, err);
        return NULL;
    }
    if (memory) {
        memory_keep_listing(memory, oid, path, listing);
    }
    return listing;
}

/* Folders are found from the root down: what is below a file or a link needs no question. */
static const struct git_listing *folder_at(struct commit_tree *tree, const char *path,
                                           struct err *err)
{
    void **known = table_place(&tree->folders, path);
    if (*known) {
        return *known;
    }
    const char *oid = folder_oid(tree, path, err);
    struct git_listing *listing = oid[0] ? list_folder(tree, oid, path, err) : NULL;
    *table_place(&tree->folders, path) = listing;
    return listing;
}

const struct git_entry *commit_tree_entry(struct commit_tree *tree, const char *path)
{
    struct err err = {0};
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? arena_strndup(tree->arena, path, (size_t)(slash - path)) : "";
    const struct git_listing *listing = folder_at(tree, folder, &err);
    return listing ? find_in(listing, path) : NULL;
}

static bool read_blob(struct commit_tree *tree, const char *oid, struct slice **out,
                      struct err *err)
{
    AUTO_STR(bytes, GIT_BLOB_BYTES_MAX);
    if (!git_read(tree->git, oid, &bytes, err)) {
        return note_failure(tree, err);
    }
    *out = ARENA_NEW(tree->arena, struct slice);
    (*out)->bytes = arena_strndup(tree->arena, bytes.text, bytes.length);
    (*out)->length = bytes.length;
    *table_place(&tree->files, oid) = *out;
    return true;
}

bool commit_tree_read(struct commit_tree *tree, const char *path, struct slice *out,
                      struct err *err)
{
    const struct git_entry *entry = commit_tree_entry(tree, path);
    if (!entry) {
        return err_set(err, ERR_NOT_FOUND, "%.200s does not exist", path);
    }
    if (entry->kind != GIT_FILE) {
        return err_set(err, ERR_REFUSED, "%.200s is a %s", path,
                       entry->kind == GIT_LINK     ? "link; links are not followed"
                       : entry->kind == GIT_FOLDER ? "folder, not a file"
                                                   : "submodule; submodules are not followed");
    }
    struct slice *bytes = table_get(&tree->files, entry->oid);
    if (!bytes && !read_blob(tree, entry->oid, &bytes, err)) {
        return err_wrap(err, "%.200s", path);
    }
    *out = *bytes;
    return true;
}

/* ---- as manifest/ wants it ---- */

static bool face_read(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    const struct commit_tree *tree = context;
    if (!commit_tree_read(context, path, out, err)) {
        return false;
    }
    if (arena != tree->arena) { /* it outlives ours */
        out->bytes = arena_strndup(arena, out->bytes, out->length);
    }
    return true;
}

static bool face_list(void *context, const char *folder, struct arena *arena,
                      struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct git_listing *listing = folder_at(context, folder, err);
    if (!listing) {
        return false;
    }
    struct manifest_entry *entries = arena_alloc(arena, listing->count + 1, sizeof(*entries));
    for (size_t i = 0; i < listing->count; i++) {
        const struct git_entry *entry = &listing->entries[i];
        const char *slash = strrchr(entry->path, '/');
        entries[i] = (struct manifest_entry){
            .name = slash ? slash + 1 : entry->path,
            .is_folder = entry->kind == GIT_FOLDER,
            .oid = entry->oid,
        };
    }
    *out = entries;
    *out_count = listing->count;
    return true;
}

static const char *face_oid(void *context, const char *path, struct arena *arena)
{
    struct commit_tree *tree = context;
    struct err ignored = {0};
    (void)arena;
    if (!path[0]) {
        return root_oid(tree, &ignored);
    }
    const struct git_entry *entry = commit_tree_entry(tree, path);
    return entry ? entry->oid : "";
}

struct manifest_tree commit_tree_face(struct commit_tree *tree)
{
    return (struct manifest_tree){
        .read = face_read,
        .list = face_list,
        .oid = face_oid,
        .context = tree,
        .memory = tree->memory ? memory_files(tree->memory) : NULL,
    };
}

struct manifest_tree configrepo_tree(struct git *git, const char *commit, struct arena *arena)
{
    return commit_tree_face(commit_tree_new(git, commit, NULL, arena));
}
