#include "health/health_internal.h"

#include <string.h>

#include "model/chart.h"

/* Jobs and CronJobs have no observedGeneration. */
static bool is_observed(const struct workload_facts *facts)
{
    return facts->observed_generation >= facts->generation;
}

/* The repository does not count: an admission webhook may have put a mirror's name there. */
static bool is_version(const struct image *wanted, const struct container_facts *container)
{
    struct image is = {0};
    struct err err;
    if (!image_parse(container->image, &is, &err)) {
        return false;
    }
    if (wanted->digest[0] && container->running_digest[0]) {
        return strcmp(wanted->digest, container->running_digest) == 0;
    }
    if (wanted->digest[0] && is.digest[0]) {
        return strcmp(wanted->digest, is.digest) == 0;
    }
    return strcmp(wanted->tag, is.tag) == 0;
}

static bool is_meant(const struct workload_facts *facts, const struct workload_image *wanted,
                     const struct container_facts *container)
{
    return facts->is_family ? container_has_image(container, wanted)
                            : strcmp(wanted->container, container->name) == 0;
}

bool pod_runs_wanted(const struct workload_facts *facts, const struct pod_facts *pod)
{
    for (size_t c = 0; c < pod->container_count; c++) {
        for (size_t i = 0; i < facts->image_count; i++) {
            if (is_meant(facts, &facts->images[i], &pod->containers[c]) &&
                !is_version(&facts->images[i].image, &pod->containers[c])) {
                return false;
            }
        }
    }
    return true;
}

static bool new_pods_run_wanted(const struct workload_facts *facts)
{
    for (size_t i = 0; i < facts->pod_count; i++) {
        if (facts->pods[i].is_new && !pod_runs_wanted(facts, &facts->pods[i])) {
            return false;
        }
    }
    return true;
}

static enum workload_state judge_replicas(const struct workload_facts *facts)
{
    bool is_whole = facts->updated >= facts->wanted && facts->ready >= facts->wanted &&
                    facts->available >= facts->wanted;
    bool is_clean = facts->total <= facts->wanted && facts->old_ready == 0;
    bool is_healthy = is_observed(facts) && is_whole && is_clean && new_pods_run_wanted(facts);
    return is_healthy ? WORKLOAD_HEALTHY : WORKLOAD_ROLLING_OUT;
}

/* Its pods count where it has some; a chart may keep none, or none that we see. */
static enum workload_state judge_family(const struct workload_facts *facts)
{
    bool is_clean = facts->total <= facts->ready && facts->old_ready == 0;
    /* Without images nobody can tell which pods are new, and some are of jobs. */
    bool has_ended = facts->ready >= facts->wanted && (is_clean || facts->image_count == 0);
    bool is_healthy =
        is_observed(facts) && facts->is_object_ready && has_ended && !facts->is_chart_behind;
    return is_healthy ? WORKLOAD_HEALTHY : WORKLOAD_ROLLING_OUT;
}

static enum workload_state judge_job(const struct workload_facts *facts)
{
    if (facts->job_failed) {
        return WORKLOAD_FAILED;
    }
    return facts->job_complete && new_pods_run_wanted(facts) ? WORKLOAD_HEALTHY
                                                             : WORKLOAD_ROLLING_OUT;
}

/* Between its runs there is nothing to wait for: it may be a month until the next one. */
static enum workload_state judge_cron_job(const struct workload_facts *facts)
{
    return facts->job_failed ? WORKLOAD_FAILED : WORKLOAD_HEALTHY;
}

static enum workload_state (*const judges[WORKLOAD_KIND_COUNT])(const struct workload_facts *) = {
    [WORKLOAD_DEPLOYMENT] = judge_replicas,
    [WORKLOAD_STATEFUL_SET] = judge_replicas,
    [WORKLOAD_DAEMON_SET] = judge_replicas,
    [WORKLOAD_CRON_JOB] = judge_cron_job,
    [WORKLOAD_JOB] = judge_job,
    [WORKLOAD_ROLLOUT] = judge_replicas,
    [WORKLOAD_KNATIVE_SERVICE] = judge_family,
    [WORKLOAD_HELM_RELEASE] = judge_family,
    [WORKLOAD_APPLICATION] = judge_family,
    [WORKLOAD_CUSTOM] = judge_family,
};

enum workload_state health_judge(const struct workload_facts *facts)
{
    if (facts->kind >= WORKLOAD_KIND_COUNT) {
        return WORKLOAD_NO_DATA;
    }
    return facts->exists ? judges[facts->kind](facts) : WORKLOAD_MISSING;
}

static const struct container_facts *container_of(const struct workload_facts *facts,
                                                  const struct pod_facts *pod,
                                                  const struct workload_image *wanted)
{
    for (size_t i = 0; i < pod->container_count; i++) {
        if (is_meant(facts, wanted, &pod->containers[i])) {
            return &pod->containers[i];
        }
    }
    return NULL;
}

/* A Job's pods prove their version by having ended well. */
static bool is_proof(const struct pod_facts *pod)
{
    return pod->is_new && (pod->is_ready || strcmp(pod->phase, "Succeeded") == 0);
}

/* The digest that all proving pods agree on; NULL when they disagree or none has one. */
static const struct container_facts *agreed(const struct workload_facts *facts,
                                            const struct workload_image *wanted)
{
    const struct container_facts *first = NULL;
    for (size_t i = 0; i < facts->pod_count; i++) {
        const struct pod_facts *pod = &facts->pods[i];
        const struct container_facts *container =
            is_proof(pod) ? container_of(facts, pod, wanted) : NULL;
        if (!container) {
            continue;
        }
        if (first && strcmp(first->running_digest, container->running_digest) != 0) {
            return NULL;
        }
        first = first ? first : container;
    }
    return first && first->running_digest[0] ? first : NULL;
}

static size_t add_chart(const struct workload_facts *facts, struct workload_image *out)
{
    const struct image *chart = &facts->running_chart;
    if (!chart->tag[0] && !chart->digest[0]) {
        return 0;
    }
    *out = (struct workload_image){.container = CHART_CONTAINER, .image = *chart};
    return 1;
}

static size_t copy_told(const struct workload_facts *facts, struct workload_image *out, size_t max)
{
    size_t count = 0;
    for (; count < facts->told_count && count < max; count++) {
        out[count] = facts->told[count];
    }
    return count;
}

size_t health_running(const struct workload_facts *facts, struct workload_image *out, size_t max)
{
    if (facts->told) {
        return copy_told(facts, out, max);
    }
    size_t count = max > 0 ? add_chart(facts, out) : 0;
    for (size_t i = 0; i < facts->image_count && count < max; i++) {
        const struct container_facts *container = agreed(facts, &facts->images[i]);
        struct workload_image *slot = &out[count];
        struct err err;
        if (container && image_parse(container->image, &slot->image, &err)) {
            TEXT_COPY_CUT(slot->container, facts->images[i].container);
            TEXT_COPY_CUT(slot->image.digest, container->running_digest);
            count++;
        }
    }
    return count;
}
