/* mirror: what the files of this module share. */
#pragma once

#include "git/git.h"
#include "proc/proc.h"

#define GIT_PATH_BYTES_MAX 4096
#define GIT_ENTRIES_MAX 200000U
#define REF_BYTES ((size_t)512)

struct git {
    struct arena *arena; /* of the texts below */
    struct git_options options;
    const char *const *local_env; /* for calls that stay on this machine: no credentials */
    bool wants_everything;        /* the remote refused to leave large files out */
    struct proc_pipe *cat;        /* cat-file --batch-command; NULL until the first question */
    /* The folder that was read last: reading all of its files costs one look at its tree. */
    struct arena *folder_arena;
    char folder_oid[GIT_OID_BYTES];
    struct git_listing folder;
};

/* A watched branch as last fetched or pushed. */
#define BRANCH_PREFIX "refs/heads/"
/* As the remote last showed it; the one above follows after the check for rewriting. */
#define FETCHED_PREFIX "refs/heddle/fetched/"
#define SEEN_PREFIX "refs/heddle/seen/"

/* A push that is longer under way is killed; whether it landed, the remote is asked.  Hooks of a
   host may take their time, but a host that dies in mid-push lets git wait for ever (its reader of
   the answer ends without a word to the rest of it), and everything else that needs Git meanwhile.
 */
#define PUSH_WALL_MS INT64_C(120000)

#define GIT_MAINTAIN_WALL_MS INT64_C(900000)

/* ---- environment.c ---- */

enum git_reach {
    GIT_LOCAL,    /* this machine: no credentials */
    GIT_NETWORK,  /* with credentials */
    GIT_KEYS,     /* this machine, with what signs and whom to trust */
    GIT_PROMISED, /* this machine; that files stayed with the remote is no damage */
};
/* May files stay with the remote that are too large to be read? */
bool git_is_promised(const struct git_options *options);
/* The whole environment of a call, ended by NULL, and `more_count` lines more; in the arena.
   `secret` gets what the call must hand over at PROC_SECRET_PATH: the password. */
bool git_environment(const struct git_options *options, enum git_reach reach,
                     const char *const *more, size_t more_count, struct arena *arena,
                     const char *const **out, struct str *secret, struct err *err) MUST_CHECK;

/* ---- call.c ---- */

struct git_call {
    const char *const *args; /* after "git --git-dir=…", NULL-terminated */
    struct slice input;
    int64_t wall_ms;         /* 0: two minutes */
    size_t output_bytes_max; /* 0: 16 MiB */
    enum git_reach reach;
    const char *const *env; /* lines beside those of `reach` */
    size_t env_count;
};
/* Run it; the exit code is a result. */
bool git_run(struct git *git, const struct git_call *call, struct proc_result *out,
             struct err *err) MUST_CHECK;
/* The same, and an exit code other than 0 is an error in git's own words. */
bool git_run_ok(struct git *git, const struct git_call *call, struct proc_result *out,
                struct err *err) MUST_CHECK;
/* The object id that git printed as its first line. */
bool git_take_oid(struct proc_result *result, char out[static GIT_OID_BYTES],
                  struct err *err) MUST_CHECK;
/* Turn what git said into an error. */
bool git_failed(const struct proc_result *result, bool uses_network, struct err *err);

/* ---- open.c ---- */

/* Throw the mirror away and begin an empty one. */
bool git_recreate(struct git *git, const char *object_format, struct err *err) MUST_CHECK;

/* ---- objects.c ---- */

struct git_object {
    char oid[GIT_OID_BYTES]; /* "": there is none */
    char type[8];
    size_t size;
};
bool git_object_info(struct git *git, const char *name, struct git_object *out,
                     struct err *err) MUST_CHECK;
/* An object's bytes, whatever its type. */
bool git_object_read(struct git *git, const char *oid, size_t size, struct str *out,
                     struct err *err) MUST_CHECK;
/* What is at a path: a blob, a tree, or nothing. */
bool git_path_info(struct git *git, const char *commit, const char *path, struct git_object *out,
                   struct err *err) MUST_CHECK;
void git_forget_objects(struct git *git); /* the files below were exchanged */

bool git_check_oid(const char *oid, struct err *err) MUST_CHECK;
/* A path that git and every file system read as the same one; "" is the root. */
bool git_check_path(const char *path, struct err *err) MUST_CHECK;
/* The tip of a ref, "" when there is none. */
bool git_ref(struct git *git, const char *ref, char out[static GIT_OID_BYTES],
             struct err *err) MUST_CHECK;

/* ---- tree.c ---- */

/* The entry of a path, or NULL in *out; valid until the next call. */
bool git_entry_at(struct git *git, const char *commit, const char *path,
                  const struct git_entry **out, struct err *err) MUST_CHECK;

/* ---- branch.c ---- */

/* The branches that the remote has not get an err that says so. */
bool git_note_missing(struct git *git, struct git_branch *branches, size_t count,
                      struct err *err) MUST_CHECK;

/* ---- sign.c ---- */

bool git_signs(const struct git_options *options);
/* A commit of the files that `files_of` has, signed where a key is given. */
bool git_commit_files(struct git *git, const struct git_commit *commit, const char *files_of,
                      char out[static GIT_OID_BYTES], struct err *err) MUST_CHECK;
/* What may stand in a commit's header: no line ends, no angle brackets. */
void git_add_name(struct str *out, const char *name, const char *otherwise);
#define GIT_COMMITTER_NAME "heddle"
#define GIT_COMMITTER_EMAIL "heddle@localhost"

/* ---- fetch.c ---- */

/* Bring a branch's tip as the remote shows it.  Nothing else moves. */
bool git_fetch_tip(struct git *git, const char *branch, char out[static GIT_OID_BYTES],
                   struct err *err) MUST_CHECK;
/* ---- packs.c ---- */

/* Each fetch leaves a pack.  Where they are many, the small ones become one; that costs what they
   hold, not what the repository holds.  When it fails, the next fetch tries again. */
void git_gather_packs(struct git *git);

/* Run `update-ref --stdin` with these lines: all of them or none. */
bool git_update_refs(struct git *git, struct slice lines, struct err *err) MUST_CHECK;
