/* engine: what the files of promote/ share; private to the module. */
#pragma once

#include "policy/policy.h"
#include "promote/promote.h"

/* What is known of one repository in a registry. */
struct repository_view {
    struct arena *arena;
    struct version_list versions;
    struct map signatures; /* digest → struct signature_row */
};

/* A release that is not over. */
struct release_run {
    struct arena *arena;
    struct release *release;
    size_t step; /* index into release_steps */
    bool act_in_flight;
    bool is_sent;        /* a push of its commit has begun, in this process or the one before */
    bool is_apart;       /* it commits when nobody else does, and nobody with it */
    bool is_unsaved;     /* the store refused the last write: try again before anything else */
    struct err act_err;  /* of the last act that failed; kind ERR_NONE otherwise */
    int64_t retry_at_ms; /* no act before this */
    unsigned tries;      /* acts that failed in a row */
    int64_t progress_ms; /* when anything of the rollout last moved */
};

/* A pull request, of a release that may be over. */
struct pull {
    struct pull_request row;
    bool in_flight;
    bool is_ending;    /* nothing waits for it any more: it is to be settled */
    bool again;        /* asked for while a question was under way */
    bool wants_text;   /* what it says is older than its commit */
    int64_t ask_at_ms; /* no question before this */
    int64_t answered_ms;
    unsigned tries; /* questions that failed in a row */
    unsigned quiet; /* looks in a row that brought nothing new */
};

/* A Git host, which several repositories may be on: what it asks for holds for all of them, and for
   no others. */
struct git_host {
    int64_t rest_ms; /* it is not asked before this */
    bool is_status_in_flight;
    unsigned status_tries; /* that failed in a row */
};

struct promote {
    struct store *store;
    const struct env *env;
    struct promote_ports ports;
    struct promote_patience patience;
    struct git_view *git;
    char (*heads)[OID_BYTES]; /* tips of git->refs as the engine believes them: a push of ours moves
                                 its own */
    struct map clusters;      /* name → struct cluster_view */
    struct map repositories;  /* repository → struct repository_view */
    VEC(struct release_run *) runs; /* oldest first */
    VEC(struct pull *) pulls;
    struct map hosts; /* name → struct git_host */
    bool are_statuses_due;
    struct arena *holds_arena;
    struct hold_list holds;
    bool is_automation_due;     /* for all workloads */
    struct map due_workloads;   /* or for these */
    int64_t gathering_since_ms; /* it waits for more versions; 0: it does not */
};

int64_t now_of(const struct promote *engine);

/* ---- runs ---- */

struct release_run *run_find(const struct promote *engine, int64_t id);
/* Insert into the store and begin to run.  Takes the arena with the release in it.  A `request_key`
   that was used before gives the first release's id, and begins nothing. */
bool run_begin(struct promote *engine, struct arena *take_arena, struct release *release,
               const json_t *plan, const char *request_key, int64_t *out_id,
               struct err *err) MUST_CHECK;
/* The two halves of it, for a beginning that stands or falls with other writes: to the store,
   `*out_is_new` false for a known key; and, once that is committed, to life. */
bool run_store(struct promote *engine, struct release *release, const json_t *plan,
               const char *request_key, bool *out_is_new, struct err *err) MUST_CHECK;
void run_enter(struct promote *engine, struct arena *take_arena, struct release *release);
/* One that the store has already. */
struct release_run *run_adopt(struct promote *engine, struct arena *take_arena,
                              struct release *release);
void run_free(struct release_run **run);
/* Move as far as it goes. */
void run_advance(struct promote *engine, struct release_run *run);
/* The only place where a phase changes: writes it, and tells people.  An equal one does nothing. */
void run_set_phase(struct promote *engine, struct release_run *run, enum release_phase phase,
                   const char *why);
void run_save(struct promote *engine, struct release_run *run);
/* The only place where an item's state changes. */
void run_set_item(struct promote *engine, struct release_run *run, struct release_item *item,
                  enum item_state state);
void run_save_item(struct promote *engine, struct release_run *run,
                   const struct release_item *item);
bool item_is_over(enum item_state state);
/* End it; items that are not over become `rest`. */
void run_end(struct promote *engine, struct release_run *run, enum release_phase phase,
             enum item_state rest, const char *why);
/* A release entered cells: items of older ones there are superseded. */
void supersede_items(struct promote *engine, const struct release_run *newcomer, bool only_waiting);

/* Is it the rollout of this item, too, that the current wave waits for?  The waves of a rollback
   are committed one after the other and followed together. */
