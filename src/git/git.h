/*
 * git: a bare mirror of one remote repository, by the git program.
 *
 * No checkout, no index, no hooks, no shell.  A mirror is a cache: it may be deleted at any
 * time and is fetched again.  Blocking; one thread at a time per struct git.
 * Names of files from a repository are untrusted: .git in any case, "..", control bytes,
 * links and submodules are never followed.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define GIT_OID_BYTES 65 /* SHA-1 or SHA-256 in hex, and NUL */
#define GIT_BLOB_BYTES_MAX (16U << 20)

struct git_options {
    const char *folder; /* of the mirror; made when missing */
    const char *url;    /* http(s), ssh, or a path; must not begin with '-' */
    const char *branch; /* the watched one, or the first of them: "main" */
    /* Credentials, or NULL.  A password goes to git by a descriptor (PROC_SECRET_PATH), never by
       argument, URL, environment or file. */
    const char *username;
    const char *password_file;
    const char *ssh_key_file;
    const char *ssh_known_hosts_file; /* NULL with ssh: the user's own */
    /* For https hosts that ask who connects; PEM. */
    const char *client_certificate_file, *client_key_file;
    /* Our commits are signed with one of these, or not at all: an SSH private key without a
       passphrase, or the fingerprint of an OpenPGP key whose secret part is in openpgp_folder. */
    const char *signing_key_file;
    const char *openpgp_key;
    /* Whose commits git_check_signed() takes: lines as ssh-keygen(1) has them under ALLOWED
       SIGNERS, and the trusted keys of a GnuPG home folder. */
    const char *allowed_signers_file;
    const char *openpgp_folder;
    /* Of our commits; NULL: heddle <heddle@localhost>. */
    const char *committer_name, *committer_email;
};

/* Could a branch have this name?  ERR_INVALID says that it could not. */
bool git_check_branch(const char *branch, struct err *err) MUST_CHECK;

struct git;
/* Makes the mirror, or mends it: locks of a killed git are removed, and a broken mirror or that of
   another URL begins anew.  A folder with other files in it is ERR_INVALID. */
bool git_open(const struct git_options *options, struct git **out, struct err *err) MUST_CHECK;
void git_close(struct git **git);
/* Pack what fetches and commits left behind; seconds for a large repository, so rarely: once a day.
   Commits that still wait for their push stay. */
bool git_maintain(struct git *git, struct err *err) MUST_CHECK;

/* Bring the branch up to date; `out_head` is its tip.  When the new tip does not descend from
   the one seen before, history was rewritten: `out_rewritten` is set, and the old tip stays
   reachable under refs/heddle/seen.  An empty or missing branch is ERR_NOT_FOUND. */
bool git_fetch(struct git *git, char out_head[static GIT_OID_BYTES], bool *out_rewritten,
               struct err *err) MUST_CHECK;
/* One of several branches that are watched. */
struct git_branch {
    const char *name;
    char head[GIT_OID_BYTES]; /* out; "" when it could not be brought, and was not here before */
    bool is_rewritten;        /* out */
    struct err err;           /* out: why it could not be brought; ERR_NONE: it was */
};
/* The same for several branches, by one connection.  One that is missing says so in its own err and
   keeps nobody from the others; false when none of them can be brought. */
bool git_fetch_branches(struct git *git, struct git_branch *branches, size_t count,
                        struct err *err) MUST_CHECK;
/* The tip as last fetched or pushed, without the network. */
bool git_head(struct git *git, const char *branch, char out_head[static GIT_OID_BYTES],
              struct err *err) MUST_CHECK;
bool git_resolve(struct git *git, const char *revision, char out[static GIT_OID_BYTES],
                 struct err *err) MUST_CHECK;

enum git_entry_kind { GIT_FILE, GIT_FOLDER, GIT_LINK, GIT_SUBMODULE };
struct git_entry {
    const char *path; /* from the root of the repository */
    char oid[GIT_OID_BYTES];
    enum git_entry_kind kind;
    bool is_executable;
};
struct git_listing {
    struct git_entry *entries; /* sorted by path */
    size_t count;
};
/* What lies under `path` ("" for the root) in a commit: direct children, or every file
   below (folders then are left out).  More than 200,000 entries, or a name that is not allowed
   (".git", control bytes), is ERR_INVALID: a part of a folder is no picture of it.  A missing path
   is ERR_NOT_FOUND. */
bool git_list(struct git *git, const char *commit, const char *path, bool recursive,
              struct arena *arena, struct git_listing *out, struct err *err) MUST_CHECK;
/* The direct children of a folder whose object id is known; `path` is what their paths begin with.
 */
