/* trim: what health_facts() reads, and nothing else, so that an agent may keep thousands. */
#include <string.h>

#include "health/health_internal.h"

#define RESOURCES_MAX 5 /* that are not well; one is shown */

static const char *const top_keys[] = {"apiVersion", "kind", NULL};
static const char *const metadata_keys[] = {
    "name", "namespace", "uid", "generation", "creationTimestamp", "deletionTimestamp", NULL};
static const char *const label_keys[] = {"controller-revision-hash", "pod-template-generation",
                                         "pod-template-hash", "rollouts-pod-template-hash", NULL};
static const char *const annotation_keys[] = {"deployment.kubernetes.io/revision",
                                              "deprecated.daemonset.template.generation", NULL};
static const char *const owner_keys[] = {"uid", "controller", NULL};
static const char *const spec_keys[] = {"replicas",       "paused",   "suspend", "completions",
                                        "updateStrategy", "nodeName", NULL};
static const char *const condition_keys[] = {
    "type", "status", "reason", "message", "lastTransitionTime", NULL};
static const char *const status_keys[] = {"phase",
                                          "reason",
                                          "observedGeneration",
                                          "replicas",
                                          "updatedReplicas",
                                          "availableReplicas",
                                          "updateRevision",
                                          "currentPodHash",
                                          "desiredNumberScheduled",
                                          "updatedNumberScheduled",
                                          "numberAvailable",
                                          "currentNumberScheduled",
                                          "lastAppliedRevision",
                                          "succeeded",
                                          "active",
                                          NULL};
static const char *const history_keys[] = {"version", "status", "chartVersion", "ociDigest", NULL};
static const char *const container_keys[] = {"name", "image", NULL};
static const char *const container_status_keys[] = {"name",    "ready", "started",   "restartCount",
                                                    "imageID", "state", "lastState", NULL};

/* Values are shared with the original: jansson counts references and nobody changes them. */
static json_t *pick(const json_t *object, const char *const *keys)
{
    json_t *out = json_object();
    for (; *keys; keys++) {
        json_t *value = json_object_get(object, *keys);
        if (value) {
            json_object_set(out, *keys, value);
        }
    }
    return out;
}

static void put_picked(json_t *out, const char *key, const json_t *object, const char *const *keys)
{
    if (json_is_object(object)) {
        json_put(out, key, pick(object, keys));
    }
}

static void put_list(json_t *out, const char *key, const json_t *list, const char *const *keys)
{
    if (!json_is_array(list)) {
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_array_append_new(items, pick(json_array_get(list, i), keys));
    }
    json_put(out, key, items);
}

static void put_containers(json_t *out, const char *key, const json_t *list)
{
    if (!json_is_array(list)) {
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *container = json_array_get(list, i);
        const char *limit = json_text_at(container, "resources.limits.memory", NULL);
        json_t *item = pick(container, container_keys);
        if (limit) {
            json_put(item, "resources", json_pack("{s:{s:s}}", "limits", "memory", limit));
        }
        json_array_append_new(items, item);
    }
    json_put(out, key, items);
}

static json_t *trim_pod_spec(const json_t *spec)
{
    json_t *out = pick(spec, spec_keys);
    put_containers(out, "containers", json_object_get(spec, "containers"));
    put_containers(out, "initContainers", json_object_get(spec, "initContainers"));
    return out;
}

static json_t *trim_template(const json_t *template)
{
    json_t *out = json_object();
    json_put(out, "spec", trim_pod_spec(json_object_get(template, "spec")));
    return out;
}

static json_t *trim_spec(const json_t *spec)
{
    json_t *out = trim_pod_spec(spec);
    const json_t *template = json_object_get(spec, "template");
    const json_t *of_jobs = json_at(spec, "jobTemplate.spec.template");
    if (template) {
        json_put(out, "template", trim_template(template));
    }
    if (of_jobs) {
        json_t *job_spec = json_object();
        json_put(job_spec, "template", trim_template(of_jobs));
        json_put(out, "jobTemplate", json_pack("{s:o}", "spec", job_spec));
    }
    return out;
}

static json_t *trim_metadata(const json_t *metadata)
{
    json_t *out = pick(metadata, metadata_keys);
    put_picked(out, "labels", json_object_get(metadata, "labels"), label_keys);
    put_picked(out, "annotations", json_object_get(metadata, "annotations"), annotation_keys);
    put_list(out, "ownerReferences", json_object_get(metadata, "ownerReferences"), owner_keys);
    return out;
}

static json_t *trim_status(const json_t *status)
{
    json_t *out = pick(status, status_keys);
    put_list(out, "conditions", json_object_get(status, "conditions"), condition_keys);
    put_list(out, "history", json_object_get(status, "history"), history_keys);
    put_list(out, "containerStatuses", json_object_get(status, "containerStatuses"),
             container_status_keys);
    put_list(out, "initContainerStatuses", json_object_get(status, "initContainerStatuses"),
             container_status_keys);
    return out;
}

/* ---- Argo CD's Application ---- */

static const char *const application_keys[] = {"source", "sources", "syncPolicy", NULL};
static const char *const told_keys[] = {"sync", "health", "summary", "conditions", NULL};
static const char *const operation_keys[] = {"phase", "message", NULL};
static const char *const result_keys[] = {"revision", "revisions", "source", "sources", NULL};
static const char *const resource_keys[] = {"kind", "name", "health", NULL};

/* It may have thousands of objects; those that are not well are told. */
static json_t *trim_resources(const json_t *resources)
{
    json_t *out = json_array();
    size_t i = 0;
    const json_t *resource = NULL;
    json_array_foreach (resources, i, resource) {
        bool is_bad = strcmp(json_text_at(resource, "health.status", ""), "Degraded") == 0;
        if (is_bad && json_array_size(out) < RESOURCES_MAX) {
            json_array_append_new(out, pick(resource, resource_keys));
        }
    }
    return out;
}

static json_t *trim_application(const json_t *object)
{
    const json_t *status = json_object_get(object, "status");
    const json_t *operation = json_object_get(status, "operationState");
    json_t *out = pick(object, top_keys);
    json_t *told = pick(status, told_keys);
    json_t *last = pick(operation, operation_keys);
    json_put(last, "syncResult", pick(json_object_get(operation, "syncResult"), result_keys));
    json_put(told, "operationState", last);
    json_put(told, "resources", trim_resources(json_object_get(status, "resources")));
    json_put(out, "metadata", trim_metadata(json_object_get(object, "metadata")));
    json_put(out, "spec", pick(json_object_get(object, "spec"), application_keys));
    json_put(out, "status", told);
    return out;
}

json_t *health_trim(const json_t *object)
{
    if (workload_kind_of(json_text_at(object, "apiVersion", ""),
                         json_text_at(object, "kind", "")) == WORKLOAD_APPLICATION) {
        return trim_application(object);
    }

    json_t *out = pick(object, top_keys);
    json_put(out, "metadata", trim_metadata(json_object_get(object, "metadata")));
    json_put(out, "spec", trim_spec(json_object_get(object, "spec")));
    json_put(out, "status", trim_status(json_object_get(object, "status")));
    return out;
}
