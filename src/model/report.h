/*
 * report: what an agent tells the server about its cluster.
 *
 * A report is a whole picture or a change to it: workloads that it names replace what was
 * known of them; `is_full` says that all others are gone.  Sequence numbers grow by one within a
 * session; a gap makes the server ask for a full report.  Equal observations are not sent again.
 */
#pragma once

#include "base/arena.h"
#include "model/capacity.h"
#include "model/facts.h"

#define REPORT_WORKLOADS_MAX 10000
#define REPORT_PROBLEMS_MAX 100
#define REPORT_DRIFTS_MAX 20
#define OBJECT_NAME_BYTES 128 /* shown only: longer ones are cut */

struct report_workload {
    char name[NAME_BYTES];
    char namespace[NAME_BYTES];
    enum workload_kind kind;
    enum workload_state state;
    int64_t since_ms; /* when this state began */
    int wanted, updated, ready, old_ready;
    int drift_fixed;        /* times a change by hand was put back, since the agent started */
    int64_t drift_fixed_ms; /* the last time; 0: never */
    char drift_manager[64]; /* who had changed it */
    struct workload_image *wanted_images; /* in Git at the applied revision */
    size_t wanted_count;
    struct workload_image
        *running_images; /* digests that really run in ready new pods; empty when none */
    size_t running_count;
    struct diagnosis diagnosis;
    int64_t diagnosis_since_ms;
    struct workload_use use; /* all zero: not measured yet */
};

/* The use of a workload that has not changed otherwise. */
struct report_use {
    char name[NAME_BYTES];
    struct workload_use use;
};

/* A change by somebody else that was put back. */
struct report_drift {
    char kind[64];
    char namespace[NAME_BYTES];
    char name[OBJECT_NAME_BYTES];
    char field[PATH_BYTES]; /* "spec.replicas"; "" : one that Git leaves open, or the whole */
    bool was_deleted;       /* the whole object */
    char manager[64];       /* who had changed it, or "" */
    int64_t at_ms;
};

struct report_problem { /* of fetching, rendering or applying */
    char file[PATH_BYTES];
    unsigned line;
    char text[REASON_BYTES];
};

struct report {
    char cluster[NAME_BYTES];
    char session[33]; /* random, new at each start of the agent */
    int64_t sequence;
    bool is_full;
    char agent_version[32];
    char path[PATH_BYTES];
    char applied_commit[OID_BYTES]; /* last revision that was applied whole; "" none yet */
    char seen_commit[OID_BYTES];    /* last fetched */
    int64_t applied_ms;             /* when it was applied */
    int object_count;
    struct report_workload *workloads;
    size_t workload_count;
    struct report_problem *problems; /* of the last pass; always the whole list */
    size_t problem_count;
    struct report_drift *drifts; /* the newest first; always the whole list */
    size_t drift_count;
    struct report_use *uses; /* of workloads that are not in the list above */
    size_t use_count;
    struct capacity *capacity; /* NULL: as before, or not measured yet */
};

json_t *report_to_json(const struct report *report);
/* From untrusted JSON: bounds and grammar are checked.  Arrays live in the arena. */
bool report_from_json(const json_t *value, struct arena *arena, struct report *out,
                      struct err *err) MUST_CHECK;
json_t *report_workload_to_json(const struct report_workload *workload);
json_t *report_drift_to_json(const struct report_drift *drift);
json_t *diagnosis_to_json(const struct diagnosis *diagnosis); /* null when nothing is wrong */
