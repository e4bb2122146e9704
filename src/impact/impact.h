/*
 * impact: what a promotion does to a cluster beside its versions.  Pure.
 *
 * What it asks of the nodes and whether that fits (impact_judge), which settings stay behind
 * because only versions travel (impact_stays), and the objects as they become (impact_rendered).
 * api/ gathers the facts: objects rendered before and after, and what agents have measured.
 */
#pragma once

#include "base/arena.h"
#include "model/capacity.h"
#include "model/workload.h"

/* ---- what a workload asks for ---- */

/* As its manifest says. */
struct impact_shape {
    enum workload_kind kind; /* WORKLOAD_KIND_COUNT: it is no workload */
    int64_t replicas;        /* -1: not said, an autoscaler's matter */
    struct resources per_pod;
    int64_t surge; /* pods beyond the wanted ones while it rolls out; of a part: in percent */
    bool is_surge_percent;
    bool is_recreated; /* all old pods end before the first new one begins */
};
/* Of a rendered object. */
struct impact_shape impact_shape_of(const json_t *object);

/* ---- does it fit? ---- */

struct impact_workload {
    char name[NAME_BYTES];
    int64_t pods_now; /* that run, or are wanted */
    struct impact_shape before, after;
};

struct impact_facts {
    const char *unknown; /* why this cannot be judged at all, or NULL */
    const char *cluster;
    const struct capacity *capacity; /* NULL: its agent has not told */
    const struct impact_workload *workloads;
    size_t count;
};

/* Pods and what they ask for. */
struct impact_amount {
    int64_t pods;
    struct resources resources;
};

enum impact_fit { IMPACT_UNKNOWN, IMPACT_FITS, IMPACT_TOO_LARGE };
const char *impact_fit_name(enum impact_fit fit); /* "unknown", "fits", "too_large" */

struct impact {
    struct impact_amount now, after; /* of these workloads */
    struct impact_amount peak;       /* at most, while they roll out at once */
    enum impact_fit fit;
    char why[REASON_BYTES]; /* one sentence */
};
/* By requests and rooms alone: affinity, volumes and quotas may still say no. */
void impact_judge(const struct impact_facts *facts, struct impact *out);
json_t *impact_to_json(const struct impact_facts *facts, const struct impact *impact);

/* ---- what stays behind ---- */

/* Settings that differ, one item each: {"workload", "target", "container"?, "field", "source"?,
   "here"?}; a missing side is not set there.  Values of secrets are never told. */
#define IMPACT_STAYS_MAX 200
struct impact_pair {
    const char *workload, *target;
    const json_t *source, *here; /* the rendered workloads */
};
/* Append to `list` until it has IMPACT_STAYS_MAX items; false when there were more. */
bool impact_stays(const struct impact_pair *pair, json_t *list);

/* ---- objects as they become ---- */

/* A unified diff of two rendered objects as YAML; NULL is none.  `name` stands in its head. */
void impact_rendered(const char *name, const json_t *before, const json_t *after, struct str *out);
