#include "sandbox/defaults.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/refusal.h"

#define PODS_MAX 10000 /* of one workload */

/* Filled in where nothing stands.  As Kubernetes 1.36 does, without what nobody here reads. */
static const struct {
    const char *kind;
    const char *fields;
} defaults[] = {
    {"Deployment",
     "{\"spec\": {\"replicas\": 1, \"revisionHistoryLimit\": 10, \"progressDeadlineSeconds\": 600, "
     "\"strategy\": {\"type\": \"RollingUpdate\"}}}"},
    {"ReplicaSet", "{\"spec\": {\"replicas\": 1}}"},
    {"StatefulSet",
     "{\"spec\": {\"replicas\": 1, \"revisionHistoryLimit\": 10, \"podManagementPolicy\": "
     "\"OrderedReady\", \"updateStrategy\": {\"type\": \"RollingUpdate\"}, "
     "\"persistentVolumeClaimRetentionPolicy\": {\"whenDeleted\": \"Retain\", \"whenScaled\": "
     "\"Retain\"}}}"},
    {"DaemonSet", "{\"spec\": {\"revisionHistoryLimit\": 10, \"updateStrategy\": {\"type\": "
                  "\"RollingUpdate\"}}}"},
    {"Job",
     "{\"spec\": {\"backoffLimit\": 6, \"completionMode\": \"NonIndexed\", \"completions\": 1, "
     "\"parallelism\": 1, \"manualSelector\": false, \"podReplacementPolicy\": "
     "\"TerminatingOrFailed\", \"suspend\": false}}"},
    {"CronJob", "{\"spec\": {\"concurrencyPolicy\": \"Allow\", \"failedJobsHistoryLimit\": 1, "
                "\"successfulJobsHistoryLimit\": 3, \"suspend\": false}}"},
    {"Service", "{\"spec\": {\"type\": \"ClusterIP\", \"sessionAffinity\": \"None\"}}"},
    {"Namespace",
     "{\"spec\": {\"finalizers\": [\"kubernetes\"]}, \"status\": {\"phase\": \"Active\"}}"},
    {"PersistentVolumeClaim",
     "{\"spec\": {\"volumeMode\": \"Filesystem\"}, \"status\": {\"phase\": \"Bound\"}}"},
    {"Secret", "{\"type\": \"Opaque\"}"},
};

static const char rolling_deployment[] =
    "{\"rollingUpdate\": {\"maxSurge\": \"25%\", \"maxUnavailable\": \"25%\"}}";
static const char rolling_stateful_set[] = "{\"rollingUpdate\": {\"partition\": 0}}";
static const char rolling_daemon_set[] =
    "{\"rollingUpdate\": {\"maxSurge\": 0, \"maxUnavailable\": 1}}";
static const char pod_defaults[] =
    "{\"restartPolicy\": \"Always\", \"dnsPolicy\": \"ClusterFirst\", \"schedulerName\": "
    "\"default-scheduler\", \"securityContext\": {}, \"terminationGracePeriodSeconds\": 30}";
static const char container_defaults[] =
    "{\"resources\": {}, \"terminationMessagePath\": \"/dev/termination-log\", "
    "\"terminationMessagePolicy\": \"File\"}";

static void fill(json_t *object, const json_t *missing)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_loose(missing), key, value) {
        json_t *have = json_object_get(object, key);
        if (!have) {
            json_put(object, key, json_deep_copy(value));
        } else if (json_is_object(have) && json_is_object(value) && json_object_size(value) > 0) {
            fill(have, value);
        }
    }
}

static void fill_text(json_t *object, const char *text)
{
    AUTO_JSON *missing = json_loads(text, 0, NULL);
    assert(missing);
    if (json_is_object(object)) {
        fill(object, missing);
    }
}

static json_t *within(json_t *object, const char *path)
{
    return json_loose(json_at(object, path));
}

static void fill_container(json_t *container)
{
    const char *image = json_text_at(container, "image", "");
    const char *name = strrchr(image, '/') ? strrchr(image, '/') : image;
    const char *tag = strchr(name, ':');
    bool is_moving = !strchr(name, '@') && (!tag || strcmp(tag, ":latest") == 0);
    if (!json_object_get(container, "imagePullPolicy")) {
        json_put_text(container, "imagePullPolicy", is_moving ? "Always" : "IfNotPresent");
    }
    fill_text(container, container_defaults);
    const json_t *ports = json_array_at(container, "ports");
    for (size_t i = 0; i < json_array_size(ports); i++) {
        fill_text(json_array_get(ports, i), "{\"protocol\": \"TCP\"}");
    }
}

