/*
 * health: is this workload what Git asked for, and ready?  Pure.
 *
 * Rules by kind stand in research-backed tables in health.c: Deployment by its newest ReplicaSet,
 * StatefulSet by updateRevision, DaemonSet by the newest controller revision, CronJob by its last
 * Job, a Rollout by its current pod hash; kinds without a pod template by the images of their pods.
 * A workload is healthy only when the new pods run the wanted digests, are ready, and old ones are
 * gone.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "model/facts.h"

/* What facts are gathered from.  `owned` holds ReplicaSets (Deployment), Jobs (CronJob), or all
   that stands between (HelmRelease), and `pods` all pods of the namespace that may be its;
   ownership is checked by uid.  `live` NULL: the workload does not exist; then kind, namespace and
   name come from `wanted` (the manifest). */
struct health_input {
    const json_t *wanted, *live;
    const json_t *const *owned;
    size_t owned_count;
    const json_t *const *pods;
    size_t pod_count;
    const struct workload_image *images; /* of a kind that has no pod template */
    size_t image_count;
};

/* Gather facts from live objects.  They live in the arena. */
void health_facts(const struct health_input *input, struct arena *arena,
                  struct workload_facts *out);

/* The state these facts amount to.  A diagnosis that is terminal makes ROLLING_OUT into STUCK: that
   is the caller's, who knows since when. */
enum workload_state health_judge(const struct workload_facts *facts);

/* Digests that run in ready new pods, one per container, and the chart that is installed: for
   reports.  A container whose new pods
   disagree, or none of which is ready, is left out. */
size_t health_running(const struct workload_facts *facts, struct workload_image *out, size_t max);

/* Keep of a pod, ReplicaSet, Job or workload only what health_facts() reads: a new object, a
 * fraction of the size. */
json_t *health_trim(const json_t *object);
