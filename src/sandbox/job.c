/* job: pods that end, until enough have ended well. */
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

struct job_counts {
    int active, ready, succeeded, failed;
};

static bool has_condition(const json_t *job, const char *type)
{
    return strcmp(json_text_at(condition_find(job, type), "status", ""), "True") == 0;
}

static struct job_counts count_pods(const struct object_list *pods)
{
    struct job_counts counts = {0};
    for (size_t i = 0; i < pods->items.count; i++) {
        const json_t *pod = pods->items.items[i];
        const char *phase = json_text_at(pod, "status.phase", "");
        counts.active += pod_is_active(pod);
        counts.ready += pod_is_ready(pod);
        counts.succeeded += strcmp(phase, "Succeeded") == 0;
        counts.failed += strcmp(phase, "Failed") == 0;
    }
    return counts;
}

static void put_condition(json_t *conditions, const char *type, const char *reason,
                          const char *message, int64_t now_ms)
{
    json_t *condition = json_pack("{s:s,s:s,s:s,s:s}", "type", type, "status", "True", "reason",
                                  reason, "message", message);
    json_put_time(condition, "lastProbeTime", now_ms);
    json_put_time(condition, "lastTransitionTime", now_ms);
    json_array_append_new(conditions, condition);
}

static void write_status(struct sandbox_cluster *cluster, json_t *job, struct job_counts counts)
{
    int64_t now_ms = cluster_now_ms(cluster);
    bool is_complete = counts.succeeded >= json_int_at(job, "spec.completions", 1);
    bool is_failed = counts.failed > json_int_at(job, "spec.backoffLimit", 6);
    json_t *status = json_pack("{s:i,s:i,s:{}}", "ready", counts.ready, "terminating", 0,
                               "uncountedTerminatedPods");
    json_t *conditions = json_array();
    json_put_text(status, "startTime", json_text_at(job, "status.startTime", NULL));
    if (!json_object_get(status, "startTime")) {
        json_put_time(status, "startTime", now_ms);
    }
    put_count(status, "active", counts.active);
    put_count(status, "succeeded", counts.succeeded);
    put_count(status, "failed", counts.failed);
    if (is_complete) {
        const char *message = "Reached expected number of succeeded pods";
        put_condition(conditions, "SuccessCriteriaMet", "CompletionsReached", message, now_ms);
        put_condition(conditions, "Complete", "CompletionsReached", message, now_ms);
        json_put_time(status, "completionTime", now_ms);
    } else if (is_failed) {
        const char *message = "Job has reached the specified backoff limit";
        put_condition(conditions, "FailureTarget", "BackoffLimitExceeded", message, now_ms);
        put_condition(conditions, "Failed", "BackoffLimitExceeded", message, now_ms);
    }
    if (json_array_size(conditions) > 0) {
        json_put(status, "conditions", conditions);
    } else {
        json_decref(conditions);
    }
    status_put(cluster, job, status);
}

void reconcile_job(struct sandbox_cluster *cluster, json_t *job)
{
    struct object_list pods;
    bool is_over = has_condition(job, "Complete") || has_condition(job, "Failed");
    if (pod_is_ending(job) || is_over || json_bool_at(job, "spec.suspend", false)) {
        return;
    }
    owned_of_kind(cluster, job, "Pod", &pods);
    struct job_counts counts = count_pods(&pods);
    int missing = (int)json_int_at(job, "spec.completions", 1) - counts.succeeded;
    int together = (int)json_int_at(job, "spec.parallelism", 1);
    bool may_try = counts.failed <= json_int_at(job, "spec.backoffLimit", 6);
    int wanted = missing < together ? missing : together;
    struct pod_order order = {
        .owner = job, .template = json_at(job, "spec.template"), .prefix = object_name(job)};
    for (int i = counts.active; may_try && i < wanted; i++) {
        pod_create(cluster, &order);
    }
    write_status(cluster, job, counts);
    objects_list_done(&pods);
}
