/* causes: what is wrong with the workload itself, not with one of its pods. */
#include "diagnose/causes.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool starts_with(const char *text, const char *word)
{
    while (*word && lower(*text) == lower(*word)) {
        text++;
        word++;
    }
    return *word == '\0';
}

bool text_has_any(const char *text, const char *const *words)
{
    for (; *words; words++) {
        for (const char *at = text; *at; at++) {
            if (starts_with(at, *words)) {
                return true;
            }
        }
    }
    return false;
}

bool has_replicas(const struct workload_facts *facts)
{
    return facts->kind != WORKLOAD_JOB && facts->kind != WORKLOAD_CRON_JOB;
}

static bool has_quota(const struct workload_facts *facts)
{
    return HAS_ANY(facts->create_failure, "exceeded quota");
}

/* The text between `before` and the next `end`, or "" and false. */
static bool part_after(const char *text, const char *before, char end, struct str *out)
{
    const char *at = strstr(text, before);
    if (!at) {
        return false;
    }
    at += strlen(before);
    const char *stop = strchr(at, end);
    str_add_bytes(out, at, stop ? (size_t)(stop - at) : strlen(at));
    return true;
}

static void say_quota(const struct workload_facts *facts, struct str *out)
{
    AUTO_STR(quota, FACTS_MESSAGE_BYTES);
    part_after(facts->create_failure, "exceeded quota: ", ',', &quota);
    str_addf(out, "The quota %s of namespace %s is used up: new pods of %s cannot be made.",
             quota.text, facts->namespace, facts->name);
}

static bool has_create_failure(const struct workload_facts *facts)
{
    return facts->create_failure[0] != '\0';
}

static void say_refused(const struct workload_facts *facts, struct str *out)
{
    AUTO_STR(who, FACTS_MESSAGE_BYTES);
    if (part_after(facts->create_failure, "admission webhook \"", '"', &who)) {
        str_addf(out, "The policy %s refuses new pods of %s.", who.text, facts->name);
    } else if (part_after(facts->create_failure, "violates PodSecurity \"", '"', &who)) {
        str_addf(out, "The pod security level %s of namespace %s refuses new pods of %s.", who.text,
                 facts->namespace, facts->name);
    } else if (part_after(facts->create_failure, "serviceaccount \"", '"', &who)) {
        str_addf(out, "The service account %s that pods of %s run as does not exist in %s.",
                 who.text, facts->name, facts->namespace);
    } else {
        str_addf(out, "The cluster refuses to make new pods of %s.", facts->name);
    }
}

static bool is_failed_job(const struct workload_facts *facts)
{
    return facts->job_failed;
}

static void say_job(const struct workload_facts *facts, struct str *out)
{
    str_addf(out,
             facts->kind == WORKLOAD_CRON_JOB ? "The last run of %s failed." : "The Job %s failed.",
             facts->name);
    for (size_t i = 0; i < facts->pod_count; i++) {
        const struct pod_facts *pod = &facts->pods[i];
        for (size_t c = 0; pod->is_new && c < pod->container_count; c++) {
            if (pod->containers[c].ended_exit_code != 0) {
                str_addf(out, " Its container %s ended with exit code %d.", pod->containers[c].name,
                         pod->containers[c].ended_exit_code);
                return;
            }
        }
    }
}

static bool is_missing(const struct workload_facts *facts)
{
    return !facts->exists;
}

static void say_missing(const struct workload_facts *facts, struct str *out)
{
    str_addf(out, "%s is in Git, but not in the cluster.", facts->name);
}

static bool is_past_deadline(const struct workload_facts *facts)
{
    return facts->deadline_exceeded;
}

static void say_deadline(const struct workload_facts *facts, struct str *out)
{
    str_addf(out, "The rollout of %s has passed its progress deadline, and no known cause shows.",
             facts->name);
}

/* Jobs and CronJobs do not say which generation they have seen. */
static bool is_unobserved(const struct workload_facts *facts)
{
    return has_replicas(facts) && facts->observed_generation < facts->generation;
}

static void say_unobserved(const struct workload_facts *facts, struct str *out)
{
    str_addf(out,
             "The cluster has taken the change to %s, but its controllers have not seen it yet.",
             facts->name);
}

static bool is_held_back(const struct workload_facts *facts)
{
    bool is_behind = facts->updated < facts->wanted || facts->is_chart_behind ||
                     facts->kind == WORKLOAD_APPLICATION ||
                     (facts->is_family && facts->observed_generation < facts->generation);
    return facts->is_paused && (!has_replicas(facts) || is_behind);
}

