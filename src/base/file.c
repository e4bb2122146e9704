#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_READ_STEP 65536
#define FILE_SECRET_BYTES_MAX 4096
#define FILE_OPEN_FOLDERS_MAX 16

static bool failed(const char *what, const char *path, struct err *err)
{
    enum err_kind kind = errno == ENOENT   ? ERR_NOT_FOUND
                         : errno == EACCES ? ERR_DENIED
                         : errno == ENOSPC ? ERR_UNAVAILABLE
                                           : ERR_INTERNAL;
    return err_set(err, kind, "%s %s: %s", what, path, strerror(errno));
}

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

bool file_read(const char *path, struct str *out, struct err *err)
{
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failed("open", path, err);
    }
    for (;;) {
        char block[FILE_READ_STEP];
        ssize_t got = read(fd, block, sizeof(block));
        if (got < 0) {
            return failed("read", path, err);
        }
        if (got == 0) {
            return true;
        }
        str_add_bytes(out, block, (size_t)got);
        if (out->failed) {
            return err_set(err, ERR_INVALID, "%s is larger than %zu bytes", path, out->max);
        }
    }
}

bool file_read_secret(const char *path, struct str *out, struct err *err)
{
    AUTO_STR(whole, FILE_SECRET_BYTES_MAX);
    if (!file_read(path, &whole, err)) {
        return false;
    }
    size_t length = strcspn(whole.text, "\r\n");
    if (length == 0) {
        return err_set(err, ERR_INVALID, "%s is empty; it should hold the secret on one line",
                       path);
    }
    str_add_bytes(out, whole.text, length);
    return !out->failed || err_set(err, ERR_INVALID, "the secret in %s is too long", path);
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.length > 0) {
        ssize_t put = write(fd, bytes.bytes, bytes.length);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        if (put > 0) {
            bytes.bytes += put;
            bytes.length -= (size_t)put;
        }
    }
    return true;
}

bool file_replace(const char *path, struct slice bytes, unsigned mode, struct err *err)
{
    char beside[4096];
    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside)) {
        return err_set(err, ERR_INVALID, "the path %.80s… is too long", path);
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return failed("create", beside, err);
    }
    bool done = write_all(fd, bytes) && fsync(fd) == 0;
    if (!done) {
        failed("write", beside, err);
    }
    close(fd);
    if (done && rename(beside, path) != 0) {
        done = failed("rename to", path, err);
    }
    if (!done) {
        unlink(beside);
    }
    return done;
}

bool file_make_folder(const char *path, struct err *err)
{
    char partial[4096];
    if (!TEXT_COPY(partial, path)) {
        return err_set(err, ERR_INVALID, "the path %.80s… is too long", path);
    }
    for (char *at = partial + 1;; at++) {
        if (*at != '/' && *at != '\0') {
            continue;
        }
        char was = *at;
        *at = '\0';
        if (mkdir(partial, 0700) != 0 && errno != EEXIST) {
            return failed("create folder", partial, err);
        }
        *at = was;
        if (was == '\0') {
            return true;
        }
    }
}

static int remove_one(const char *path, const struct stat *what, int flag, struct FTW *where)
{
    (void)what;
    (void)flag;
    (void)where;
    return remove(path);
}

bool file_remove_tree(const char *path, struct err *err)
{
    if (nftw(path, remove_one, FILE_OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0 &&
        errno != ENOENT) {
        return failed("remove", path, err);
    }
    return true;
}
