/*
 * promote: the engine.  It knows the world as the server sees it, decides what automation
 * starts, and runs releases as named, stored, repeatable steps.
 *
 * One struct promote is owned by the loop's thread; nothing here blocks.  What has to touch Git
 * goes out as an act (a value) through struct promote_ports and comes back through
 * promote_act_done(); a simulator can lose any act, and the engine, opened again on the same store,
 * goes on.
 *
 * Its data: releases, steps, approvals and holds in the store; everything else here can be fetched
 * again.
 */
#pragma once

#include <stdatomic.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/vec.h"
#include "configrepo/configrepo.h"
#include "forge/forge.h"
#include "gate/gate.h"
#include "model/pipeline.h"
#include "model/release.h"
#include "model/report.h"
#include "plan/plan.h"
#include "store/store.h"

/* ---- the world ---- */

/* Keeps a scan alive for every view that shows it.  Scans never change, so a worker may read the
   last view while the loop does; only the count is touched by both. */
struct scan_hold {
    atomic_uint views;
    struct arena *arena;
};
struct scan_hold *scan_hold_new(void);
struct scan_hold *scan_hold_share(struct scan_hold *hold);
void scan_hold_drop(struct scan_hold **hold);

/* A branch of a config repository that targets are on, at one commit. */
struct ref_view {
    char repository[NAME_BYTES]; /* "": the server's own */
    char branch[BRANCH_BYTES];
    char head[OID_BYTES]; /* "": it was never seen */
    bool is_rewritten;    /* history was rewritten: automation waits until a person has looked */
    char problem[REASON_BYTES]; /* why it could not be fetched; `head` is then what was known */
    const char **history;       /* its commits, newest first, HISTORY_MAX at most */
    size_t history_count;
};
#define HISTORY_MAX 1000

/* One target at the head of its branch. */
struct target_view {
    const struct stage *stage; /* of git_view.pipeline */
    const struct target *target;
    const struct ref_view *ref;
    int wave;
    struct scan *scan; /* NULL: the path could not be read; `problem` says why */
    char problem[REASON_BYTES];
    struct scan_hold *hold; /* owns the scan, with the views that share it */
};

/* The config repositories, each branch at one commit; made by a worker, then immutable. */
struct git_view {
    struct arena *arena;   /* owns the view, its pipeline and refs, not the targets' scans */
    struct ref_view *refs; /* the first one is where the pipeline file stands; it has a head */
    size_t ref_count;
    struct pipeline *pipeline; /* NULL: it could not be read; see pipeline_problem */
    char pipeline_problem[REASON_BYTES];
    struct target_view *targets;
    size_t target_count;
    struct foreign_change *changes; /* what people committed since the view before */
    size_t change_count;
};
/* The ref of that name, or NULL. */
const struct ref_view *git_view_ref(const struct git_view *view, const char *repository,
                                    const char *branch);
void git_view_free(struct git_view **view);

/* A cell that a person's own commit touched. */
struct foreign_change {
    char commit[OID_BYTES];
    char author[ACTOR_BYTES];
    char subject[160];
    char stage[NAME_BYTES];
    char target[NAME_BYTES];
    char workload[NAME_BYTES];
    struct image_change *images; /* versions that it moved, often none */
    size_t image_count;
};

/* What one agent last said. */
struct cluster_view {
    char name[NAME_BYTES];
    struct report report; /* merged; arrays in `arena` */
    struct arena *arena;
    struct map by_workload; /* name → struct report_workload */
    int64_t seen_ms;        /* 0: never */
    bool has_report;
};

/* ---- acts ---- */

enum act_kind {
    ACT_COMMIT,
    ACT_PUSH,
    ACT_BRANCH, /* give the pull request's branch to the commit */
    ACT_CHECK,  /* does the branch have what the request wants, since `base` or now? */
    /* From here on a Git host is asked; the release may be over. */
    ACT_PULL,   /* open the pull request, or look at it; with `text`, write that, too */
    ACT_MERGE,  /* merge it, if it is still as it was seen */
    ACT_SETTLE, /* close it with `text` unless it is over, and drop its branch */
    ACT_STATUS,
};

/* A release's commit among those that one push brings in. */
struct push_part {
    int64_t release;
    int wave;
    char commit[OID_BYTES];
};

/* Work on Git or at its host, for a worker.  Owned by whoever holds it; promote_act_done() takes it
 * back. */
