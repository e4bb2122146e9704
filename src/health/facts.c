/* facts: from live objects to the few fields that health and diagnosis are judged by. */
#include <string.h>

#include "health/health_internal.h"
#include "model/chart.h"

#define REVISION_ANNOTATION "deployment.kubernetes.io/revision"
#define TEMPLATE_GENERATION_ANNOTATION "deprecated.daemonset.template.generation"

const json_t *pod_template(const json_t *object, enum workload_kind kind)
{
    return json_at(object,
                   kind == WORKLOAD_CRON_JOB ? "spec.jobTemplate.spec.template" : "spec.template");
}

static const char *annotation_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(json_at(object, "metadata.annotations"), name);
    return json_is_string(value) ? json_string_value(value) : "";
}

static const char *uid_of(const json_t *object)
{
    return json_text_at(object, "metadata.uid", "");
}

static void add_images(const json_t *containers, struct workload_facts *out)
{
    size_t i;
    const json_t *container;
    json_array_foreach (containers, i, container) {
        if (out->image_count == WORKLOAD_IMAGES_MAX) {
            return;
        }
        struct workload_image *image = &out->images[out->image_count];
        struct err err;
        if (TEXT_COPY(image->container, json_text_at(container, "name", "")) &&
            image_parse(json_text_at(container, "image", ""), &image->image, &err)) {
            out->image_count++;
        }
    }
}

/* A name that is no image is left out here; the cluster will say InvalidImageName. */
static void read_images(const json_t *template, struct arena *arena, struct workload_facts *out)
{
    out->images = arena_alloc(arena, WORKLOAD_IMAGES_MAX, sizeof(*out->images));
    add_images(json_array_at(template, "spec.initContainers"), out);
    add_images(json_array_at(template, "spec.containers"), out);
}

static bool same_images_in(const json_t *ours, const json_t *theirs, const char *list)
{
    const json_t *left = json_array_at(ours, list);
    const json_t *right = json_array_at(theirs, list);
    for (size_t i = 0; i < json_array_size(left); i++) {
        const char *image = json_text_at(json_array_get(left, i), "image", "");
        if (strcmp(image, json_text_at(json_array_get(right, i), "image", "")) != 0) {
            return false;
        }
    }
    return json_array_size(left) == json_array_size(right);
}

static bool same_images(const json_t *ours, const json_t *theirs)
{
    return same_images_in(ours, theirs, "spec.containers") &&
           same_images_in(ours, theirs, "spec.initContainers");
}

/* The newest ReplicaSet has the Deployment's own revision number; until the controller has seen
   a change that number is the last one's, so the images must agree as well. */
static void read_deployment(const struct gathering *from, struct revision *revision,
                            struct workload_facts *out)
{
    const json_t *live = from->live;
    const json_t *progressing = condition_of(live, "Progressing");
    const char *newest = annotation_of(live, REVISION_ANNOTATION);

    out->wanted = (int)json_int_at(live, "spec.replicas", 1);
    out->updated = (int)json_int_at(live, "status.updatedReplicas", 0);
    out->available = (int)json_int_at(live, "status.availableReplicas", 0);
    out->total = (int)json_int_at(live, "status.replicas", 0);
    out->is_paused = json_bool_at(live, "spec.paused", false);
    out->deadline_exceeded =
        strcmp(json_text_at(progressing, "reason", ""), "ProgressDeadlineExceeded") == 0;
    if (condition_is(live, "ReplicaFailure", "True")) {
        TEXT_COPY_CUT(out->create_failure,
                      json_text_at(condition_of(live, "ReplicaFailure"), "message", ""));
    }
    for (size_t i = 0; i < from->owned_count; i++) {
        const json_t *set = from->owned[i];
        if (strcmp(controller_uid(set), uid_of(live)) != 0) {
            continue;
        }
        bool is_newest = strcmp(annotation_of(set, REVISION_ANNOTATION), newest) == 0 &&
                         same_images(json_at(set, "spec.template"), json_at(live, "spec.template"));
        map_set(&revision->owners, uid_of(set), is_newest ? OWNER_NEW : OWNER_OLD);
    }
}

static int64_t number_in(const char *text)
{
    int64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number < INT64_MAX / 100; text++) {
        number = number * 10 + (*text - '0');
    }
    return *text ? 0 : number;
}

