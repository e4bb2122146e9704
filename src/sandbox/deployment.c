/* deployment: one new ReplicaSet up, the old ones down, within maxSurge and maxUnavailable. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define REVISION "deployment.kubernetes.io/revision"
#define DESIRED_REPLICAS "deployment.kubernetes.io/desired-replicas"
#define MAX_REPLICAS "deployment.kubernetes.io/max-replicas"
#define HASH_LABEL "pod-template-hash"

struct rollout {
    struct sandbox_cluster *cluster;
    json_t *deployment;
    struct object_list sets;
    json_t *newest; /* the ReplicaSet of the wanted template, or NULL */
    char hash[TEMPLATE_HASH_BYTES];
    int wanted, surge, unavailable;
    bool is_paused;
};

static int replicas_of(const json_t *object)
{
    return (int)json_int_at(object, "spec.replicas", 1);
}

static int status_of(const json_t *object, const char *count)
{
    return (int)json_int_at(json_at(object, "status"), count, 0);
}

static int64_t revision_of(const json_t *object)
{
    const json_t *text = json_object_get(json_at(object, "metadata.annotations"), REVISION);
    return text ? strtoll(json_string_value(text), NULL, 10) : 0;
}

/* "25%" of the replicas, or a number. */
static int share(const json_t *value, int replicas, bool rounds_up)
{
    if (json_is_integer(value)) {
        return (int)json_integer_value(value);
    }
    int percent = json_is_string(value) ? (int)strtol(json_string_value(value), NULL, 10) : 0;
    return (replicas * percent + (rounds_up ? 99 : 0)) / 100;
}

static int sum(const struct rollout *rollout, int (*count)(const json_t *set))
{
    int total = 0;
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        total += count(rollout->sets.items.items[i]);
    }
    return total;
}

static int available_of(const json_t *set)
{
    return status_of(set, "availableReplicas");
}

static int ready_of(const json_t *set)
{
    return status_of(set, "readyReplicas");
}

static int existing_of(const json_t *set)
{
    return status_of(set, "replicas");
}

static void annotate(json_t *object, const char *key, int64_t number)
{
    char text[24];
    json_t *metadata = json_object_get(object, "metadata");
    if (!json_object_get(metadata, "annotations")) {
        json_put(metadata, "annotations", json_object());
    }
    snprintf(text, sizeof(text), "%lld", (long long)number);
    json_put_text(json_object_get(metadata, "annotations"), key, text);
}

static void scale_set(const struct rollout *rollout, json_t *set, int replicas)
{
    json_t *next = json_deep_copy(set);
    json_put_int(json_object_get(next, "spec"), "replicas", replicas);
    annotate(next, DESIRED_REPLICAS, rollout->wanted);
    annotate(next, MAX_REPLICAS, rollout->wanted + rollout->surge);
    write_own(rollout->cluster, cluster_kind(rollout->cluster, "ReplicaSet"), set, next);
}

/* How many the new ReplicaSet may have now. */
static int new_replicas(const struct rollout *rollout, int now)
{
    int room = rollout->wanted + rollout->surge - sum(rollout, replicas_of);
    int missing = rollout->wanted - now;
    int more = room < missing ? room : missing;
    return missing < 0 ? rollout->wanted : now + (more > 0 ? more : 0);
}

