/* measure: what a cluster has, asks for and uses.  A job of a worker; private to sync. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "kube/kube.h"
#include "model/capacity.h"

/* More nodes than this are not summed up. */
#define MEASURE_NODES_MAX 20000
/* Pods of ours whose usage is looked up; a cluster of Kubernetes has 150,000 at most. */
#define MEASURE_PODS_MAX 50000

/* What is counted for one workload. */
struct workload_tally {
    const char *key; /* of its object in sync */
    struct workload_use use;
};

struct measure {
    struct arena *arena;
    VEC(struct workload_tally *) workloads;
    struct map owners; /* uid of a pod's controller → struct workload_tally */
    struct map nodes;  /* name → struct node_tally */
    struct map pods;   /* "namespace/name" of a pod of ours → struct workload_tally */
    struct capacity result;
};

struct measure *measure_new(void);
void measure_free(struct measure **measure);
struct workload_tally *measure_add_workload(struct measure *measure, const char *key);
/* Pods that this one controls are the workload's. */
void measure_add_owner(struct measure *measure, const char *uid, struct workload_tally *workload);

/* Ask the API server: lists in pages, of which nothing but sums is kept.  What may not be asked or
   is not there is told in the result. */
void measure_run(struct measure *measure, struct kube *kube);
