/* recorded: workloads as a real cluster showed them, from tests/golden/kube.  Each file holds
   "live", "owned" (ReplicaSets or Jobs) and "pods"; fields that no judge reads are left out. */
#pragma once

#include "health/health.h"

struct recorded {
    json_t *file;
    struct arena *arena;
    struct workload_facts facts;
};

/* Fails the test when the file is not there. */
void recorded_open(struct recorded *recorded, const char *name);
json_t *recorded_live(struct recorded *recorded);
/* A pod by a part of its name. */
json_t *recorded_pod(struct recorded *recorded, const char *part);
/* Facts of what the file holds now; `wanted` may be NULL. */
void recorded_judge(struct recorded *recorded, const json_t *wanted);
/* The same after health_trim(). */
void recorded_trim(struct recorded *recorded);
void recorded_close(struct recorded *recorded);
/* Replace object[path] by parsed JSON. */
void json_patch(json_t *object, const char *path, const char *text);