static void create_set(struct rollout *rollout, int64_t revision, int replicas)
{
    const json_t *deployment = rollout->deployment;
    char name[RESOURCE_NAME_BYTES + TEMPLATE_HASH_BYTES];
    snprintf(name, sizeof(name), "%s-%s", object_name(deployment), rollout->hash);
    json_t *set = owned_new(deployment, "apps/v1", "ReplicaSet", name);
    json_t *selector = json_deep_copy(json_at(deployment, "spec.selector"));
    json_t *template = json_deep_copy(json_at(deployment, "spec.template"));
    json_t *labels = json_object_get(json_object_get(template, "metadata"), "labels");
    if (labels) {
        json_put_text(labels, HASH_LABEL, rollout->hash);
        json_put(json_object_get(set, "metadata"), "labels", json_deep_copy(labels));
    }
    if (json_object_get(selector, "matchLabels")) {
        json_put_text(json_object_get(selector, "matchLabels"), HASH_LABEL, rollout->hash);
    }
    json_put(set, "spec",
             json_pack("{s:i,s:o,s:o}", "replicas", replicas, "selector", selector, "template",
                       template));
    annotate(set, REVISION, revision);
    annotate(set, DESIRED_REPLICAS, rollout->wanted);
    annotate(set, MAX_REPLICAS, rollout->wanted + rollout->surge);
    write_own(rollout->cluster, cluster_kind(rollout->cluster, "ReplicaSet"), NULL, set);
}

static int64_t highest_revision(const struct rollout *rollout)
{
    int64_t highest = 0;
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        int64_t revision = revision_of(rollout->sets.items.items[i]);
        highest = revision > highest ? revision : highest;
    }
    return highest;
}

static bool has_old_pods(const struct rollout *rollout)
{
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        const json_t *set = rollout->sets.items.items[i];
        if (set != rollout->newest && (existing_of(set) > 0 || replicas_of(set) > 0)) {
            return true;
        }
    }
    return false;
}

static bool is_recreating(const struct rollout *rollout)
{
    return strcmp(json_text_at(rollout->deployment, "spec.strategy.type", ""), "Recreate") == 0;
}

/* Each of these does at most one thing and says whether it did; its write brings us back. */
static bool make_newest(struct rollout *rollout)
{
    int64_t highest = highest_revision(rollout);
    if (rollout->is_paused) {
        return false;
    }
    if (!rollout->newest) {
        bool waits = is_recreating(rollout) && has_old_pods(rollout);
        create_set(rollout, highest + 1, waits ? 0 : new_replicas(rollout, 0));
        return true;
    }
    if (revision_of(rollout->newest) < highest) {
        /* A template that was used before is the newest again. */
        json_t *next = json_deep_copy(rollout->newest);
        annotate(next, REVISION, highest + 1);
        write_own(rollout->cluster, cluster_kind(rollout->cluster, "ReplicaSet"), rollout->newest,
                  next);
        return true;
    }
    return false;
}

static bool scale_old_down(struct rollout *rollout, int limit, bool only_unhealthy)
{
    for (size_t i = 0; i < rollout->sets.items.count && limit > 0; i++) {
        json_t *set = rollout->sets.items.items[i];
        int has = replicas_of(set);
        int spare = only_unhealthy ? has - available_of(set) : has;
        int less = spare < limit ? spare : limit;
        if (set != rollout->newest && less > 0) {
            scale_set(rollout, set, has - less);
            return true;
        }
    }
    return false;
}

static bool scale_new(struct rollout *rollout)
{
    int has = replicas_of(rollout->newest);
    int next = new_replicas(rollout, has);
    if (is_recreating(rollout)) {
        next = has_old_pods(rollout) ? 0 : rollout->wanted;
    }
    if (next == has) {
        return false;
    }
    scale_set(rollout, rollout->newest, next);
    return true;
}

static bool scale_old(struct rollout *rollout)
{
    int all = sum(rollout, replicas_of);
    int least = rollout->wanted - rollout->unavailable;
    int new_unavailable = replicas_of(rollout->newest) - available_of(rollout->newest);
    if (is_recreating(rollout)) {
        return scale_old_down(rollout, all, false);
    }
    int unhealthy_limit = all - least - new_unavailable;
    return scale_old_down(rollout, unhealthy_limit, true) ||
           scale_old_down(rollout, sum(rollout, available_of) - least, false);
}

/* While paused only the number of replicas follows. */
static bool scale_paused(struct rollout *rollout)
{
    json_t *active = NULL;
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        json_t *set = rollout->sets.items.items[i];
        if (replicas_of(set) > 0 || rollout->sets.items.count == 1) {
            if (active) {
                return false;
            }
            active = set;
        }
    }
    if (!active || replicas_of(active) == rollout->wanted) {
        return false;
    }
    scale_set(rollout, active, rollout->wanted);
    return true;
}

