/*
 * world: a simulated Git host, clusters and clock around the real engine and the real store.
 *
 * Nothing moves by itself: the test advances the clock, and each step delivers what is due.  A
 * fault plan, drawn from a seed, loses acts before or after they happened, lets a person push in
 * between, makes the remote unavailable, and kills the engine between any two steps.
 */
#pragma once

#include "../unit/testing.h"

#include "promote/promote.h"

#define WORLD_COMMITS_MAX 4096
#define WORLD_CELLS_MAX 64
#define WORLD_ACTS_MAX 64

/* What one commit says: the tag of every cell.  Only cells whose cluster is on its branch count. */
struct world_commit {
    char oid[OID_BYTES];
    int parent; /* index; -1 for the first */
    size_t ref; /* the one that it was made for */
    char tags[WORLD_CELLS_MAX][32];
    bool is_foreign;
    char message[2048];
};

struct world_cell {
    char cluster[NAME_BYTES];
    char workload[NAME_BYTES];
    /* the cluster's side */
    char running[32]; /* the tag whose pods are ready */
    char applied[32]; /* the tag that was applied last */
    int64_t applied_ms;
};

/* A branch of a repository that clusters follow. */
struct world_ref {
    char repository[NAME_BYTES]; /* "": the server's own */
    char branch[BRANCH_BYTES];
    int head; /* of the remote branch */
    int seen; /* what the server has fetched; people's commits count from here */
    bool is_rewritten;
    const char *problem; /* why it cannot be fetched, or NULL */
};
#define WORLD_REFS_MAX 8

/* A branch of heddle's at the Git host, and the pull request for it, if there is one. */
struct world_pull {
    char branch[PULL_BRANCH_BYTES];
    size_t ref; /* where it is to come in */
    int tip;    /* -1: the branch was deleted */
    int64_t number;
    enum pull_state state;
    int merged_as; /* a commit */
    char who[ACTOR_BYTES];
    unsigned approvals, objections;
    enum pull_checks checks;
    char text[4096]; /* its title and text as last written */
    char word[512];  /* what heddle said when it closed it */
    int pushes;      /* of its branch */
    bool is_bad;     /* the host finds a conflict in it, until it is pushed again */
};
#define WORLD_PULLS_MAX 64

struct world_host {
    struct world_pull pulls[WORLD_PULLS_MAX];
    size_t pull_count;
    int questions;
    int64_t busy_until_ms; /* until then it says "too often" */
    const char *busy_host; /* of a repository of this name only; NULL: of all of them */
    bool is_strict;        /* merges nothing without an approval */
    bool merges_unnamed;   /* does not say as which commit it merged */
    struct {
        char oid[OID_BYTES];
        char states[64]; /* "pending success" */
    } statuses[WORLD_COMMITS_MAX];
    size_t status_count;
};

struct world_faults {
    unsigned merge;       /* of 100, per step: a person merges a pull request */
    unsigned lose_act;    /* of 100: the act is done, or not, and nobody hears of it: a kill */
    unsigned unavailable; /* of 100: the remote does not answer */
    unsigned foreign;     /* of 100: a person pushes first */
    unsigned kill;        /* of 100, per step: the engine dies */
};

struct world {
    int64_t now_ms;
    uint64_t seed;
    struct env env;
    struct store *store;
    struct promote *engine;
    struct promote_patience patience;
    const char *pipeline_text;
    struct world_commit *commits;
    int commit_count;
    struct world_ref refs[WORLD_REFS_MAX]; /* the first one is the server's: main */
    size_t ref_count;
    struct world_cell cells[WORLD_CELLS_MAX];
    size_t cell_count;
    int applied_commit[8]; /* per cluster, index into clusters */
    char clusters[8][NAME_BYTES];
    size_t cluster_refs[8];
    size_t cluster_count;
    int64_t sequence[8];
    struct promote_act *acts[WORLD_ACTS_MAX];
    size_t act_count;
    bool fetch_wanted;
    char wanted_signature[IMAGE_TEXT_BYTES]; /* the last one that the engine asked for */
    struct world_faults faults;
    int pushes; /* of ours that moved the remote's branch */
    int kills;
    int64_t rollout_ms;          /* from applied to ready */
    bool is_away;                /* the remote does not answer, and does nothing */
    char uneditable[NAME_BYTES]; /* a workload whose file cannot be edited */
    char unwelcome[NAME_BYTES];  /* a workload whose commits the remote's hook refuses */
    char stuck[NAME_BYTES];      /* a workload, and the version of it that never gets ready */
    const char *stuck_version;
    int64_t versions_until_ms; /* until then more versions are expected */
    bool says_tags;            /* Git says tags without digests */
    bool is_runtime_silent;    /* it does not tell which digests run */
    const char *silent;        /* a cluster whose agent says nothing, or NULL */
    bool runs_other_bytes;     /* than the registry has under the tag */
    /* Hears of every change of a release while it happens; or NULL. */
    void (*on_release)(struct world *world, const struct release *release);
    int restarts;            /* of bad versions, as far as the agents tell */
    struct world_host *host; /* the Git host's pull requests and statuses */
};