static void say_paused(const struct workload_facts *facts, struct str *out)
{
    static const char *const sentences[WORKLOAD_KIND_COUNT] = {
        [WORKLOAD_DEPLOYMENT] = "The rollout of %s is paused.",
        [WORKLOAD_STATEFUL_SET] =
            "The update strategy of %s keeps old pods (OnDelete, or a partition).",
        [WORKLOAD_DAEMON_SET] = "The update strategy of %s keeps old pods until they are deleted.",
        [WORKLOAD_CRON_JOB] = "%s is suspended: it will not run.",
        [WORKLOAD_JOB] = "%s is suspended: it does not run.",
        [WORKLOAD_ROLLOUT] = "The rollout of %s is paused.",
        [WORKLOAD_HELM_RELEASE] = "%s is suspended: Flux changes nothing of it.",
        [WORKLOAD_APPLICATION] =
            "%s is out of sync, and waits for a person: its syncPolicy is not automated.",
    };
    const char *sentence = sentences[facts->kind] ? sentences[facts->kind] : "%s is paused.";
    const char *gap = strstr(sentence, "%s");
    str_add_bytes(out, sentence, (size_t)(gap - sentence));
    str_add(out, facts->name);
    str_add(out, gap + 2);
}

/* What a HelmRelease's or an operator's controller says of its own work. */
static bool has_given_up(const struct workload_facts *facts)
{
    return facts->object_reason[0] && facts->is_stalled;
}

static bool is_not_ready(const struct workload_facts *facts)
{
    return facts->object_reason[0] != '\0';
}

static void say_not_ready(const struct workload_facts *facts, struct str *out)
{
    str_addf(out, "%s is not ready: %s%s%s", facts->name, facts->object_reason,
             facts->object_message[0] ? ": " : ".", facts->object_message);
}

/* Flux or Argo CD is content, and with another version than Git's. */
static bool has_other_chart(const struct workload_facts *facts)
{
    return facts->is_chart_behind;
}

/* The last part of where it comes from. */
static const char *name_of(const struct image *image)
{
    const char *slash = strrchr(image->repository, '/');
    return slash ? slash + 1 : image->repository;
}

static void say_other_chart(const struct workload_facts *facts, struct str *out)
{
    const char *running = facts->running_chart.tag;
    if (facts->kind == WORKLOAD_APPLICATION) {
        str_addf(out, "Argo CD has not brought %s %s to %s yet%s%s.", name_of(&facts->chart),
                 facts->chart.tag[0] ? facts->chart.tag : facts->chart.digest, facts->name,
                 running[0] ? "; it has " : "", running);
        return;
    }
    str_addf(out, "%s has %s%s; Flux has not installed chart %s yet.", facts->name,
             running[0] ? "chart " : "no chart that is known", running,
             facts->chart.tag[0] ? facts->chart.tag : facts->chart.digest);
}

static bool is_unproven(const struct workload_facts *facts)
{
    return facts->kind == WORKLOAD_CRON_JOB && facts->updated == 0;
}

static void say_unproven(const struct workload_facts *facts, struct str *out)
{
    str_addf(out, "%s has not run with this version yet; its next run will show whether it works.",
             facts->name);
}

const struct workload_cause causes_before[] = {
    {"HD1074", is_missing, say_missing, "the object does not exist",
     "Look at the problems of the agent's last pass: heddle describe.", false},
    {"HD1051", has_quota, say_quota, NULL, "Raise the quota, lower the requests, or roll back.",
     false},
    {"HD1052", has_create_failure, say_refused, NULL,
     "Change the manifest so that it is allowed, or roll back.", true},
};
const size_t causes_before_count = COUNT_OF(causes_before);

const struct workload_cause causes_after[] = {
    {"HD1017", is_failed_job, say_job, "condition Failed is True",
     "Read the log of its last pod, then roll back or promote a fix.", true},
    {"HD1096", is_held_back, say_paused, "spec.paused, spec.suspend or the update strategy",
     "Resume it in Git when it should go on.", true},
    {"HD1053", has_given_up, say_not_ready, "conditions Ready is False and Stalled is True",
     "Mend what it says in Git, or roll back.", true},
    {"HD1054", is_not_ready, say_not_ready, "condition Ready is False",
     "Wait; if it stays, mend what it says in Git, or roll back.", false},
    {"HD1055", has_other_chart, say_other_chart, "status.history, or sync and summary.images",
     "Wait; if it stays, look at the HelmRelease or Application and at the source of its chart.",
     false},
    {"HD1097", is_unobserved, say_unobserved, "status.observedGeneration is behind",
     "Wait; if it stays, look at the cluster's controller manager.", false},
    {"HD1098", is_past_deadline, say_deadline, "condition Progressing: ProgressDeadlineExceeded",
     "Look at the pods' events, or roll back.", true},
    {"HD1095", is_unproven, say_unproven, "no Job with these images",
     "Wait for the next run, or start one: kubectl create job --from=cronjob/NAME.", false},
};
const size_t causes_after_count = COUNT_OF(causes_after);
