#include "sandbox/flux.h"

#include <string.h>

#include "model/chart.h"
#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define NAME_LABEL "helm.toolkit.fluxcd.io/name"
#define NAMESPACE_LABEL "helm.toolkit.fluxcd.io/namespace"
#define HISTORY_MAX 3
#define FAILURE "-fail"

static bool is_flux(const struct kind *kind)
{
    return strstr(kind->group, ".toolkit.fluxcd.io") != NULL;
}

void flux_define(struct kinds *kinds)
{
    static const struct {
        const char *group, *version, *kind, *plural, *singular;
    } all[] = {
        {"helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases", "helmrelease"},
        {"source.toolkit.fluxcd.io", "v1", "HelmRepository", "helmrepositories", "helmrepository"},
        {"source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories", "ocirepository"},
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        AUTO_JSON *definition =
            json_pack("{s:{s:s,s:s,s:{s:s,s:s,s:s},s:[{s:s}]}}", "spec", "group", all[i].group,
                      "scope", "Namespaced", "names", "kind", all[i].kind, "plural", all[i].plural,
                      "singular", all[i].singular, "versions", "name", all[i].version);
        kinds_define(kinds, definition);
    }
}

/* ---- what is asked for ---- */

static const char *version_of(const struct sandbox_cluster *cluster, const json_t *release)
{
    const char *version = json_text_at(release, "spec.chart.spec.version", "");
    const char *name = json_text_at(release, "spec.chartRef.name", "");
    const struct kind *kind = name[0] ? cluster_kind(cluster, "OCIRepository") : NULL;
    const char *namespace =
        json_text_at(release, "spec.chartRef.namespace", simulated_namespace(release));
    const json_t *artifact = kind ? objects_get(kind, namespace, name) : NULL;
    return artifact ? json_text_at(artifact, "spec.ref.tag", "") : version;
}

static void image_of(const json_t *release, const char *version, struct str *out)
{
    const json_t *image = json_at(release, "spec.values.image");
    char tag[IMAGE_TAG_BYTES];
    (void)chart_tag_of_version(version, tag);
    if (json_is_object(image)) {
        str_addf(out, "%s:%s", json_text_at(image, "repository", "image"),
                 json_text_at(image, "tag", "latest"));
    } else {
        str_addf(out, "charts.example.org/%s:%s", object_name(release), tag);
    }
}

static json_t *deployment_of(const json_t *release, const char *version)
{
    AUTO_STR(image, IMAGE_TEXT_BYTES);
    const char *name = object_name(release);
    image_of(release, version, &image);
    json_t *labels =
        json_pack("{s:s,s:s}", NAME_LABEL, name, NAMESPACE_LABEL, simulated_namespace(release));
    return json_pack(
        "{s:s,s:s,s:{s:s,s:s,s:o},s:{s:I,s:{s:{s:s}},s:{s:{s:{s:s}},s:{s:[{s:s,s:s}]}}}}",
        "apiVersion", "apps/v1", "kind", "Deployment", "metadata", "name", name, "namespace",
        simulated_namespace(release), "labels", labels, "spec", "replicas",
        (json_int_t)json_int_at(release, "spec.values.replicas", 1), "selector", "matchLabels",
        "release", name, "template", "metadata", "labels", "release", name, "spec", "containers",
        "name", "main", "image", image.text);
}

/* ---- doing it ---- */

static bool says_the_same(const json_t *live, const json_t *wanted)
{
    const json_t *is = json_array_get(json_array_at(live, "spec.template.spec.containers"), 0);
    const json_t *want = json_array_get(json_array_at(wanted, "spec.template.spec.containers"), 0);
    return strcmp(json_text_at(is, "image", ""), json_text_at(want, "image", "")) == 0 &&
           json_int_at(live, "spec.replicas", 1) == json_int_at(wanted, "spec.replicas", 1);
}

/* Bring the Deployment there; true when its pods run. */
static bool install(struct sandbox_cluster *cluster, const json_t *release, const char *version)
{
    struct kind *kind = cluster_kind(cluster, "Deployment");
    json_t *live = objects_get(kind, simulated_namespace(release), object_name(release));
    AUTO_JSON *wanted = deployment_of(release, version);
    if (!live || !says_the_same(live, wanted)) {
        json_t *next = live ? json_deep_copy(live) : json_incref(wanted);
        json_object_set(next, "spec", json_object_get(wanted, "spec"));
        write_own(cluster, kind, live, next);
        return false;
    }
    int64_t replicas = json_int_at(live, "spec.replicas", 1);
    return json_int_at(live, "status.observedGeneration", 0) ==
               json_int_at(live, "metadata.generation", 0) &&
           json_int_at(live, "status.updatedReplicas", 0) >= replicas &&
           json_int_at(live, "status.availableReplicas", 0) >= replicas &&
           json_int_at(live, "status.replicas", 0) <= replicas;
}

/* ---- telling it ---- */

