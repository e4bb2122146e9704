/*
 * family: kinds that make their pods through other objects: a HelmRelease, a Knative Service, an
 * operator's kind.
 *
 * They have no pod template, so a pod belongs to a version by the images that it runs, and how many
 * there should be is what the objects between say.  The object's own word counts, too: Ready, as
 * Flux, Knative and kstatus write it.
 */
#include <string.h>

#include "health/health_internal.h"

static bool ends_with_path(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && text[length - end_length - 1] == '/' &&
           strcmp(text + length - end_length, end) == 0;
}

/* A chart or a mirror may put a registry before the name that the values give. */
static bool same_repository(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || ends_with_path(a, b) || ends_with_path(b, a);
}

bool container_has_image(const struct container_facts *container,
                         const struct workload_image *wanted)
{
    struct image is = {0};
    struct err err;
    return image_parse(container->image, &is, &err) &&
           same_repository(is.repository, wanted->image.repository);
}

static bool names_image(const char *text, const struct workload_facts *facts)
{
    struct container_facts container = {0};
    TEXT_COPY_CUT(container.image, text);
    for (size_t i = 0; i < facts->image_count; i++) {
        if (container_has_image(&container, &facts->images[i])) {
            return true;
        }
    }
    return false;
}

/* Of a release that names no image, all of the chart's count. */
static bool has_wanted_image(const json_t *template, const struct workload_facts *facts)
{
    if (facts->image_count == 0) {
        return true;
    }
    size_t i;
    const json_t *container;
    json_array_foreach (json_array_at(template, "spec.containers"), i, container) {
        if (names_image(json_text_at(container, "image", ""), facts)) {
            return true;
        }
    }
    return false;
}

/* What the objects between ask for: of Deployments and StatefulSets their replicas, of DaemonSets
   what their controller counted.  ReplicaSets are counted by their Deployments. */
static int wanted_by(const json_t *object)
{
    const char *kind = json_text_at(object, "kind", "");
    if (strcmp(kind, "Deployment") == 0 || strcmp(kind, "StatefulSet") == 0) {
        return (int)json_int_at(object, "spec.replicas", 1);
    }
    return strcmp(kind, "DaemonSet") == 0
               ? (int)json_int_at(object, "status.desiredNumberScheduled", 0)
               : 0;
}

static void read_object(const json_t *live, struct workload_facts *out)
{
    const json_t *ready = condition_of(live, "Ready");
    const char *status = json_text_at(ready, "status", "");
    /* Flux and Knative always say it, once they have looked; others may not know it. */
    out->is_object_ready = ready ? strcmp(status, "True") == 0 : out->kind == WORKLOAD_CUSTOM;
    out->is_stalled = condition_is(live, "Stalled", "True");
    if (ready && strcmp(status, "False") == 0) {
        TEXT_COPY_CUT(out->object_reason, json_text_at(ready, "reason", ""));
        TEXT_COPY_CUT(out->object_message, json_text_at(ready, "message", ""));
    }
}

void read_family(const struct gathering *from, struct revision *revision,
                 struct workload_facts *out)
{
    read_object(from->live, out);
    if (out->kind == WORKLOAD_HELM_RELEASE) {
        out->is_paused = json_bool_at(from->live, "spec.suspend", false);
        read_chart(from->live, out);
    }
    map_set(&revision->owners, json_text_at(from->live, "metadata.uid", ""), OWNER_NEW);
    for (size_t i = 0; i < from->owned_count; i++) {
        const json_t *object = from->owned[i];
        map_set(&revision->owners, json_text_at(object, "metadata.uid", ""), OWNER_NEW);
        if (has_wanted_image(json_at(object, "spec.template"), out)) {
            out->wanted += wanted_by(object);
        }
    }
}

/* Which of the wanted images does the pod run?  Pods of a chart's other parts run none of them. */
static bool pod_has_wanted_image(const struct workload_facts *facts, const struct pod_facts *pod)
{
    if (facts->image_count == 0) {
        /* Those of hooks and jobs that are over say nothing of what serves. */
        return strcmp(pod->phase, "Succeeded") != 0 && strcmp(pod->phase, "Failed") != 0;
    }
    for (size_t i = 0; i < pod->container_count; i++) {
        if (names_image(pod->containers[i].image, facts)) {
            return true;
        }
    }
    return false;
}

static void count_again(const struct pod_facts *pod, struct workload_facts *out)
{
    bool serves = pod->is_ready && !pod->is_ending;
    out->total += !pod->is_ending;
    out->updated += pod->is_new && !pod->is_ending;
    out->ready += pod->is_new && serves;
    out->available += pod->is_new && serves;
    out->old_ready += !pod->is_new && serves;
}

void settle_family(struct workload_facts *out)
{
    size_t kept = 0;
    bool is_cut = out->pod_count == FACTS_FAMILY_PODS_MAX;
    out->total = out->updated = out->ready = out->available = out->old_ready = 0;
    for (size_t i = 0; i < out->pod_count; i++) {
        struct pod_facts pod = out->pods[i];
        if (pod_has_wanted_image(out, &pod)) {
            pod.is_new = pod_runs_wanted(out, &pod);
            count_again(&pod, out);
            out->pods[kept++] = pod;
        }
    }
    out->pod_count = kept;
    /* Nothing between says how many there shall be, or there are more than we look at. */
    if (out->wanted == 0 || is_cut) {
        out->wanted = out->total;
    }
}