/* Argo's controller names the newest ReplicaSet by the hash of its template. */
static void read_rollout(const struct gathering *from, struct revision *revision,
                         struct workload_facts *out)
{
    const json_t *live = from->live;
    const char *newest = json_text_at(live, "status.currentPodHash", "");
    const char *phase = json_text_at(live, "status.phase", "");
    out->wanted = (int)json_int_at(live, "spec.replicas", 1);
    out->updated = (int)json_int_at(live, "status.updatedReplicas", 0);
    out->available = (int)json_int_at(live, "status.availableReplicas", 0);
    out->total = (int)json_int_at(live, "status.replicas", 0);
    out->is_paused = strcmp(phase, "Paused") == 0 || json_bool_at(live, "spec.paused", false);
    out->deadline_exceeded = strcmp(phase, "Degraded") == 0;
    /* It is written as a text, and by old versions as a hash. */
    out->observed_generation = number_in(json_text_at(live, "status.observedGeneration", ""));
    for (size_t i = 0; i < from->owned_count; i++) {
        const json_t *set = from->owned[i];
        const json_t *labels = json_at(set, "metadata.labels");
        const char *hash = json_string_value(json_object_get(labels, "rollouts-pod-template-hash"));
        if (strcmp(controller_uid(set), uid_of(live)) == 0) {
            bool is_newest = hash && newest[0] && strcmp(hash, newest) == 0;
            map_set(&revision->owners, uid_of(set), is_newest ? OWNER_NEW : OWNER_OLD);
        }
    }
}

static void read_stateful_set(const struct gathering *from, struct revision *revision,
                              struct workload_facts *out)
{
    const json_t *live = from->live;
    const char *strategy = json_text_at(live, "spec.updateStrategy.type", "RollingUpdate");
    out->wanted = (int)json_int_at(live, "spec.replicas", 1);
    out->updated = (int)json_int_at(live, "status.updatedReplicas", 0);
    out->available = (int)json_int_at(live, "status.availableReplicas", 0);
    out->total = (int)json_int_at(live, "status.replicas", 0);
    out->is_paused = strcmp(strategy, "OnDelete") == 0 ||
                     json_int_at(live, "spec.updateStrategy.rollingUpdate.partition", 0) > 0;
    map_set(&revision->owners, uid_of(live), OWNER_BY_LABEL);
    revision->label = "controller-revision-hash";
    revision->label_value = json_text_at(live, "status.updateRevision", NULL);
}

static void read_daemon_set(const struct gathering *from, struct revision *revision,
                            struct workload_facts *out)
{
    const json_t *live = from->live;
    const char *strategy = json_text_at(live, "spec.updateStrategy.type", "RollingUpdate");
    out->wanted = (int)json_int_at(live, "status.desiredNumberScheduled", 0);
    out->updated = (int)json_int_at(live, "status.updatedNumberScheduled", 0);
    out->available = (int)json_int_at(live, "status.numberAvailable", 0);
    out->total = (int)json_int_at(live, "status.currentNumberScheduled", 0);
    out->is_paused = strcmp(strategy, "OnDelete") == 0;
    map_set(&revision->owners, uid_of(live), OWNER_BY_LABEL);
    revision->label = "pod-template-generation";
    revision->label_value = annotation_of(live, TEMPLATE_GENERATION_ANNOTATION);
}

static void read_job_result(const json_t *job, struct workload_facts *out)
{
    out->job_complete = condition_is(job, "Complete", "True");
    out->job_failed =
        condition_is(job, "Failed", "True") || condition_is(job, "FailureTarget", "True");
}

static void read_job(const struct gathering *from, struct revision *revision,
                     struct workload_facts *out)
{
    const json_t *live = from->live;
    out->wanted = (int)json_int_at(live, "spec.completions", 1);
    out->ready = (int)json_int_at(live, "status.succeeded", 0);
    out->total = out->ready + (int)json_int_at(live, "status.active", 0);
    out->updated = out->total;
    out->is_paused = json_bool_at(live, "spec.suspend", false);
    read_job_result(live, out);
    map_set(&revision->owners, uid_of(live), OWNER_NEW);
}