bool wave_follows(const struct release *release, const struct release_item *item);

/* ---- steps ---- */

enum step_outcome { STEP_DONE, STEP_WAITING, STEP_FAILED };
struct step {
    const char *name; /* stored: add, never rename */
    /* NULL: always.  One that does not is passed without a trace. */
    bool (*applies)(const struct promote *engine, const struct release *release);
    /* Fills `why` with a sentence, and `phase` when the step has not always the same. */
    enum step_outcome (*run)(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES]);
    enum release_phase phase;
};
#define STEP_COUNT 6
#define STEP_GATE 0
#define STEP_COMMIT 1
#define STEP_PUSH 2
extern const struct step *const release_steps[STEP_COUNT];
extern const struct step step_gate, step_commit, step_push, step_pull, step_sync, step_rollout;

/* Is nothing of the release's own in the way of an act? */
bool step_is_free(struct promote *engine, struct release_run *run, char why[static REASON_BYTES]);
/* And may it use the branch now? */
bool step_may_act(struct promote *engine, struct release_run *run, char why[static REASON_BYTES]);
void step_commit_done(struct promote *engine, struct release_run *run,
                      const struct promote_act *act);
/* The push of a wave that goes by pull request: to a branch of its own. */
enum step_outcome step_branch(struct promote *engine, struct release_run *run,
                              char why[static REASON_BYTES]);
void step_branch_done(struct promote *engine, struct release_run *run,
                      const struct promote_act *act);
void step_check_done(struct promote *engine, struct release_run *run,
                     const struct promote_act *act);
/* An act that makes the wave's commit on `base`, NULL: on what is next on its ref.  NULL and `why`
   when the pipeline no longer has one of its clusters, or not on one branch. */
struct promote_act *commit_act_new(struct promote *engine, const struct release *release,
                                   const char *base, char why[static REASON_BYTES]);
bool step_has_tried_enough(const struct release_run *run, char why[static REASON_BYTES]);
void step_back_off(struct promote *engine, struct release_run *run, const struct err *err);
void commit_message(const struct release *release, struct str *out);

/* ---- refs ---- */

/* What a wave of the release is on; NULL when the pipeline no longer has its targets. */
const struct ref_view *ref_of_wave(const struct promote *engine, const struct release *release,
                                   int wave);
/* What its current wave is on; NULL when the pipeline no longer has its targets. */
const struct ref_view *ref_of(const struct promote *engine, const struct release *release);
/* Its tip as the engine believes it. */
const char *ref_head(const struct promote *engine, const struct ref_view *ref);
void ref_pushed(struct promote *engine, const struct promote_act *act);
void refs_reset(struct promote *engine); /* to what the last look at Git saw */
/* Let the act be about this ref. */
void ref_put(const struct ref_view *ref, struct promote_act *act);

/* ---- the commit queues, one for each ref ---- */

/* Who must be done before this one may commit, or NULL. */
const struct release *queue_blocker(const struct promote *engine, const struct release_run *run);
/* What the ref's next commit stands on: the last one that waits for the push, or its head. */
const char *queue_tip(const struct promote *engine, const struct ref_view *ref);
/* Is it one of the commits that wait for the push? */
bool queue_has(const struct promote *engine, const char *commit);
/* The last act ended with an answer that another try does not change. */
bool queue_is_refused(const struct release_run *run);
/* After all releases went as far as they could: push what nobody adds to. */
void queue_tick(struct promote *engine);
void queue_push_done(struct promote *engine, const struct promote_act *act);

/* ---- pull requests ---- */

bool pulls_load(struct promote *engine, struct err *err) MUST_CHECK;
void pulls_free(struct promote *engine);
/* Of the release's current wave, or NULL. */
struct pull *pull_of(const struct promote *engine, const struct release *release);
/* Does the current wave go by pull request? */
bool pull_is_wanted(const struct promote *engine, const struct release *release);
struct pull *pull_begin(struct promote *engine, const struct release *release,
                        const struct ref_view *ref);
bool pull_save(struct promote *engine, const struct pull *pull);
void pull_ask_now(struct promote *engine, struct pull *pull);
/* A release that is tried again begins a new one where the old one was closed.  ERR_UNAVAILABLE:
   the old one is just being closed. */
bool pull_renew(struct promote *engine, const struct release *release, struct err *err) MUST_CHECK;
/* Is nothing of the release in Git yet but a proposal? */
bool pull_waits(const struct promote *engine, const struct release *release);
/* Somebody's commit is how a pull request of ours came in. */
bool pull_claims(struct promote *engine, const struct git_view *before,
                 const struct foreign_change *change);