struct promote_act {
    enum act_kind kind;
    int64_t release;
    int wave;
    char repository[NAME_BYTES];   /* "": the server's own */
    char branch[BRANCH_BYTES];     /* that the wave is on; "" where only a Git host is asked */
    struct arena *arena;           /* owns the request */
    struct commit_request request; /* ACT_COMMIT, ACT_CHECK */
    struct push_part *parts;       /* ACT_PUSH: each stands on the one before */
    size_t part_count;
    char commit[OID_BYTES];   /* in for ACT_PUSH (the last part) and ACT_BRANCH, out for the
                                 others on Git */
    char base[OID_BYTES];     /* in: what the branch must still be; out of ACT_BRANCH: the
                                 commit's parent; of ACT_CHECK: where it was found */
    struct pull_request pull; /* in, with `facts` out */
    const char *title, *text; /* in the arena; Markdown */
    struct commit_status status;
    bool succeeded;  /* out */
    int64_t rest_ms; /* out: how long the host wants to be left alone */
    struct err err;
};

struct policy_facts;

/* The outside, as the engine needs it. */
struct promote_ports {
    /* Do the act some time and call promote_act_done(); or never, when the process ends. */
    void (*start_act)(void *context, struct promote_act *act);
    /* Something that people see changed. */
    void (*release_changed)(void *context, const struct release *release);
    void (*cell_changed)(void *context, const char *stage, const char *workload);
    void (*board_changed)(void *context);
    /* Ask for a fetch soon: the branch is not what the engine believed, or has a new commit of
     * ours. */
    void (*fetch_soon)(void *context);
    /* Ask to be ticked at this wall time. */
    void (*wake_at)(void *context, int64_t time_ms);
    /* The signature of this digest decides something, and none is known to be good. */
    void (*want_signature)(void *context, const char *repository, const char *digest);
    void *context;
    /* The name of the Git host of this repository, for pull requests and statuses; NULL: it has
       none. */
    const char *(*host_of)(void *context, const char *repository);
    /* Wall time until which more new versions may be expected, 0: none are.  NULL: never. */
    int64_t (*versions_until)(void *context);
};

/* Limits of patience; scaled down by the demo. */
struct promote_patience {
    int64_t stuck_ms;   /* a terminal diagnosis that lasts this long fails its release; 0: 60 s */
    int64_t rollout_ms; /* no pod progress for this long fails it; 0: 10 min */
    int64_t retry_ms;   /* first back-off after a failed push, doubled to a minute; 0: 1 s */
    int64_t pull_ms;    /* between two looks at a pull request, at first; 0: 15 s */
    int64_t rebase_ms;  /* a pull request is not made again sooner than this; 0: 5 min */
};

struct promote;
/* Open the engine on a store: active releases are loaded and go on at the next tick. */
bool promote_open(struct store *store, const struct env *env, const struct promote_ports *ports,
                  const struct promote_patience *patience, struct promote **out,
                  struct err *err) MUST_CHECK;
void promote_close(struct promote **engine);

/* ---- what comes in ---- */

/* A new look at Git; takes the view and frees the old one. */
void promote_set_git(struct promote *engine, struct git_view *view);
/* A report from an agent.  ERR_CONFLICT: send a full one.  The report's arrays are copied. */
bool promote_take_report(struct promote *engine, const struct report *report,
                         struct err *err) MUST_CHECK;
/* Versions of a repository, or what is known of their signatures, changed in the store: read them
   again. */
bool promote_versions_changed(struct promote *engine, const char *repository,
                              struct err *err) MUST_CHECK;
void promote_act_done(struct promote *engine, struct promote_act *act);
/* A Git host says that something happened: look at the pull requests now. */
void promote_look_at_pulls(struct promote *engine);
/* Look at everything that may have changed, and move what can move.  Cheap when nothing can. */
void promote_tick(struct promote *engine);

/* ---- what people ask ---- */

struct promote_request {
    char to[NAME_BYTES];
    char from[NAME_BYTES + 8];    /* "" : the stage's first source */
    const char *const *workloads; /* none: all */
    size_t workload_count;
    const char *version; /* a tag, or NULL */
    const char *actor;
    const char *reason;
    const char *plan_digest; /* NULL: whatever the plan is */
    const char *request_key; /* "" : none */
};
/* The plan as of now.  ERR_NOT_FOUND names what does not exist, with a near miss. */
bool promote_plan(struct promote *engine, const struct promote_request *request,
                  struct arena *arena, struct plan *out, struct err *err) MUST_CHECK;
