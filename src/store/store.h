/*
 * store: what the server remembers, as queries; the only place with SQL.
 *
 * A record, not the truth: Git holds the desired state, agents report the actual one.  Every
 * function is one transaction unless it runs inside store_begin()/store_commit().  Rows that cannot
 * be read back (a newer or broken value) are skipped and counted, never a crash.
 * Times are milliseconds since 1970.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "model/pull.h"
#include "model/release.h"
#include "model/signature.h"

struct store;

/* Open or make the database, and migrate it; ":memory:" for tests.  ERR_INVALID for a file of a
   newer heddle or of another program, ERR_UNAVAILABLE while another process has it open. */
bool store_open(const char *path, struct store **out, struct err *err) MUST_CHECK;
void store_close(struct store **store);
bool store_begin(struct store *store, struct err *err) MUST_CHECK;
bool store_commit(struct store *store, struct err *err) MUST_CHECK;
void store_abort(struct store *store);
/* Rows that could not be read back since store_open(). */
int64_t store_skipped_rows(const struct store *store);

/* ---- releases ---- */

/* Insert with its items; fills release->id and the items' ids.  `plan` is the frozen plan's JSON.
   `request_key` (or "") makes it idempotent: the same key again gives ERR_CONFLICT, and the id of
   the first in release->id. */
bool store_release_insert(struct store *store, struct release *release, const json_t *plan,
                          const char *request_key, struct err *err) MUST_CHECK;
/* The release whose request key begins with `sender` and a colon, and that key; *out_id is 0 when
   there is none. */
bool store_release_of_key(struct store *store, const char *sender, struct str *out_key,
                          int64_t *out_id, struct err *err) MUST_CHECK;
/* Write phase, why, wave, commits, pushed, finished, superseded_by of the release's row.
   ERR_NOT_FOUND when there is no such row; so for items. */
bool store_release_update(struct store *store, const struct release *release,
                          struct err *err) MUST_CHECK;
bool store_item_update(struct store *store, const struct release_item *item,
                       struct err *err) MUST_CHECK;

struct release_list {
    struct release **releases;
    size_t count;
};
bool store_release_get(struct store *store, int64_t id, struct arena *arena, struct release **out,
                       struct err *err) MUST_CHECK; /* ERR_NOT_FOUND */
/* New reference.  NULL with ERR_NONE: it has no plan. */
json_t *store_release_plan(struct store *store, int64_t id, struct err *err) MUST_CHECK;
bool store_release_active(struct store *store, struct arena *arena, struct release_list *out,
                          struct err *err) MUST_CHECK; /* all that are not over, oldest first */
struct release_filter {
    const char *stage, *workload, *kind, *actor; /* NULL: any */
    const char *state; /* "active", "over", "stuck", or a phase's name; NULL: any */
    const char *text;  /* in a workload's name, the reason or the actor; or "R-7", or a version */
    int64_t since_ms;  /* created at or after */
    int64_t until_ms;  /* created before; 0: up to now */
    int64_t before_id; /* page: ids below; 0: from the newest */
    size_t limit;      /* 1..500 */
};
bool store_release_list(struct store *store, const struct release_filter *filter,
                        struct arena *arena, struct release_list *out,
                        struct err *err) MUST_CHECK; /* newest first */
/* When later releases that are done had replaced all that this one brought; 0 while any of it is
   what was brought last. */
bool store_release_replaced(struct store *store, int64_t id, int64_t *out_ms,
                            struct err *err) MUST_CHECK;

/* One row for each step of a wave: stored before its act, and at its end. */
struct release_step {
    int64_t release;
    int wave;
    char name[24];    /* "gate", "commit", "push", …: add, never rename */
    char outcome[16]; /* "running", "waiting", "done", "failed" */
    char text[REASON_BYTES];
    int64_t started_ms, finished_ms;
};
/* Insert, or replace the row of the same release, wave and name, which keeps its first started_ms.
   The same outcome, text and facts again write nothing, whatever the time is.  `facts` NULL: those
   that are stored stay. */
bool store_step_put(struct store *store, const struct release_step *step, const json_t *facts,
                    struct err *err) MUST_CHECK;
struct step_list {
    struct release_step *steps; /* in order */
    size_t count;
};
bool store_step_list(struct store *store, int64_t release, struct arena *arena,
                     struct step_list *out, struct err *err) MUST_CHECK;

#define ROLLOUTS_COMPARED 10

/* How long rollouts took that ended well: from the sync to the last pod, in milliseconds. */
struct rollout_times {
    int64_t ms[ROLLOUTS_COMPARED]; /* the newest first */
    size_t count;
};
/* The last ones of this workload there, before this release. */
bool store_rollout_times(struct store *store, const char *workload, const char *target,
                         int64_t before_release, struct rollout_times *out,
                         struct err *err) MUST_CHECK;

/* ---- pull requests: one at most for a wave of a release ---- */