static void fill_pod_spec(json_t *spec)
{
    static const char *const lists[] = {"containers", "initContainers"};
    if (!json_is_object(spec)) {
        return;
    }
    fill_text(spec, pod_defaults);
    for (size_t list = 0; list < COUNT_OF(lists); list++) {
        const json_t *containers = json_array_at(spec, lists[list]);
        for (size_t i = 0; i < json_array_size(containers); i++) {
            fill_container(json_array_get(containers, i));
        }
    }
}

static void fill_strategy(json_t *object, const char *path, const char *text)
{
    json_t *strategy = within(object, path);
    if (strcmp(json_text_at(strategy, "type", ""), "RollingUpdate") == 0) {
        fill_text(strategy, text);
    }
}

static void fill_service(json_t *object)
{
    const json_t *ports = json_array_at(object, "spec.ports");
    for (size_t i = 0; i < json_array_size(ports); i++) {
        json_t *port = json_array_get(ports, i);
        fill_text(port, "{\"protocol\": \"TCP\"}");
        if (!json_object_get(port, "targetPort")) {
            json_object_set(port, "targetPort", json_object_get(port, "port"));
        }
    }
}

/* A Job finds its pods by labels that are made of its uid. */
static void fill_job(json_t *object)
{
    const char *uid = json_text_at(object, "metadata.uid", NULL);
    json_t *spec = json_object_get(object, "spec");
    if (!uid || !json_is_object(spec) || json_object_get(spec, "selector")) {
        return;
    }
    json_t *labels =
        json_pack("{s:s,s:s,s:s,s:s}", "batch.kubernetes.io/controller-uid", uid,
                  "batch.kubernetes.io/job-name", json_text_at(object, "metadata.name", ""),
                  "controller-uid", uid, "job-name", json_text_at(object, "metadata.name", ""));
    json_put(spec, "selector",
             json_pack("{s:{s:s}}", "matchLabels", "batch.kubernetes.io/controller-uid", uid));
    AUTO_JSON *missing = json_pack("{s:{s:o}}", "metadata", "labels", labels);
    fill(json_object_get(spec, "template"), missing);
    fill(object, missing);
}

static void fill_namespace(json_t *object)
{
    AUTO_JSON *missing =
        json_pack("{s:{s:{s:s}}}", "metadata", "labels", "kubernetes.io/metadata.name",
                  json_text_at(object, "metadata.name", ""));
    fill(object, missing);
}

void defaults_fill(const struct kind *kind, json_t *object)
{
    if (kind_is(kind, KIND_CUSTOM)) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        if (strcmp(kind->kind, defaults[i].kind) == 0) {
            fill_text(object, defaults[i].fields);
        }
    }
    fill_strategy(object, "spec.strategy", rolling_deployment);
    if (strcmp(kind->kind, "StatefulSet") == 0) {
        fill_strategy(object, "spec.updateStrategy", rolling_stateful_set);
    } else if (strcmp(kind->kind, "DaemonSet") == 0) {
        fill_strategy(object, "spec.updateStrategy", rolling_daemon_set);
    } else if (strcmp(kind->kind, "Service") == 0) {
        fill_service(object);
    } else if (strcmp(kind->kind, "Job") == 0) {
        fill_job(object);
    } else if (strcmp(kind->kind, "Namespace") == 0) {
        fill_namespace(object);
    } else if (strcmp(kind->kind, "Pod") == 0) {
        fill_pod_spec(within(object, "spec"));
    }
    fill_pod_spec(within(object, "spec.template.spec"));
    fill_pod_spec(within(object, "spec.jobTemplate.spec.template.spec"));
}

/* Fields that may be set once. */
static const struct {
    const char *kind, *path;
} fixed[] = {
    {"Deployment", "spec.selector"}, {"ReplicaSet", "spec.selector"},
    {"DaemonSet", "spec.selector"},  {"Job", "spec.selector"},
    {"Job", "spec.template"},        {"Job", "spec.completions"},
};

static bool same_at(const json_t *live, const json_t *next, const char *path)
{
    const json_t *before = json_at(live, path);
    const json_t *after = json_at(next, path);
    return before == after || json_equal(before, after);
}