static bool follow_revision(struct rollout *rollout)
{
    int64_t revision = rollout->newest ? revision_of(rollout->newest) : 0;
    if (!revision || revision == revision_of(rollout->deployment)) {
        return false;
    }
    json_t *next = json_deep_copy(rollout->deployment);
    annotate(next, REVISION, revision);
    write_own(rollout->cluster, cluster_kind(rollout->cluster, "Deployment"), rollout->deployment,
              next);
    return true;
}

/* Old ReplicaSets without pods, beyond the limit, oldest first. */
static void forget_old(struct rollout *rollout)
{
    int64_t limit = json_int_at(rollout->deployment, "spec.revisionHistoryLimit", 10);
    int64_t oldest = INT64_MAX;
    int64_t count = 0;
    json_t *first = NULL;
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        json_t *set = rollout->sets.items.items[i];
        if (set == rollout->newest || replicas_of(set) > 0 || existing_of(set) > 0) {
            continue;
        }
        count++;
        if (revision_of(set) < oldest) {
            oldest = revision_of(set);
            first = set;
        }
    }
    if (count > limit && first) {
        delete_object(rollout->cluster, cluster_kind(rollout->cluster, "ReplicaSet"), first,
                      PROPAGATE_BACKGROUND, false);
    }
}

static bool is_complete(const struct rollout *rollout, const json_t *status)
{
    return json_int_at(status, "updatedReplicas", 0) == rollout->wanted &&
           json_int_at(status, "replicas", 0) == rollout->wanted &&
           json_int_at(status, "availableReplicas", 0) == rollout->wanted;
}

static bool has_progressed(const json_t *deployment, const json_t *status)
{
    static const char *const growing[] = {"updatedReplicas", "readyReplicas", "availableReplicas"};
    for (size_t i = 0; i < COUNT_OF(growing); i++) {
        if (json_int_at(status, growing[i], 0) > status_of(deployment, growing[i])) {
            return true;
        }
    }
    int old_before = status_of(deployment, "replicas") - status_of(deployment, "updatedReplicas");
    return json_int_at(status, "replicas", 0) - json_int_at(status, "updatedReplicas", 0) <
           old_before;
}

static void look_again(void *context, const struct task *task)
{
    struct sandbox_cluster *cluster = context;
    struct kind *kind = cluster_kind(cluster, "Deployment");
    json_t *deployment = objects_get(kind, task->namespace, task->name);
    if (deployment) {
        control_note(cluster, kind, deployment);
    }
}

static bool is_late(const struct rollout *rollout, const json_t *progressing, int64_t now_ms)
{
    int64_t deadline_ms =
        json_int_at(rollout->deployment, "spec.progressDeadlineSeconds", 600) * 1000;
    int64_t since_ms = clock_parse(json_text_at(progressing, "lastUpdateTime", ""));
    bool is_done = strcmp(json_text_at(progressing, "reason", ""), "NewReplicaSetAvailable") == 0;
    return since_ms && !is_done && now_ms - since_ms >= deadline_ms;
}

static void put_progressing(const struct rollout *rollout, const json_t *status, json_t *conditions)
{
    int64_t now_ms = cluster_now_ms(rollout->cluster);
    const json_t *last = condition_find(rollout->deployment, "Progressing");
    int64_t deadline_s = json_int_at(rollout->deployment, "spec.progressDeadlineSeconds", 600);
    char message[RESOURCE_NAME_BYTES + 64];
    struct condition condition = {"Progressing", "True", "ReplicaSetUpdated", message};
    bool moved = has_progressed(rollout->deployment, status);
    const char *end = "is progressing";
    if (is_complete(rollout, status)) {
        condition.reason = "NewReplicaSetAvailable";
        end = "has successfully progressed";
    } else if (!moved && is_late(rollout, last, now_ms)) {
        condition.status = "False";
        condition.reason = "ProgressDeadlineExceeded";
        end = "has timed out progressing";
    }
    snprintf(message, sizeof(message), "ReplicaSet \"%s\" %s.", object_name(rollout->newest), end);
    if (rollout->is_paused) {
        condition = (struct condition){"Progressing", "Unknown", "DeploymentPaused",
                                       "Deployment is paused"};
    }
    condition_put(conditions, rollout->deployment, &condition, now_ms, true);
    if (moved) {
        json_t *put = json_array_get(conditions, json_array_size(conditions) - 1);
        json_put_time(put, "lastUpdateTime", now_ms);
        agenda_add(rollout->cluster->agenda, deadline_s * 1000 + 1000, look_again,
                   rollout->deployment, 0);
    }
}