/* Insert or replace. */
bool store_pull_put(struct store *store, const struct pull_request *pull,
                    struct err *err) MUST_CHECK;
struct pull_list {
    struct pull_request *pulls; /* by release and wave */
    size_t count;
};
/* Of one release; when it is 0, of all releases that are not over, and all that are not settled. */
bool store_pull_list(struct store *store, int64_t release, struct arena *arena,
                     struct pull_list *out, struct err *err) MUST_CHECK;

/* ---- statuses of commits on the Git host ---- */

struct commit_status {
    int64_t release;
    int wave;
    char repository[NAME_BYTES]; /* "": the server's own */
    char oid[OID_BYTES];
    char stage[NAME_BYTES];
    char wanted[16]; /* "pending", "success", "failure" */
};
/* What the host shall show of a wave's commit.  The same again writes nothing. */
bool store_status_want(struct store *store, const struct commit_status *status,
                       struct err *err) MUST_CHECK;
/* The host has been told, or will never listen. */
bool store_status_sent(struct store *store, const struct commit_status *status,
                       struct err *err) MUST_CHECK;
struct commit_status_list {
    struct commit_status *statuses;
    size_t count;
};
/* Of each repository the oldest that waits to be told. */
bool store_status_list(struct store *store, struct arena *arena, struct commit_status_list *out,
                       struct err *err) MUST_CHECK;

/* ---- approvals ---- */

struct approval {
    int64_t release;
    char person[ACTOR_BYTES];
    bool is_rejection;
    char message[REASON_BYTES];
    char plan_digest[65];
    int64_t at_ms;
};
/* One per person and release; a second one replaces the first. */
bool store_approval_put(struct store *store, const struct approval *approval,
                        struct err *err) MUST_CHECK;
struct approval_list {
    struct approval *approvals;
    size_t count;
};
bool store_approval_list(struct store *store, int64_t release, struct arena *arena,
                         struct approval_list *out, struct err *err) MUST_CHECK;

/* ---- holds: automation is off for a cell or a stage ---- */

struct hold {
    int64_t id;
    char stage[NAME_BYTES];
    char workload[NAME_BYTES]; /* "" : the whole stage */
    char owner[ACTOR_BYTES];
    char reason[REASON_BYTES];
    struct image rejected; /* a newer version than this ends the hold; repository "" : none */
    int64_t created_ms, expires_ms; /* 0: never */
    int64_t ended_ms;               /* 0: in force */
};
/* Insert; an older hold of the same cell ends. */
bool store_hold_put(struct store *store, struct hold *hold, struct err *err) MUST_CHECK;
/* End those of a cell (workload "" : of the stage itself); *out_ended tells how many. */
bool store_hold_end(struct store *store, const char *stage, const char *workload, int64_t now_ms,
                    int64_t *out_ended, struct err *err) MUST_CHECK;
struct hold_list {
    struct hold *holds;
    size_t count;
};
bool store_hold_list(struct store *store, int64_t now_ms, struct arena *arena,
                     struct hold_list *out, struct err *err) MUST_CHECK; /* in force */

/* ---- versions found in registries ---- */

struct version_row {
    /* Borrowed; a list's are in its arena.  A row that is put may leave out what it does not know.
     */
    const char *repository, *tag;
    const char *digest; /* "" until it was resolved */
    int64_t seen_ms;    /* first */
    bool is_gone;       /* the registry no longer lists it */
    /* Of the digest, as struct policy_facts has them. */
    int64_t created_ms;
    const char *platforms;
};
/* Replace what is known of a repository by a complete listing: new ones get `now_ms`, missing ones
   are marked gone, digests that moved are updated.  *out_changed tells whether anything did. */
bool store_versions_put(struct store *store, const char *repository, const struct version_row *rows,
                        size_t count, int64_t now_ms, bool *out_changed,
                        struct err *err) MUST_CHECK;
/* The digest of a tag that is listed without one, because no policy asks for it. */
bool store_version_resolve(struct store *store, const char *repository, const char *tag,
                           const char *digest, struct err *err) MUST_CHECK;
struct version_list {
    struct version_row *rows;
    size_t count;
};
/* repository NULL: all; newest seen first within a repository. */
bool store_versions_list(struct store *store, const char *repository, struct arena *arena,
                         struct version_list *out, struct err *err) MUST_CHECK;

/* What was found about the signature of a digest, the last time by one rule. */
struct signature_row {
    const char *repository, *digest;
    const char *rule; /* as policy_signature_id() names it */
    struct signature_verdict verdict;
    int64_t found_ms; /* since when it is so */
};
#define STORE_SIGNATURES_MAX 2000 /* of one repository; then the oldest are forgotten */
/* Note what a check has found; an equal finding writes nothing. */
bool store_signature_put(struct store *store, const struct signature_row *row, bool *out_changed,
                         struct err *err) MUST_CHECK;