/* `cells`: "dev/cart dev/web staging/cart …", all at tag "1.0.0", of each cluster
   by name; "dev/chart-redis" has a chart. */
void world_init(struct world *world, const char *pipeline_text, const char *cells, uint64_t seed);
void world_done(struct world *world);
/* Another pipeline file, with the next look. */
void world_set_pipeline(struct world *world, const char *pipeline_text);

/* A version appears in the registry (repository "r/<workload>"). */
void world_push_image(struct world *world, const char *workload, const char *tag);
/* A person's own commit: sets a cell's tag, or touches its configuration when tag is NULL.  A tag
   that begins with "loose" has no digest in Git, and the cluster reports none. */
void world_person_commits(struct world *world, const char *cluster, const char *workload,
                          const char *tag);
/* Deliver what is due at each 100 ms for that long. */
void world_advance(struct world *world, int64_t ms);
/* Advance until the release is over, at most `ms`; its phase. */
enum release_phase world_finish(struct world *world, int64_t release, int64_t ms);
void world_kill(struct world *world);

const char *world_git_tag(const struct world *world, const char *cluster, const char *workload);
const char *world_running(const struct world *world, const char *cluster, const char *workload);
/* The newest release of a stage, or NULL; in the arena. */
struct release *world_last_release(struct world *world, const char *stage, struct arena *arena);
/* Commits on the branch that carry this trailer line; each must be there once. */
int world_count_trailer(const struct world *world, const char *line);
/* ---- the Git host (host.c) ---- */

/* What the engine asks of the host. */
void host_act(struct world *world, struct promote_act *act);
/* The pull request of a release's wave (from 1): the newest one, which must be there. */
struct world_pull *world_pull_of(struct world *world, int64_t release, int wave);
enum world_merge { WORLD_MERGE_COMMIT, WORLD_SQUASH };
/* A person merges it, by a commit of the host's; false: it conflicts. */
bool world_merge(struct world *world, struct world_pull *pull, enum world_merge how);
/* A person puts another version into the branch of a pull request. */
void world_person_amends(struct world *world, struct world_pull *pull, const char *cluster,
                         const char *workload, const char *tag);
/* "pending success": what a commit's status was, in order. */
const char *world_statuses(const struct world *world, const char *oid);

/* ---- what host.c needs of world.c ---- */

int world_find_commit(const struct world *world, const char *oid);
/* Name it by what it says and its salt, and add it; its index. */
int world_add_commit(struct world *world, struct world_commit *commit, int64_t salt);
size_t world_cell(const struct world *world, const char *cluster, const char *workload);
bool world_is_ancestor(const struct world *world, int ancestor, int tip);

/* The ref that a cluster follows, and the one that an act is about. */
struct world_ref *world_ref_of(struct world *world, const char *cluster);
struct world_ref *world_ref_of_act(struct world *world, const struct promote_act *act);

/* A digest that stands for a tag. */
void world_digest(const char *workload, const char *tag, char out[static IMAGE_DIGEST_BYTES]);

/* ---- tests of chance (chance.c) ---- */

/* What the worlds of a test have lived through. */
struct world_tally {
    int kills, pushes;
    size_t pulls;
};
/* A world for each seed from 1 to `count`, or for the one of HEDDLE_SEED alone; then says what they
   lived through.  `run` ends its world with world_survived(). */
void world_each_seed(uint64_t count, void (*run)(uint64_t seed, struct world_tally *tally));
void world_survived(struct world *world, struct world_tally *tally);
/* How many commits of a release are on the branches of its waves. */
int world_commits_of(const struct world *world, int64_t release);
/* Each release is once on the branch of each of its waves, and on no other. */
void world_check_history(struct world *world, uint64_t seed);
