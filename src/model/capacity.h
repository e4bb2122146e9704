/*
 * capacity: what a cluster's nodes have, what is asked of them, and what is used.
 *
 * An agent measures it about twice a minute; the server shows it and judges by it whether a
 * promotion fits.
 */
#pragma once

#include "base/arena.h"
#include "model/names.h"
#include "model/resources.h"

#define CAPACITY_ROOMS_MAX 20
#define NODE_NAME_BYTES 128 /* shown only: longer ones are cut */

/* What one node can still take. */
struct node_room {
    char name[NODE_NAME_BYTES];
    struct resources free;
    int64_t pods;
};

struct capacity {
    char unknown[REASON_BYTES]; /* why nothing of the rest is known; "": it is */
    int64_t nodes;              /* ready, and open to any pod */
    int64_t closed_nodes;       /* not ready, cordoned or tainted; they count nowhere else */
    struct resources allocatable, requested;
    int64_t pods_max, pods;
    char no_usage[REASON_BYTES]; /* why `used` is not known; "": it is */
    struct resources used;
    struct node_room rooms[CAPACITY_ROOMS_MAX]; /* the roomiest nodes, the roomiest first */
    size_t room_count;
};

/* What the pods of one workload ask for and use. */
struct workload_use {
    int64_t pods;             /* that ask for something: those on nodes that have not ended */
    struct resources per_pod; /* what the largest of them asks for */
    int64_t used_pods;        /* whose usage is known; 0: none */
    struct resources used;    /* by them together */
};

json_t *capacity_to_json(const struct capacity *capacity);
/* From untrusted JSON. */
bool capacity_from_json(const json_t *value, struct capacity *out, struct err *err) MUST_CHECK;
json_t *workload_use_to_json(const struct workload_use *use);
bool workload_use_from_json(const json_t *value, struct workload_use *out,
                            struct err *err) MUST_CHECK;

/* Keep at most CAPACITY_ROOMS_MAX rooms, the roomiest: a larger room replaces the smallest. */
void capacity_add_room(struct capacity *capacity, const struct node_room *room);
/* A node whose room is counted first: the one with more of what it has less of. */
bool room_is_larger(const struct node_room *a, const struct node_room *b);

/* A usage that swings around a value is no news: `now` becomes `shown` while it is near to it. */
void usage_settle(struct resources shown, struct resources *now);