static json_t *entry_of(const json_t *release, const char *version, const char *status,
                        int64_t number)
{
    return json_pack("{s:I,s:s,s:s,s:s,s:s}", "version", (json_int_t)number, "status", status,
                     "name", object_name(release), "chartName", object_name(release),
                     "chartVersion", version);
}

/* The newest first; an entry is added for what has not been tried the last time. */
static json_t *history_of(const json_t *release, const char *version, const char *status)
{
    const json_t *before = json_array_at(release, "status.history");
    const json_t *last = json_array_get(before, 0);
    bool is_again = strcmp(json_text_at(last, "chartVersion", ""), version) == 0 &&
                    strcmp(json_text_at(last, "status", ""), status) == 0;
    json_t *history = json_array();
    if (!is_again) {
        json_array_append_new(
            history, entry_of(release, version, status, json_int_at(last, "version", 0) + 1));
    }
    for (size_t i = 0; i < json_array_size(before) && json_array_size(history) < HISTORY_MAX; i++) {
        json_t *old = json_deep_copy(json_array_get(before, i));
        bool is_over = !is_again && strcmp(json_text_at(old, "status", ""), "deployed") == 0 &&
                       strcmp(status, "deployed") == 0;
        if (is_over) {
            json_put_text(old, "status", "superseded");
        }
        json_array_append_new(history, old);
    }
    return history;
}

static void tell(struct sandbox_cluster *cluster, json_t *release, const char *version,
                 const struct condition *ready, json_t *take_history)
{
    static const struct condition stalled = {"Stalled", "True", "RetriesExceeded",
                                             "Failed to upgrade after 1 attempt(s)"};
    int64_t now_ms = cluster_now_ms(cluster);
    json_t *conditions = json_array();
    condition_put(conditions, release, ready, now_ms, false);
    if (strcmp(ready->status, "False") == 0) {
        condition_put(conditions, release, &stalled, now_ms, false);
    }
    status_put(cluster, release,
               json_pack("{s:I,s:s,s:o,s:o}", "observedGeneration",
                         (json_int_t)json_int_at(release, "metadata.generation", 0),
                         "lastAttemptedRevision", version, "conditions", conditions, "history",
                         take_history));
}

static json_t *history_before(const json_t *release)
{
    const json_t *before = json_array_at(release, "status.history");
    return before ? json_deep_copy(before) : json_array();
}

void reconcile_helm_release(struct sandbox_cluster *cluster, json_t *release)
{
    static const struct condition failed = {"Ready", "False", "UpgradeFailed",
                                            "Helm upgrade failed: this chart never works"};
    static const struct condition under_way = {"Ready", "Unknown", "Progressing",
                                               "Running 'upgrade' action"};
    static const struct condition done = {"Ready", "True", "UpgradeSucceeded",
                                          "Helm upgrade succeeded"};
    const char *version = version_of(cluster, release);
    if (!version[0] || pod_is_ending(release) || json_bool_at(release, "spec.suspend", false)) {
        return;
    }
    if (strstr(version, FAILURE)) {
        tell(cluster, release, version, &failed, history_of(release, version, "failed"));
    } else if (install(cluster, release, version)) {
        tell(cluster, release, version, &done, history_of(release, version, "deployed"));
    } else {
        tell(cluster, release, version, &under_way, history_before(release));
    }
}

/* ---- when to look ---- */

static void uninstall(struct sandbox_cluster *cluster, const json_t *release)
{
    struct kind *kind = cluster_kind(cluster, "Deployment");
    json_t *live = objects_get(kind, simulated_namespace(release), object_name(release));
    const json_t *labels = json_at(live, "metadata.labels");
    if (live && json_object_get(labels, NAME_LABEL)) {
        delete_object(cluster, kind, live, PROPAGATE_BACKGROUND, true);
    }
}

static void note_releases(struct sandbox_cluster *cluster)
{
    struct kind *kind = cluster_kind(cluster, "HelmRelease");
    if (!kind) {
        return;
    }
    MAP_EACH (slot, &kind->objects) {
        control_note(cluster, kind, slot->value);
    }
}

/* Of what a chart has made. */
static void note_release_of(struct sandbox_cluster *cluster, const json_t *object)
{
    const json_t *labels = json_at(object, "metadata.labels");
    const char *name = json_string_value(json_object_get(labels, NAME_LABEL));
    struct kind *kind = name ? cluster_kind(cluster, "HelmRelease") : NULL;
    const json_t *release = kind ? objects_get(kind, simulated_namespace(object), name) : NULL;
    if (release) {
        control_note(cluster, kind, release);
    }
}

void flux_changed(struct sandbox_cluster *cluster, const struct change *change)
{
    bool is_gone = change->type == CHANGE_DELETED;
    if (!is_flux(change->kind)) {
        note_release_of(cluster, change->after);
    } else if (strcmp(change->kind->kind, "HelmRelease") != 0) {
        note_releases(cluster);
    } else if (is_gone) {
        uninstall(cluster, change->after);
    } else {
        control_note(cluster, change->kind, change->after);
    }
}
