#include "tree.h"

static bool read_one(void *context, const char *path, struct arena *arena, struct slice *out,
                     struct err *err)
{
    const struct one_file *file = context;
    (void)arena;
    *out = file->text;
    return strncmp(path, "clusters/dev/", 13) == 0 && strcmp(path + 13, file->path) == 0
               ? true
               : err_set(err, ERR_NOT_FOUND, "there is no %s", path);
}

static bool list_one(void *context, const char *folder, struct arena *arena,
                     struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct one_file *file = context;
    struct manifest_entry *entry = ARENA_NEW(arena, struct manifest_entry);
    *entry = strcmp(folder, "") == 0           ? (struct manifest_entry){"clusters", true, ""}
             : strcmp(folder, "clusters") == 0 ? (struct manifest_entry){"dev", true, ""}
                                               : (struct manifest_entry){file->path, false, ""};
    *out = entry;
    *out_count = 1;
    return strncmp(folder, "clusters/dev/", 13) != 0 ||
           err_set(err, ERR_NOT_FOUND, "there is no %s", folder);
}

static const char *no_oid(void *context, const char *path, struct arena *arena)
{
    (void)context;
    (void)path;
    (void)arena;
    return "";
}

void set_in_file(const struct one_file *file, const struct inspect_wish *wish, struct arena *arena,
                 struct inspect_outcome *out)
{
    struct one_file copy = *file;
    struct manifest_tree tree = {read_one, list_one, no_oid, &copy};
    struct inspection *inspection = NULL;
    struct err err = {0};
    ASSERT_OK(inspect_tree(&tree, arena, &inspection, &err), err);
    ASSERT_OK(inspect_change(&tree, inspection, wish, arena, out, &err), err);
}
