/* remote: a real bare repository in a temporary folder, and a place for its mirror. */
#pragma once

#include "../testing.h"

#include "base/arena.h"
#include "base/str.h"
#include "git/git.h"

struct remote {
    char folder[64]; /* of everything below */
    char url[96];    /* the bare repository: "<folder>/remote.git" */
    char mirror[96];
    struct arena *arena;
    int64_t clock_s; /* of the next commit */
};

struct remote_file {
    const char *path, *text; /* NULL text: remove it */
};

void remote_init(struct remote *remote);
void remote_init_as(struct remote *remote, const char *object_format);
void remote_done(struct remote *remote);

/* Commit these files on a branch; returns the commit.  As another person would push it. */
const char *remote_commit(struct remote *remote, const char *branch,
                          const struct remote_file *files, size_t count);
#define REMOTE_COMMIT(remote, branch, ...)                                                         \
    remote_commit((remote), (branch), (const struct remote_file[]){__VA_ARGS__},                   \
                  sizeof((const struct remote_file[]){__VA_ARGS__}) / sizeof(struct remote_file))
/* A stream for git fast-import, for what the above cannot say. */
void remote_import(struct remote *remote, struct slice stream);
/* What git says, without the last line end; fails the test when git fails. */
const char *remote_git(struct remote *remote, const char *const *args);
#define REMOTE_GIT(remote, ...) remote_git((remote), (const char *const[]){__VA_ARGS__, NULL})
/* The same in the mirror. */
const char *mirror_git(struct remote *remote, const char *const *args);
#define MIRROR_GIT(remote, ...) mirror_git((remote), (const char *const[]){__VA_ARGS__, NULL})

/* From here on, each git that heddle calls writes a line with its arguments to the file that is
   returned, and its environment to the same with ".env", before the real one runs. */
const char *remote_spy_on_git(struct remote *remote);
/* Packs in the mirror. */
size_t mirror_count_packs(struct remote *remote);
/* More packs with the content of the first one, as many small fetches leave many packs. */
void mirror_copy_pack(struct remote *remote, int copies);

/* A mirror of it, opened on main. */
struct git *remote_open(struct remote *remote);
/* Opened and fetched; the tip is in `head`. */
struct git *remote_fetched(struct remote *remote, char head[static GIT_OID_BYTES]);

/* One changed file on top of a parent. */
struct git_commit mirror_edit_of(const char *parent, const struct git_change *change);
void mirror_commit(struct git *git, const char *parent, const char *path, const char *text,
                   char out[static GIT_OID_BYTES]);
void mirror_expect_file(struct git *git, const char *commit, const char *path, const char *text);