static json_t *refuse_changed(const struct kind *kind, const json_t *live, const json_t *next)
{
    static const char *const stateful[] = {"spec.selector", "spec.serviceName",
                                           "spec.podManagementPolicy", "spec.volumeClaimTemplates"};
    const char *name = json_text_at(next, "metadata.name", "");
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        if (strcmp(kind->kind, fixed[i].kind) == 0 && !same_at(live, next, fixed[i].path)) {
            return refusal_invalid(kind, name, fixed[i].path, json_at(next, fixed[i].path),
                                   "field is immutable");
        }
    }
    for (size_t i = 0; strcmp(kind->kind, "StatefulSet") == 0 && i < COUNT_OF(stateful); i++) {
        if (!same_at(live, next, stateful[i])) {
            return refusal_invalid(kind, name, "spec", NULL,
                                   "updates to statefulset spec for fields other than 'replicas', "
                                   "'ordinals', 'template', 'updateStrategy', "
                                   "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' "
                                   "and 'minReadySeconds' are forbidden");
        }
    }
    return NULL;
}

static json_t *refuse_labels(const struct kind *kind, const json_t *next)
{
    const json_t *wanted =
        strcmp(kind->group, "apps") == 0 ? json_at(next, "spec.selector.matchLabels") : NULL;
    const json_t *labels = json_at(next, "spec.template.metadata.labels");
    const char *key;
    json_t *value;
    json_object_foreach (json_loose(wanted), key, value) {
        json_t *have = json_object_get(labels, key);
        if (!have || !json_equal(have, value)) {
            AUTO_JSON *none = json_object();
            return refusal_invalid(kind, json_text_at(next, "metadata.name", ""),
                                   "spec.template.metadata.labels", labels ? labels : none,
                                   "`selector` does not match template `labels`");
        }
    }
    return NULL;
}

static bool is_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    return length > 0 && length <= 253 && name[length] == '\0' && !strchr("-.", name[0]) &&
           !strchr("-.", name[length - 1]);
}

/* RBAC and definitions may have names like "system:node". */
static json_t *refuse_name(const struct kind *kind, const json_t *next)
{
    const char *name = json_text_at(next, "metadata.name", "");
    bool is_free = strcmp(kind->group, "rbac.authorization.k8s.io") == 0 && name[0] &&
                   strlen(name) <= 253 && !strpbrk(name, "/%");
    if (is_free || is_name(name)) {
        return NULL;
    }
    AUTO_JSON *value = json_text_safe(name, strlen(name));
    return refusal_invalid(kind, name, "metadata.name", value,
                           "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                           "characters, '-' or '.', and must start and end with an alphanumeric "
                           "character (e.g. 'example.com', regex used for validation is "
                           "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

/* What a merge leaves behind when only the type was changed. */
static json_t *refuse_strategy(const struct kind *kind, const json_t *next)
{
    bool is_recreate = strcmp(json_text_at(next, "spec.strategy.type", ""), "Recreate") == 0;
    if (!is_recreate || !json_at(next, "spec.strategy.rollingUpdate")) {
        return NULL;
    }
    return refusal_invalid(kind, json_text_at(next, "metadata.name", ""),
                           "spec.strategy.rollingUpdate", NULL,
                           "may not be specified when strategy `type` is 'Recreate'");
}

static json_t *refuse_containers(const struct kind *kind, const json_t *next)
{
    const json_t *template = json_at(next, "spec.template.spec");
    const json_t *containers = json_array_at(template, "containers");
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *container = json_array_get(containers, i);
        const char *missing = !json_text_at(container, "name", "")[0]    ? "name"
                              : !json_text_at(container, "image", "")[0] ? "image"
                                                                         : NULL;
        if (missing) {
            char field[96];
            AUTO_JSON *empty = json_string("");
            snprintf(field, sizeof(field), "spec.template.spec.containers[%zu].%s", i, missing);
            return refusal_invalid(kind, json_text_at(next, "metadata.name", ""), field, empty,
                                   "Required value");
        }
    }
    return NULL;
}

/* The shapes that all code behind this relies on. */
static const struct {
    const char *path;
    json_type type;
    bool of_objects; /* of a list: each item must be one */
} shapes[] = {
    {"metadata.labels", JSON_OBJECT, false},
    {"metadata.annotations", JSON_OBJECT, false},
    {"metadata.ownerReferences", JSON_ARRAY, true},
    {"metadata.finalizers", JSON_ARRAY, false},
    {"spec", JSON_OBJECT, false},
    {"status", JSON_OBJECT, false},
};
static const struct {
    const char *path;
    json_type type;
    bool of_objects;
} pod_shapes[] = {
    {"metadata", JSON_OBJECT, false},
    {"metadata.labels", JSON_OBJECT, false},
    {"spec", JSON_OBJECT, false},
    {"spec.containers", JSON_ARRAY, true},
    {"spec.initContainers", JSON_ARRAY, true},
};

static bool has_shape(const json_t *value, json_type type, bool of_objects)
{
    for (size_t i = 0; of_objects && i < json_array_size(value); i++) {
        if (!json_is_object(json_array_get(value, i))) {
            return false;
        }
    }
    return !value || json_typeof(value) == type;
}

static json_t *refuse_shape(const struct kind *kind, const json_t *next)
{
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        const json_t *value = json_at(next, shapes[i].path);
        if (!has_shape(value, shapes[i].type, shapes[i].of_objects)) {
            return refusal_invalid(kind, json_text_at(next, "metadata.name", ""), shapes[i].path,
                                   value, "it has the wrong type");
        }
    }
    return NULL;
}