bool git_list_folder(struct git *git, const char *oid, const char *path, struct arena *arena,
                     struct git_listing *out, struct err *err) MUST_CHECK;
/* Object ids of paths, "" for those that do not exist; one round trip for all. */
bool git_oids(struct git *git, const char *commit, const char *const *paths, size_t count,
              char (*out)[GIT_OID_BYTES], struct err *err) MUST_CHECK;
/* A blob's bytes, by object id; ERR_INVALID above GIT_BLOB_BYTES_MAX. */
bool git_read(struct git *git, const char *oid, struct str *out, struct err *err) MUST_CHECK;
bool git_read_path(struct git *git, const char *commit, const char *path, struct str *out,
                   struct err *err) MUST_CHECK;

struct git_change {
    const char *path;
    struct slice bytes;            /* the whole new content; the file's mode stays */
    const struct git_entry *known; /* what is there in the parent; NULL: it is looked up */
};
struct git_commit {
    const char *parent;
    const char *message; /* with its trailers */
    const char *author_name, *author_email;
    int64_t when_ms; /* of author and committer: same inputs, same id */
    const struct git_change *changes;
    size_t change_count;
    const char *files_of; /* instead of changes: a commit that has the very files; or NULL */
};
/* Make a commit object in the mirror, signed where a key is given; no ref moves, nothing is pushed.
   ERR_DENIED: the key cannot sign. */
bool git_commit(struct git *git, const struct git_commit *commit, char out[static GIT_OID_BYTES],
                struct err *err) MUST_CHECK;
/*
 * Move the remote's `branch` from `expected` to `commit`, or to nothing else: a lease.  If the
 * remote already has `commit` in the branch, that is success.  ERR_CONFLICT: someone pushed first
 * (fetch, plan again); ERR_REFUSED: the remote's rules or hooks said no (text has their words);
 * ERR_DENIED: credentials; ERR_UNAVAILABLE: outcome unknown, try again.
 */
bool git_push(struct git *git, const char *branch, const char *commit, const char *expected,
              struct err *err) MUST_CHECK;

/*
 * Give a branch of our own, which nobody watches, to `commit`, where the remote's is at `expected`
 * ("" : it does not exist) or at `commit` already; it may move sideways.  ERR_CONFLICT: somebody
 * else has moved it. The other kinds are those of git_push().
 */
bool git_push_branch(struct git *git, const char *branch, const char *commit, const char *expected,
                     struct err *err) MUST_CHECK;
/* Delete it while it is at `expected`; one that is gone is fine, and so is one that others moved.
 */
bool git_drop_branch(struct git *git, const char *branch, const char *expected,
                     struct err *err) MUST_CHECK;

bool git_contains(struct git *git, const char *commit, const char *ancestor, bool *out,
                  struct err *err) MUST_CHECK;
/* Unified diff of two commits, exact; at most the ceiling of `out`, then it is cut with a
   last line that says so.  `paths` limits it; 0: all. */
bool git_diff(struct git *git, const char *from, const char *to, const char *const *paths,
              size_t count, struct str *out, struct err *err) MUST_CHECK;
/* Paths that differ between two commits, renames as two paths. */
bool git_changed_paths(struct git *git, const char *from, const char *to, struct arena *arena,
                       const char ***out, size_t *out_count, struct err *err) MUST_CHECK;

/*
 * Is every commit of `head`'s first-parent history signed by somebody who is allowed to?  Back to
 * the commit that was last found so, which the mirror remembers; only `head` the first time and
 * after history was rewritten.  Whoever merges vouches for what is merged.  ERR_REFUSED names the
 * first commit that is not, and why.
 */
bool git_check_signed(struct git *git, const char *head, struct err *err) MUST_CHECK;
/* The newest commit that was found so; "" when none was. */
bool git_signed_head(struct git *git, char out[static GIT_OID_BYTES], struct err *err) MUST_CHECK;

struct git_log_entry {
    char oid[GIT_OID_BYTES];
    char parent[GIT_OID_BYTES]; /* the first one, or "" */
    int64_t when_ms;            /* committer's */
    const char *author;         /* name */
    const char *subject;
    const char *body; /* with trailers */
};
struct git_log {
    struct git_log_entry *entries; /* newest first */
    size_t count;
};
/* First-parent history of `to`, down to but without `from` ("" for the beginning); `max` at most.
 */
bool git_log(struct git *git, const char *from, const char *to, size_t max, struct arena *arena,
             struct git_log *out, struct err *err) MUST_CHECK;
/* The value of a trailer ("Heddle-Release") in a message body, or NULL; in the arena. */
const char *git_trailer(struct arena *arena, const char *body, const char *name);
