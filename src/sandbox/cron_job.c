/* cron_job: a Job at each minute that the schedule names (in UTC). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define MINUTE_MS 60000

/* One field of a schedule: "*", "*" with a step, or a number. */
static bool field_fits(const char *field, size_t length, int value)
{
    char text[16];
    snprintf(text, sizeof(text), "%.*s", (int)(length < 15 ? length : 15), field);
    if (strncmp(text, "*/", 2) == 0) {
        long step = strtol(text + 2, NULL, 10);
        return step > 0 && value % step == 0;
    }
    return strcmp(text, "*") == 0 ||
           (text[0] >= '0' && text[0] <= '9' && strtol(text, NULL, 10) == value);
}

/* Lists, ranges and names are not read: such a schedule never comes. */
static bool is_due(const char *schedule, int64_t now_ms)
{
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm time;
    gmtime_r(&now_s, &time);
    const int values[] = {time.tm_min, time.tm_hour, time.tm_mday, time.tm_mon + 1, time.tm_wday};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        size_t length = strcspn(schedule, " ");
        if (length == 0 || !field_fits(schedule, length, values[i])) {
            return false;
        }
        schedule += length + (schedule[length] == ' ');
    }
    return true;
}

static void start_job(struct sandbox_cluster *cluster, json_t *cron_job, int64_t minute)
{
    char name[RESOURCE_NAME_BYTES + 24];
    snprintf(name, sizeof(name), "%s-%lld", object_name(cron_job), (long long)minute);
    json_t *job = owned_new(cron_job, "batch/v1", "Job", name);
    json_t *labels = json_object_get(json_at(cron_job, "spec.jobTemplate.metadata"), "labels");
    if (labels) {
        json_put(json_object_get(job, "metadata"), "labels", json_deep_copy(labels));
    }
    json_put(job, "spec", json_deep_copy(json_at(cron_job, "spec.jobTemplate.spec")));
    write_own(cluster, cluster_kind(cluster, "Job"), NULL, job);
}

static bool has_ended(const json_t *job, const char *how)
{
    return strcmp(json_text_at(condition_find(job, how), "status", ""), "True") == 0;
}

/* Keep as many ended Jobs as the limit says; their names grow with time. */
static void forget_old(struct sandbox_cluster *cluster, const struct object_list *jobs,
                       const char *how, int64_t limit)
{
    int64_t kept = 0;
    for (size_t i = jobs->items.count; i-- > 0;) {
        json_t *job = jobs->items.items[i];
        if (has_ended(job, how) && ++kept > limit) {
            delete_object(cluster, cluster_kind(cluster, "Job"), job, PROPAGATE_BACKGROUND, false);
        }
    }
}

static void write_status(struct sandbox_cluster *cluster, json_t *cron_job,
                         const struct object_list *jobs, int64_t scheduled_ms)
{
    json_t *status = json_object();
    json_t *active = json_array();
    const char *last_success = json_text_at(cron_job, "status.lastSuccessfulTime", NULL);
    for (size_t i = 0; i < jobs->items.count; i++) {
        const json_t *job = jobs->items.items[i];
        const char *completed = json_text_at(job, "status.completionTime", NULL);
        if (completed && (!last_success || strcmp(completed, last_success) > 0)) {
            last_success = completed;
        }
        if (!has_ended(job, "Complete") && !has_ended(job, "Failed")) {
            json_array_append_new(active,
                                  json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind", "Job", "apiVersion",
                                            "batch/v1", "name", object_name(job), "namespace",
                                            simulated_namespace(job), "uid", object_uid(job)));
        }
    }
    if (json_array_size(active) > 0) {
        json_put(status, "active", active);
    } else {
        json_decref(active);
    }
    json_put_text(status, "lastScheduleTime",
                  json_text_at(cron_job, "status.lastScheduleTime", NULL));
    json_put_time(status, "lastScheduleTime", scheduled_ms);
    json_put_text(status, "lastSuccessfulTime", last_success);
    status_put(cluster, cron_job, status);
}

void reconcile_cron_job(struct sandbox_cluster *cluster, json_t *cron_job)
{
    struct object_list jobs;
    if (pod_is_ending(cron_job)) {
        return;
    }
    int64_t minute_ms = cluster_now_ms(cluster) / MINUTE_MS * MINUTE_MS;
    int64_t born_ms = clock_parse(json_text_at(cron_job, "metadata.creationTimestamp", ""));
    int64_t last_ms = clock_parse(json_text_at(cron_job, "status.lastScheduleTime", ""));
    bool is_new_minute = minute_ms > born_ms && minute_ms > last_ms;
    bool fires = is_new_minute && !json_bool_at(cron_job, "spec.suspend", false) &&
                 is_due(json_text_at(cron_job, "spec.schedule", ""), minute_ms);
    if (fires) {
        start_job(cluster, cron_job, minute_ms / MINUTE_MS);
    }
    owned_of_kind(cluster, cron_job, "Job", &jobs);
    forget_old(cluster, &jobs, "Complete",
               json_int_at(cron_job, "spec.successfulJobsHistoryLimit", 3));
    forget_old(cluster, &jobs, "Failed", json_int_at(cron_job, "spec.failedJobsHistoryLimit", 1));
    write_status(cluster, cron_job, &jobs, fires ? minute_ms : 0);
    objects_list_done(&jobs);
}
