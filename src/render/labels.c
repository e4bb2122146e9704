/* labels: pairs for metadata, and, when asked, for pod templates and selectors. */
#include <string.h>

#include "render/internal.h"

enum label_place { IN_TEMPLATE, IN_SELECTOR };

/* kustomize's own table (its package builtinpluginconsts).  A row with a version and no group
   means that version of any group: a Knative Service gets a selector, too. */
static const struct {
    const char *kind;
    const char *group;   /* NULL: any */
    const char *version; /* NULL: any */
    const char *path;
    enum label_place place;
    bool create;
} places[] = {
    {"ReplicationController", NULL, "v1", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"Deployment", NULL, NULL, "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"ReplicaSet", NULL, NULL, "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"DaemonSet", NULL, NULL, "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"StatefulSet", "apps", NULL, "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"StatefulSet", "apps", NULL, "spec.volumeClaimTemplates[].metadata.labels", IN_TEMPLATE, true},
    {"Job", "batch", NULL, "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"CronJob", "batch", NULL, "spec.jobTemplate.metadata.labels", IN_TEMPLATE, true},
    {"CronJob", "batch", NULL, "spec.jobTemplate.spec.template.metadata.labels", IN_TEMPLATE, true},
    {"Service", NULL, "v1", "spec.selector", IN_SELECTOR, true},
    {"ReplicationController", NULL, "v1", "spec.selector", IN_SELECTOR, true},
    {"Deployment", NULL, NULL, "spec.selector.matchLabels", IN_SELECTOR, true},
    {"ReplicaSet", NULL, NULL, "spec.selector.matchLabels", IN_SELECTOR, true},
    {"DaemonSet", NULL, NULL, "spec.selector.matchLabels", IN_SELECTOR, true},
    {"StatefulSet", "apps", NULL, "spec.selector.matchLabels", IN_SELECTOR, true},
    {"Job", "batch", NULL, "spec.selector.matchLabels", IN_SELECTOR, false},
    {"CronJob", "batch", NULL, "spec.jobTemplate.spec.selector.matchLabels", IN_SELECTOR, false},
    {"PodDisruptionBudget", "policy", NULL, "spec.selector.matchLabels", IN_SELECTOR, false},
    {"NetworkPolicy", "networking.k8s.io", NULL, "spec.podSelector.matchLabels", IN_SELECTOR,
     false},
    {"NetworkPolicy", "networking.k8s.io", NULL, "spec.ingress[].from[].podSelector.matchLabels",
     IN_SELECTOR, false},
    {"NetworkPolicy", "networking.k8s.io", NULL, "spec.egress[].to[].podSelector.matchLabels",
     IN_SELECTOR, false},
};

/* Affinity and spread rules of these kinds select pods of their own. */
static const char *const spread_kinds[] = {"Deployment", "StatefulSet"};
static const char *const spread_paths[] = {
    "spec.template.spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[]."
    "podAffinityTerm.labelSelector.matchLabels",
    "spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[]."
    "labelSelector.matchLabels",
    "spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[]."
    "podAffinityTerm.labelSelector.matchLabels",
    "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[]."
    "labelSelector.matchLabels",
    "spec.template.spec.topologySpreadConstraints[].labelSelector.matchLabels",
};

static void put_spread(json_t *object, json_t *pairs)
{
    const char *kind = json_text_at(object, "kind", "");
    struct slice group = group_of(json_text_at(object, "apiVersion", ""));
    for (size_t i = 0; i < COUNT_OF(spread_kinds); i++) {
        bool is_wanted = strcmp(spread_kinds[i], kind) == 0 && slice_equals(group, "apps");
        for (size_t n = 0; is_wanted && n < COUNT_OF(spread_paths); n++) {
            fields_put(object, spread_paths[n], false, pairs);
        }
    }
}

static bool is_row_of(size_t row, const json_t *object)
{
    const char *api_version = json_text_at(object, "apiVersion", "");
    const char *slash = strchr(api_version, '/');
    const char *version = slash ? slash + 1 : api_version;
    return strcmp(places[row].kind, json_text_at(object, "kind", "")) == 0 &&
           (!places[row].group || slice_equals(group_of(api_version), places[row].group)) &&
           (!places[row].version || strcmp(places[row].version, version) == 0);
}

static void put_labels(json_t *object, json_t *pairs, bool in_templates, bool in_selectors)
{
    fields_put(object, "metadata.labels", true, pairs);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        bool is_wanted = in_selectors || (in_templates && places[i].place == IN_TEMPLATE);
        if (is_wanted && is_row_of(i, object)) {
            fields_put(object, places[i].path, places[i].create, pairs);
        }
    }
    if (in_selectors) {
        put_spread(object, pairs);
    }
}

static bool is_true(const struct yaml_node *entry, const char *key)
{
    const char *text = yaml_text(entry, key);
    return text && strcmp(text, "true") == 0;
}

/* The pairs of one entry; every value must be a text. */
static json_t *pairs_of(const struct yaml_node *entry, struct err *err)
{
    const struct yaml_node *node = yaml_get(entry, "pairs");
    if (!node || node->kind != YAML_MAPPING) {
        err_set(err, ERR_INVALID, "line %u: an entry of labels needs pairs", entry->line);
        return NULL;
    }
    return text_pairs(node, "label", err);
}

bool apply_labels(struct transformation *work, struct err *err)
{
    const struct yaml_node *labels = yaml_get(work->kustomization->root, "labels");
    for (size_t i = 0; labels && i < labels->item_count; i++) {
        const struct yaml_node *entry = labels->items[i];
        bool in_templates = is_true(entry, "includeTemplates");
        bool in_selectors = is_true(entry, "includeSelectors");
        AUTO_JSON *pairs = pairs_of(entry, err);
        if (!pairs) {
            return false;
        }
        VEC_EACH (struct draft, draft, &work->list->all) {
            put_labels(draft->json, pairs, in_templates, in_selectors);
        }
    }
    return true;
}

bool apply_common_labels(struct transformation *work, struct err *err)
{
    const struct yaml_node *node = yaml_get(work->kustomization->root, "commonLabels");
    if (!node || node->kind == YAML_SCALAR) {
        return !node || node->text_length == 0 || leave_to_program(work, "commonLabels", node, err);
    }
    AUTO_JSON *pairs = text_pairs(node, "label", err);
    if (!pairs) {
        return false;
    }
    VEC_EACH (struct draft, draft, &work->list->all) {
        if (json_object_size(pairs) > 0) {
            put_labels(draft->json, pairs, true, true);
        }
    }
    return true;
}
