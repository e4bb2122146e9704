/* folder: a manifest_tree over a folder of this machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "inspect/inspect.h"

struct folder {
    const char *root;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static int refuse_open(struct err *err)
{
    if (errno == ELOOP || errno == ENOTDIR) {
        err_set(err, ERR_REFUSED, "it is a link, or lies behind one; links are not followed");
    } else {
        err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE, "open: %s",
                strerror(errno));
    }
    return -1;
}

/* Open a path below the root, part by part, so that no link on the way is followed. */
static int open_below(const struct folder *folder, const char *path, int flags, struct err *err)
{
    AUTO(close_fd)
    int at = open(folder->root, (*path ? O_PATH : O_RDONLY) | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && *path) {
        size_t length = strcspn(path, "/");
        char name[NAME_MAX + 1];
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
            return refuse_open(err);
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length + (path[length] == '/');
        int folder_flags = O_PATH | O_DIRECTORY;
        int next = openat(at, name, (*path ? folder_flags : flags) | O_NOFOLLOW | O_CLOEXEC);
        close(at);
        at = next;
    }
    return at >= 0 ? take_fd(&at) : refuse_open(err);
}

static bool read_file(void *context, const char *path, struct arena *arena, struct slice *out,
                      struct err *err)
{
    AUTO(close_fd) int fd = open_below(context, path, O_RDONLY | O_NONBLOCK, err);
    struct stat status;
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return err_set(err, ERR_REFUSED, "it is no plain file");
    }
    if (status.st_size > (off_t)YAML_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "it is larger than %u MiB", YAML_BYTES_MAX >> 20);
    }
    size_t size = (size_t)status.st_size;
    char *bytes = arena_alloc(arena, size + 1, 1);
    size_t have = 0;
    ssize_t got = 1;
    while (have < size && got > 0) {
        got = read(fd, bytes + have, size - have);
        have += got > 0 ? (size_t)got : 0;
    }
    *out = (struct slice){bytes, have};
    return got >= 0 || err_set(err, ERR_UNAVAILABLE, "read: %s", strerror(errno));
}

static int by_name(const void *left, const void *right)
{
    const struct manifest_entry *a = left;
    const struct manifest_entry *b = right;
    return strcmp(a->name, b->name);
}

/* Links and devices are left out: nothing of the repository is behind them. */
static bool is_wanted(const struct dirent *entry)
{
    bool is_self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    return !is_self && (entry->d_type == DT_REG || entry->d_type == DT_DIR);
}

static void close_dir(DIR **dir)
{
    if (*dir) {
        closedir(*dir);
    }
}

static bool list_folder(void *context, const char *path, struct arena *arena,
                        struct manifest_entry **out, size_t *out_count, struct err *err)
{
    int fd = open_below(context, path, O_RDONLY | O_DIRECTORY, err);
    AUTO(close_dir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        return false;
    }
    VEC(struct manifest_entry) entries = {0};
    for (const struct dirent *entry = readdir(dir); entry && entries.count < INSPECT_FILES_MAX;
         entry = readdir(dir)) {
        if (is_wanted(entry)) {
            struct manifest_entry *added = VEC_ADD(&entries);
            added->name = arena_strdup(arena, entry->d_name);
            added->is_folder = entry->d_type == DT_DIR;
            added->oid = "";
        }
    }
    sort_items(entries.items, entries.count, sizeof(*entries.items), by_name);
    *out_count = entries.count;
    *out = arena_alloc(arena, entries.count + 1, sizeof(**out));
    if (entries.count) {
        memcpy(*out, entries.items, entries.count * sizeof(**out));
    }
    VEC_DONE(&entries);
    return true;
}

static const char *no_oid(void *context, const char *path, struct arena *arena)
{
    (void)context;
    (void)path;
    (void)arena;
    return "";
}

bool inspect_folder(const char *folder, struct arena *arena, struct manifest_tree *out,
                    struct err *err)
{
    struct stat status;
    if (stat(folder, &status) != 0) {
        return err_set(err, ERR_NOT_FOUND, "%s: %s", folder, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return err_set(err, ERR_INVALID, "%s is no folder", folder);
    }
    struct folder *context = ARENA_NEW(arena, struct folder);
    context->root = arena_strdup(arena, folder);
    *out = (struct manifest_tree){read_file, list_folder, no_oid, context};
    return true;
}