static void put_available(const struct rollout *rollout, int available, json_t *conditions)
{
    bool is_available = available >= rollout->wanted - rollout->unavailable;
    struct condition condition = {"Available", is_available ? "True" : "False",
                                  is_available ? "MinimumReplicasAvailable"
                                               : "MinimumReplicasUnavailable",
                                  is_available ? "Deployment has minimum availability."
                                               : "Deployment does not have minimum availability."};
    condition_put(conditions, rollout->deployment, &condition, cluster_now_ms(rollout->cluster),
                  true);
}

static void write_status(const struct rollout *rollout)
{
    json_t *status = json_object();
    json_t *conditions = json_array();
    int available = sum(rollout, available_of);
    json_put_int(status, "observedGeneration",
                 json_int_at(rollout->deployment, "metadata.generation", 0));
    put_count(status, "replicas", sum(rollout, existing_of));
    put_count(status, "updatedReplicas", rollout->newest ? existing_of(rollout->newest) : 0);
    put_count(status, "readyReplicas", sum(rollout, ready_of));
    put_count(status, "availableReplicas", available);
    put_count(status, "unavailableReplicas", sum(rollout, replicas_of) - available);
    put_available(rollout, available, conditions);
    if (rollout->newest) {
        put_progressing(rollout, status, conditions);
    }
    json_put(status, "conditions", conditions);
    status_put(rollout->cluster, rollout->deployment, status);
}

static void begin(struct rollout *rollout, struct sandbox_cluster *cluster, json_t *deployment)
{
    const json_t *rolling = json_at(deployment, "spec.strategy.rollingUpdate");
    *rollout = (struct rollout){.cluster = cluster,
                                .deployment = deployment,
                                .wanted = replicas_of(deployment),
                                .is_paused = json_bool_at(deployment, "spec.paused", false)};
    rollout->surge = share(json_object_get(rolling, "maxSurge"), rollout->wanted, true);
    rollout->unavailable =
        share(json_object_get(rolling, "maxUnavailable"), rollout->wanted, false);
    if (rollout->surge == 0 && rollout->unavailable == 0) {
        rollout->unavailable = 1;
    }
    template_hash(json_at(deployment, "spec.template"), rollout->hash);
    owned_of_kind(cluster, deployment, "ReplicaSet", &rollout->sets);
    for (size_t i = 0; i < rollout->sets.items.count; i++) {
        json_t *set = rollout->sets.items.items[i];
        const char *hash = json_text_at(json_at(set, "metadata.labels"), HASH_LABEL, "");
        rollout->newest = strcmp(hash, rollout->hash) == 0 ? set : rollout->newest;
    }
}

void reconcile_deployment(struct sandbox_cluster *cluster, json_t *deployment)
{
    struct rollout rollout;
    if (pod_is_ending(deployment)) {
        return;
    }
    begin(&rollout, cluster, deployment);
    if (!make_newest(&rollout) && !follow_revision(&rollout)) {
        bool acted =
            rollout.is_paused ? scale_paused(&rollout) : scale_new(&rollout) || scale_old(&rollout);
        if (!acted) {
            forget_old(&rollout);
        }
        write_status(&rollout);
    }
    objects_list_done(&rollout.sets);
}