static bool has_texts(const json_t *map)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_loose(map), key, value) {
        if (!json_is_string(value)) {
            return false;
        }
    }
    return true;
}

static json_t *refuse_texts(const struct kind *kind, const json_t *next)
{
    static const char *const maps[] = {"metadata.labels", "metadata.annotations",
                                       "spec.template.metadata.labels"};
    for (size_t i = 0; i < COUNT_OF(maps); i++) {
        if (!has_texts(json_at(next, maps[i]))) {
            return refusal_invalid(kind, json_text_at(next, "metadata.name", ""), maps[i],
                                   json_at(next, maps[i]), "its values must be text");
        }
    }
    return NULL;
}

/* Counts of pods; a real server has no upper limit, but this one is one process. */
static json_t *refuse_counts(const struct kind *kind, const json_t *next)
{
    static const char *const counts[] = {"spec.replicas", "spec.completions", "spec.parallelism"};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        const json_t *value = json_at(next, counts[i]);
        int64_t count = json_is_integer(value) ? json_integer_value(value) : -1;
        if (value && (count < 0 || count > PODS_MAX)) {
            return refusal_invalid(kind, json_text_at(next, "metadata.name", ""), counts[i], value,
                                   "must be from 0 to 10000");
        }
    }
    return NULL;
}

/* Where a kind keeps the pods it makes; NULL: it makes none. */
static const char *template_path(const struct kind *kind)
{
    bool is_apps = strcmp(kind->group, "apps") == 0;
    bool is_job = strcmp(kind->kind, "Job") == 0;
    return is_apps || is_job                    ? "spec.template"
           : strcmp(kind->kind, "CronJob") == 0 ? "spec.jobTemplate.spec.template"
                                                : NULL;
}

/* Whatever makes pods must have a template with containers, and in apps a selector, too. */
static json_t *refuse_template(const struct kind *kind, const json_t *next)
{
    const char *path = template_path(kind);
    bool is_pod = strcmp(kind->kind, "Pod") == 0;
    const json_t *template = is_pod ? next : path ? json_at(next, path) : NULL;
    const char *name = json_text_at(next, "metadata.name", "");
    AUTO_JSON *none = json_null();
    if (!is_pod && !path) {
        return NULL;
    }
    if (json_array_size(json_at(template, "spec.containers")) == 0) {
        return refusal_invalid(kind, name, "spec.template.spec.containers", none, "Required value");
    }
    for (size_t i = 0; i < COUNT_OF(pod_shapes); i++) {
        const json_t *value = json_at(template, pod_shapes[i].path);
        if (!has_shape(value, pod_shapes[i].type, pod_shapes[i].of_objects)) {
            return refusal_invalid(kind, name, "spec.template", value, "it has the wrong type");
        }
    }
    if (strcmp(kind->group, "apps") == 0 && !json_is_object(json_at(next, "spec.selector"))) {
        return refusal_invalid(kind, name, "spec.selector", none, "Required value");
    }
    return NULL;
}

json_t *defaults_check(const struct kind *kind, const json_t *live, const json_t *next)
{
    static json_t *(*const checks[])(const struct kind *, const json_t *) = {
        refuse_shape,    refuse_texts,  refuse_name,     refuse_counts,
        refuse_template, refuse_labels, refuse_strategy, refuse_containers};
    json_t *refusal = live ? refuse_changed(kind, live, next) : NULL;
    bool is_ours = !kind_is(kind, KIND_CUSTOM);
    for (size_t i = 0; i < COUNT_OF(checks) && !refusal && (is_ours || i <= 2); i++) {
        refusal = checks[i](kind, next);
    }
    return refusal;
}