/* Start it.  ERR_REFUSED when the digest is no longer the plan's, or nothing is to be done. */
bool promote_submit(struct promote *engine, const struct promote_request *request, int64_t *out_id,
                    struct err *err) MUST_CHECK;
bool promote_approve(struct promote *engine, int64_t release, const char *person,
                     const char *plan_digest, const char *message, struct err *err) MUST_CHECK;
bool promote_reject(struct promote *engine, int64_t release, const char *person,
                    const char *message, struct err *err) MUST_CHECK;
bool promote_stop(struct promote *engine, int64_t release, const char *person, const char *reason,
                  struct err *err) MUST_CHECK;
bool promote_retry(struct promote *engine, int64_t release, const char *person,
                   struct err *err) MUST_CHECK;
struct rollback_request {
    const char *stage, *workload; /* a cell, or … */
    int64_t release;              /* … all cells of a release */
    const char *to;               /* a tag, or NULL: what ran before */
    const char *actor, *reason;
    const char *request_key;
};
bool promote_rollback(struct promote *engine, const struct rollback_request *request,
                      int64_t *out_id, struct err *err) MUST_CHECK;
/* hold->id is filled.  ERR_NOT_FOUND for an unknown stage or workload. */
bool promote_hold(struct promote *engine, struct hold *hold, struct err *err) MUST_CHECK;
bool promote_resume(struct promote *engine, const char *stage, const char *workload,
                    int64_t *out_ended, struct err *err) MUST_CHECK;

/* ---- what can be seen; borrowed until the next call that changes the engine ---- */

const struct git_view *promote_git(const struct promote *engine); /* NULL before the first fetch */
/* The branch whose rewritten history keeps automation from a stage: where the pipeline file stands,
   or one that the stage or a stage before it is on; NULL when there is none. */
const struct ref_view *promote_rewritten(const struct promote *engine, const struct stage *stage);
const struct cluster_view *promote_cluster(const struct promote *engine,
                                           const char *name); /* or NULL */
const struct release *promote_active(const struct promote *engine,
                                     int64_t id); /* or NULL when over */
/* The active release that will or does change a cell, or NULL. */
const struct release *promote_release_of(const struct promote *engine, const char *stage,
                                         const char *workload);
const struct hold *
promote_hold_of(const struct promote *engine, const char *stage,
                const char *workload); /* in force; the cell's own, else the stage's */
/* Will automation leave this change of a plan alone, though the stage is automatic and nothing
   holds it?  Then `why` is a sentence. */
bool promote_automation_refuses(struct promote *engine, const char *stage,
                                const struct plan_item *item, char why[static REASON_BYTES]);
/* A repository in which a request names a tag that is listed, but whose digest nobody has asked for
   yet; NULL when there is none.  Ask the registry for it, store it, and plan then. */
const char *promote_unresolved(const struct promote *engine, const struct promote_request *request);
/* Newest admitted version of an image's repository, or NULL; of a chart, automation may leave it to
   people. */
const struct version_row *promote_newest(const struct promote *engine, const char *repository);
/* Is it a chart that is newer than that of an automatic stage, and that automation takes nowhere by
   itself, since it is another major version? */
bool promote_waits_for_people(const struct promote *engine, const struct version_row *row);
/* What is known of the signature of a digest by the rule, as policy_signature_id() names it, is put
   into the facts; borrowed as other things are. */
void promote_signature_facts(const struct promote *engine, const char *repository,
                             const char *digest, const char *rule, struct policy_facts *facts);
/* How many admitted versions are newer than this image; 0 when unknown. */
int promote_behind(const struct promote *engine, const struct image *image);
/* The gates of a release, or of a plan for a stage that nobody has asked for yet (release NULL). */
enum gate_verdict promote_gates(struct promote *engine, const struct release *release,
                                struct gate_answer out[static GATE_RULE_COUNT],
                                bool out_applies[static GATE_RULE_COUNT]);
enum gate_verdict promote_plan_gates(struct promote *engine, const struct plan *plan,
                                     struct gate_answer out[static GATE_RULE_COUNT],
                                     bool out_applies[static GATE_RULE_COUNT]);