/* Only a Job that ran the wanted images says anything about them. */
static void read_cron_job(const struct gathering *from, struct revision *revision,
                          struct workload_facts *out)
{
    const json_t *newest = NULL;
    for (size_t i = 0; i < from->owned_count; i++) {
        const json_t *job = from->owned[i];
        if (strcmp(controller_uid(job), uid_of(from->live)) != 0) {
            continue;
        }
        map_set(&revision->owners, uid_of(job), OWNER_OLD);
        const char *created = json_text_at(job, "metadata.creationTimestamp", "");
        bool is_newer =
            !newest || strcmp(created, json_text_at(newest, "metadata.creationTimestamp", "")) > 0;
        if (is_newer && same_images(json_at(job, "spec.template"), from->wanted_template)) {
            newest = job;
        }
    }
    out->wanted = 1;
    out->is_paused = json_bool_at(from->live, "spec.suspend", false);
    if (newest) {
        out->updated = out->total = 1;
        read_job_result(newest, out);
        out->ready = out->job_complete;
        map_set(&revision->owners, uid_of(newest), OWNER_NEW);
    }
}

/* Its pods are Argo CD's. */
static void read_nothing(const struct gathering *from, struct revision *revision,
                         struct workload_facts *out)
{
    (void)from;
    (void)revision;
    (void)out;
}

static void (*const readers[WORKLOAD_KIND_COUNT])(const struct gathering *, struct revision *,
                                                  struct workload_facts *) = {
    [WORKLOAD_DEPLOYMENT] = read_deployment,
    [WORKLOAD_STATEFUL_SET] = read_stateful_set,
    [WORKLOAD_DAEMON_SET] = read_daemon_set,
    [WORKLOAD_CRON_JOB] = read_cron_job,
    [WORKLOAD_JOB] = read_job,
    [WORKLOAD_ROLLOUT] = read_rollout,
    [WORKLOAD_KNATIVE_SERVICE] = read_family,
    [WORKLOAD_HELM_RELEASE] = read_family,
    [WORKLOAD_APPLICATION] = read_nothing,
    [WORKLOAD_CUSTOM] = read_family,
};

static enum workload_kind kind_of(const json_t *object, const struct health_input *input)
{
    enum workload_kind kind =
        workload_kind_of(json_text_at(object, "apiVersion", ""), json_text_at(object, "kind", ""));
    return kind == WORKLOAD_KIND_COUNT && input->image_count ? WORKLOAD_CUSTOM : kind;
}

/* A chart is no image that a pod runs. */
static void take_images(const struct health_input *input, struct arena *arena,
                        struct workload_facts *out)
{
    out->images = arena_alloc(arena, input->image_count + 1, sizeof(*out->images));
    for (size_t i = 0; i < input->image_count && out->image_count < WORKLOAD_IMAGES_MAX; i++) {
        if (out->kind == WORKLOAD_HELM_RELEASE &&
            chart_is_container(out->kind, input->images[i].container)) {
            out->has_chart = true;
            out->chart = input->images[i].image;
        } else {
            out->images[out->image_count++] = input->images[i];
        }
    }
}

void health_facts(const struct health_input *input, struct arena *arena, struct workload_facts *out)
{
    const json_t *wanted = input->wanted;
    const json_t *live = input->live;
    const json_t *named = live ? live : wanted;
    *out = (struct workload_facts){.exists = live != NULL};
    out->kind = kind_of(named, input);
    TEXT_COPY_CUT(out->name, json_text_at(named, "metadata.name", ""));
    TEXT_COPY_CUT(out->namespace, json_text_at(named, "metadata.namespace", ""));
    if (out->kind == WORKLOAD_KIND_COUNT) {
        return;
    }
    const json_t *template = pod_template(wanted ? wanted : live, out->kind);
    out->is_family = readers[out->kind] == read_family;
    if (input->image_count) {
        take_images(input, arena, out);
    } else {
        read_images(template, arena, out);
    }
    if (!live) {
        out->wanted = (int)json_int_at(wanted, "spec.replicas", 1);
        return;
    }
    out->generation = json_int_at(live, "metadata.generation", 0);
    out->observed_generation = json_int_at(live, "status.observedGeneration", 0);

    struct gathering from = {live, template, input->owned, input->owned_count};
    struct revision revision = {0};
    readers[out->kind](&from, &revision, out);
    gather_pods(input->pods, input->pod_count, &revision, arena, out);
    if (out->is_family) {
        settle_family(out);
    }
    if (out->kind == WORKLOAD_APPLICATION) {
        read_application(live, arena, out);
    }
    if (out->kind == WORKLOAD_CUSTOM && !json_at(live, "status.observedGeneration")) {
        out->observed_generation = out->generation; /* not every operator tells it */
    }
    map_done(&revision.owners);
}