/* Ask the host what is due. */
void pulls_tick(struct promote *engine);
void pull_act_done(struct promote *engine, const struct promote_act *act);
void pull_text(struct promote *engine, const struct release *release, struct promote_act *act);

/* ---- statuses of commits ---- */

/* The host of a repository; one for all that have none. */
struct git_host *host_of(struct promote *engine, const char *repository);
void host_rest_until(struct git_host *host, int64_t until_ms);
void hosts_free(struct promote *engine);
void statuses_note(struct promote *engine, const struct release *release);
void statuses_tick(struct promote *engine);
void status_act_done(struct promote *engine, const struct promote_act *act);

/* ---- facts ---- */

const struct pipeline *pipeline_of(const struct promote *engine); /* or NULL */
struct target_view *target_find(const struct promote *engine, const char *cluster);
const struct cluster_view *cluster_find(const struct promote *engine, const char *name);
const struct report_workload *reported(const struct promote *engine, const char *cluster,
                                       const char *workload);
const struct place *place_of(const struct scan_workload *workload, const char *container);
/* Is `commit` the same as `tip`, or before it in the history of a branch? */
bool history_contains(const struct promote *engine, const char *tip, const char *commit);
const struct hold *hold_find(const struct promote *engine, const char *stage, const char *workload);
bool holds_reload(struct promote *engine, struct err *err) MUST_CHECK;
void hold_check_superseded(struct promote *engine, const char *stage, const char *workload,
                           const struct image *candidate);
bool world_load(struct promote *engine, struct err *err) MUST_CHECK;
void world_free(struct promote *engine);

/* ---- versions ---- */

const struct repository_view *repository_find(const struct promote *engine, const char *repository);
/* Is it clear which one it is?  By its digest; an index need not say one of its charts. */
bool version_is_known(const struct version_row *row);
void repository_free(struct repository_view *view);
bool versions_load(struct promote *engine, struct err *err) MUST_CHECK;
int64_t versions_seen_ms(const struct promote *engine, const struct image *image); /* 0: unknown */
/* The newest version of a chart that automation takes after what is there, or NULL. */
const struct version_row *versions_newest_chart(const struct promote *engine,
                                                const struct image *there);
/* What is known of the image's tag, or NULL. */
const struct version_row *versions_row(const struct promote *engine, const struct image *image);
/* By the policy of `b`: <0, 0, >0 as a is older, the same, newer; `otherwise` when it does not
   count one of them. */
int versions_order(const struct promote *engine, const struct image *a, const struct image *b,
                   int otherwise);

/* NULL: it is signed as its rule asks, or need not be.  Else a sentence that says why it does not
   count; a check is asked for. */
const char *versions_unsigned(const struct promote *engine, const struct image *image);

/* ---- candidates ---- */

struct candidates {
    struct plan_candidate *items;
    size_t count;
};
/* Each named workload exists in the stage. */
bool facts_check_names(const struct promote *engine, const struct promote_request *request,
                       const struct stage *stage, struct arena *arena, struct err *err) MUST_CHECK;
/* What the source offers each named workload (none: all) of a stage.  Everything in the arena. */
bool facts_candidates(struct promote *engine, const struct promote_request *request,
                      const struct stage *stage, const struct plan_request *asked,
                      struct arena *arena, struct candidates *out, struct err *err) MUST_CHECK;
const char *facts_default_source(const struct stage *stage);
void facts_gate(struct promote *engine, const struct release *release, struct gate_facts *out);
void facts_plan_gate(struct promote *engine, const struct plan *plan, struct gate_facts *out);

/* ---- makers of releases ---- */

/* A release in `arena` from a plan; not stored yet. */
struct release *release_from_plan(struct promote *engine, const struct plan *plan,
                                  enum release_kind kind, const char *actor, const char *reason,
                                  struct arena *arena);
/* Something changed that may let a workload move by itself, or any of them: they are looked at by
   the next tick. */
void automatic_note(struct promote *engine, const char *workload);
void automatic_note_all(struct promote *engine);
void automatic_evaluate(struct promote *engine); /* of what was noted */
/* `before`: what the look before saw, NULL for the first one. */
void config_releases(struct promote *engine, const struct git_view *before,
                     const struct git_view *view);
/* Start a rollback of everything that a failing release has committed; where there is nothing to
   go back to, nothing happens.  Twice is once.  False: try again later. */
bool rollback_failed(struct promote *engine, const struct release *failed,
                     struct err *err) MUST_CHECK;
