/*
 * plan: what would change, which workloads are skipped and why.  Pure.
 *
 * promote/ gathers the facts: for each workload of each target what it has and what
 * the source offers.  A plan is frozen by its digest, which covers versions and places,
 * not commit ids: an unrelated push does not change a plan.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "model/release.h"

/* One container of one workload in one target. */
struct plan_container {
    char container[NAME_BYTES];
    struct image current; /* in Git, in the target */
    struct image offered; /* by the source; repository "" : the source has no such image */
    const char *file;     /* where it is written */
    unsigned line;
    const char *blocked; /* why this place cannot be edited, or NULL */
    const char *note;    /* what will be written elsewhere instead, and why, or NULL */
    int order; /* offered against current by the version policy: <0 older, 0 same, >0 newer */
};

/* One workload in one target. */
struct plan_candidate {
    char workload[NAME_BYTES];
    char target[NAME_BYTES];
    int wave;                /* from 0 */
    const char *unavailable; /* why the source offers nothing: a sentence, or NULL */
    struct plan_container *containers;
    size_t container_count;
};

struct plan_request {
    char to[NAME_BYTES];       /* the stage */
    char from[NAME_BYTES + 8]; /* "registry", a stage, or "cluster:NAME" */
    bool forwards_only;        /* automation never moves backwards */
};

struct plan_change {
    char container[NAME_BYTES];
    struct image from, to;
    const char *file;
    unsigned line;
    bool is_older;    /* what comes is older than what is there */
    const char *note; /* the container's, or NULL */
};

struct plan_item {
    char workload[NAME_BYTES];
    char target[NAME_BYTES];
    int wave;
    struct plan_change *changes;
    size_t change_count;
};

struct plan_skip {
    char workload[NAME_BYTES];
    char target[NAME_BYTES];
    const char *reason; /* a sentence */
    bool has_it;        /* the target has the version already: nothing is missing */
};

struct plan {
    char to[NAME_BYTES];
    char from[NAME_BYTES + 8];
    struct plan_item *items; /* by wave, then target, then workload */
    size_t item_count;
    struct plan_skip *skips;
    size_t skip_count;
    int wave_count; /* waves that have items; renumbered without holes */
    char digest[65];
};

/* Decide each candidate.  The plan lives in the arena. */
void plan_make(const struct plan_request *request, const struct plan_candidate *candidates,
               size_t count, struct arena *arena, struct plan *out);

/* For the API and the store; waves count from 1 in JSON. */
json_t *plan_to_json(const struct plan *plan);
/* "3 workloads in 2 clusters, 2 commits." */
void plan_summary(const struct plan *plan, struct str *out);
/* The first line in which two plans differ, for people; empty when they are equal. */
void plan_difference(const json_t *before, const json_t *now, struct str *out);