struct signature_list {
    struct signature_row *rows;
    size_t count;
};
/* repository NULL: all. */
bool store_signatures_list(struct store *store, const char *repository, struct arena *arena,
                           struct signature_list *out, struct err *err) MUST_CHECK;

/* ---- clusters ---- */

struct cluster_row {
    char name[NAME_BYTES];
    int64_t created_ms, seen_ms;
    char session[33];
};
bool store_cluster_put(struct store *store, const char *name, int64_t now_ms,
                       struct err *err) MUST_CHECK;
/* The whole last report, so that a restarted server is not blind.  `seen_ms` only moves with it. */
bool store_cluster_report(struct store *store, const char *name, const char *session,
                          const json_t *report, int64_t now_ms, struct err *err) MUST_CHECK;
struct cluster_list {
    struct cluster_row *clusters;
    size_t count;
};
bool store_cluster_list(struct store *store, struct arena *arena, struct cluster_list *out,
                        struct err *err) MUST_CHECK;
json_t *store_cluster_last_report(struct store *store, const char *name,
                                  struct err *err) MUST_CHECK; /* NULL with ERR_NONE: none yet */

/* ---- tokens ---- */

struct token_row {
    int64_t id;
    char name[ACTOR_BYTES];
    char role[16];            /* "read", "promote", "approve", "admin", "agent" */
    char cluster[NAME_BYTES]; /* of an agent's token, else "" */
    char hash[65];            /* SHA-256 of the secret, hex */
    int64_t created_ms, used_ms, revoked_ms, expires_ms;
};
bool store_token_insert(struct store *store, struct token_row *token,
                        struct err *err) MUST_CHECK; /* ERR_CONFLICT: the name is taken */
bool store_token_find(struct store *store, const char *hash, struct token_row *out,
                      struct err *err) MUST_CHECK; /* ERR_NOT_FOUND; revoked ones are not found */
bool store_token_used(struct store *store, int64_t id, int64_t now_ms,
                      struct err *err) MUST_CHECK; /* at most one write a minute */
bool store_token_revoke(struct store *store, const char *name, int64_t now_ms,
                        struct err *err) MUST_CHECK;
struct token_list {
    struct token_row *tokens;
    size_t count;
};
bool store_token_list(struct store *store, struct arena *arena, struct token_list *out,
                      struct err *err) MUST_CHECK;

/* ---- sessions of browsers: who has shown which token, and which secrets stand for it ---- */

struct session_row {
    int64_t id;
    int64_t token;
    char name_hash[65];   /* SHA-256 of its name, which stays */
    char secret_hash[65]; /* of its secret, which changes */
    char before_hash[65]; /* of the secret before that one; "": none */
    bool is_confirmed;    /* secret_hash has been used: the browser has got it */
    int64_t created_ms, rotated_ms, used_ms;
};
bool store_session_insert(struct store *store, struct session_row *session,
                          struct err *err) MUST_CHECK;
/* With the token that it stands for, which is in force.  ERR_NOT_FOUND. */
bool store_session_find(struct store *store, const char *name_hash, struct session_row *out,
                        struct token_row *out_token, struct err *err) MUST_CHECK;
/* Writes its hashes, is_confirmed, rotated_ms and used_ms. */
bool store_session_update(struct store *store, const struct session_row *session,
                          struct err *err) MUST_CHECK;
struct session_list {
    struct session_row *sessions; /* without their hashes */
    size_t count;
};
bool store_session_list(struct store *store, int64_t token, struct arena *arena,
                        struct session_list *out,
                        struct err *err) MUST_CHECK; /* the one used last first */
bool store_session_end(struct store *store, int64_t id, struct err *err) MUST_CHECK;
bool store_session_end_all(struct store *store, int64_t token, int64_t *out_ended,
                           struct err *err) MUST_CHECK;
/* Forget those that were made or last used before these times. */
bool store_session_forget(struct store *store, int64_t created_before_ms, int64_t used_before_ms,
                          struct err *err) MUST_CHECK;

/* ---- small facts: last seen head of a branch, boot counters ---- */

bool store_setting_put(struct store *store, const char *key, const char *value,
                       struct err *err) MUST_CHECK;
/* Appends to `out`; false with ERR_NONE when there is none. */
bool store_setting_get(struct store *store, const char *key, struct str *out, struct err *err);

/* ---- the record of who did what ---- */

struct audit_row {
    int64_t id;
    int64_t at_ms;
    char actor[ACTOR_BYTES];
    char verb[32];    /* "promote", "approve", "hold", "token.create", … */
    char object[160]; /* "R-482", "dev/cart" */
    char text[REASON_BYTES];
};
bool store_audit_add(struct store *store, const struct audit_row *row, struct err *err) MUST_CHECK;
struct audit_list {
    struct audit_row *rows;
    size_t count;
};
bool store_audit_list(struct store *store, int64_t before_id, size_t limit, struct arena *arena,
                      struct audit_list *out, struct err *err) MUST_CHECK; /* newest first */
