#include "diagnose/diagnose.h"

#include <stdio.h>

#include "diagnose/causes.h"

static bool fits_pod(const struct pod_cause *cause, struct match *match)
{
    match->container = NULL;
    if (cause->fits_pod) {
        return cause->fits_pod(match);
    }
    for (size_t i = 0; i < match->pod->container_count; i++) {
        match->container = &match->pod->containers[i];
        if (cause->fits_container(match)) {
            return true;
        }
    }
    return false;
}

/* Find the first new pod with this cause, and count the others. */
static bool find(const struct pod_cause *cause, struct match *out)
{
    struct match match = *out;
    for (size_t i = 0; i < match.facts->pod_count; i++) {
        const struct pod_facts *pod = &match.facts->pods[i];
        match.pod = pod;
        if (!pod->is_new || pod->is_ending || pod->is_ready || !fits_pod(cause, &match)) {
            continue;
        }
        if (out->count == 0) {
            out->pod = match.pod;
            out->container = match.container;
        }
        out->count++;
    }
    return out->count > 0;
}

static int new_pods(const struct workload_facts *facts)
{
    int count = 0;
    for (size_t i = 0; i < facts->pod_count; i++) {
        count += facts->pods[i].is_new && !facts->pods[i].is_ending;
    }
    return count;
}

static void say_effect(const struct workload_facts *facts, struct diagnosis *out)
{
    out->effect[0] = '\0';
    if (!has_replicas(facts) || facts->wanted == 0) {
        return;
    }
    if (facts->ready == 0 && facts->old_ready == 0) {
        snprintf(out->effect, sizeof(out->effect), "No pod serves.");
    } else if (facts->ready == 0) {
        snprintf(out->effect, sizeof(out->effect), "The old version still serves: %d of %d pods.",
                 facts->old_ready, facts->wanted);
    } else if (facts->old_ready == 0) {
        snprintf(out->effect, sizeof(out->effect), "%d of %d pods serve.", facts->ready,
                 facts->wanted);
    } else {
        snprintf(out->effect, sizeof(out->effect), "%d new and %d old pods serve; %d are wanted.",
                 facts->ready, facts->old_ready, facts->wanted);
    }
}

static void write_pod_cause(const struct pod_cause *cause, const struct match *match,
                            struct diagnosis *out)
{
    int all = new_pods(match->facts);
    AUTO_STR(what, 4096);
    cause->say(match, &what);
    if (has_replicas(match->facts) && all == 1) {
        str_add(&what, " The new pod is not ready.");
    } else if (has_replicas(match->facts)) {
        str_addf(&what, " %d of %d new pods are not ready.", match->count, all);
    }
    TEXT_COPY_CUT(out->code, cause->code);
    TEXT_COPY_CUT(out->what, what.text);
    AUTO_STR(evidence, 4096);
    cause->prove(match, &evidence);
    TEXT_COPY_CUT(out->evidence, evidence.text);
    TEXT_COPY_CUT(out->action, cause->action);
    out->is_terminal = cause->is_terminal(match);
}

static bool try_pods(const struct workload_facts *facts, int64_t now_ms, struct diagnosis *out)
{
    for (size_t i = 0; i < pod_cause_count; i++) {
        struct match match = {.facts = facts, .now_ms = now_ms};
        if (find(&pod_causes[i], &match)) {
            write_pod_cause(&pod_causes[i], &match, out);
            return true;
        }
    }
    return false;
}

static bool try_workload(const struct workload_cause *causes, size_t count,
                         const struct workload_facts *facts, struct diagnosis *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct workload_cause *cause = &causes[i];
        if (!cause->fits(facts)) {
            continue;
        }
        AUTO_STR(what, 4096);
        cause->say(facts, &what);
        TEXT_COPY_CUT(out->code, cause->code);
        TEXT_COPY_CUT(out->what, what.text);
        TEXT_COPY_CUT(out->evidence, cause->evidence ? cause->evidence : facts->create_failure);
        TEXT_COPY_CUT(out->action, cause->action);
        out->is_terminal = cause->is_terminal || facts->deadline_exceeded;
        return true;
    }
    return false;
}

void diagnose(const struct workload_facts *facts, int64_t now_ms, struct diagnosis *out)
{
    *out = (struct diagnosis){0};
    bool found = try_workload(causes_before, causes_before_count, facts, out);
    /* A Job that has failed for good is a fact, not a symptom that its pods explain better; one
       that ended well had pods that failed, and nothing is wrong. */
    bool has_ended = facts->job_failed || facts->job_complete;
    found = found || (!has_ended && try_pods(facts, now_ms, out)) ||
            try_workload(causes_after, causes_after_count, facts, out);
    if (found) {
        say_effect(facts, out);
    }
}
