/* labels: pairs for metadata, and, when asked, for pod templates and selectors. */
#include <string.h>

#include "render/internal.h"

enum label_place { IN_TEMPLATE, IN_SELECTOR };

/* kustomize's own table (api/internal/konfig/builtinpluginconsts), as far as Kubernetes' kinds go. */
static const struct {
    const char *kind;
    const char *group; /* start of apiVersion; "" any */
    const char *path;
    enum label_place place;
    bool create;
} places[] = {
    {"ReplicationController", "v1", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"Deployment", "", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"ReplicaSet", "", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"DaemonSet", "", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"StatefulSet", "apps/", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"StatefulSet", "apps/", "spec.volumeClaimTemplates[].metadata.labels", IN_TEMPLATE, true},
    {"Job", "batch/", "spec.template.metadata.labels", IN_TEMPLATE, true},
    {"CronJob", "batch/", "spec.jobTemplate.metadata.labels", IN_TEMPLATE, true},
    {"CronJob", "batch/", "spec.jobTemplate.spec.template.metadata.labels", IN_TEMPLATE, true},
    {"Service", "v1", "spec.selector", IN_SELECTOR, true},
    {"ReplicationController", "v1", "spec.selector", IN_SELECTOR, true},
    {"Deployment", "", "spec.selector.matchLabels", IN_SELECTOR, true},
    {"ReplicaSet", "", "spec.selector.matchLabels", IN_SELECTOR, true},
    {"DaemonSet", "", "spec.selector.matchLabels", IN_SELECTOR, true},
    {"StatefulSet", "apps/", "spec.selector.matchLabels", IN_SELECTOR, true},
    {"Job", "batch/", "spec.selector.matchLabels", IN_SELECTOR, false},
    {"CronJob", "batch/", "spec.jobTemplate.spec.selector.matchLabels", IN_SELECTOR, false},
    {"PodDisruptionBudget", "policy/", "spec.selector.matchLabels", IN_SELECTOR, false},
    {"NetworkPolicy", "networking.k8s.io/", "spec.podSelector.matchLabels", IN_SELECTOR, false},
    {"NetworkPolicy", "networking.k8s.io/", "spec.ingress[].from[].podSelector.matchLabels",
     IN_SELECTOR, false},
    {"NetworkPolicy", "networking.k8s.io/", "spec.egress[].to[].podSelector.matchLabels", IN_SELECTOR,
     false},
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

static void put_spread(json_t *object, const char *kind, const json_t *pairs)
{
    for (size_t i = 0; i < COUNT_OF(spread_kinds); i++) {
        for (size_t n = 0; strcmp(spread_kinds[i], kind) == 0 && n < COUNT_OF(spread_paths); n++) {
            fields_put_labels(object, spread_paths[n], false, pairs);
        }
    }
}

static void put_labels(json_t *object, const json_t *pairs, bool in_templates, bool in_selectors)
{
    const char *kind = json_text_at(object, "kind", "");
    const char *api_version = json_text_at(object, "apiVersion", "");
    fields_put_labels(object, "metadata.labels", true, pairs);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        bool is_wanted = places[i].place == IN_SELECTOR ? in_selectors : in_templates || in_selectors;
        if (is_wanted && strcmp(places[i].kind, kind) == 0 &&
            strncmp(places[i].group, api_version, strlen(places[i].group)) == 0) {
            fields_put_labels(object, places[i].path, places[i].create, pairs);
        }
    }
    if (in_selectors) {
        put_spread(object, kind, pairs);
    }
}

static bool is_true(const struct yaml_node *entry, const char *key)
{
    const char *text = yaml_text(entry, key);
    return text && strcmp(text, "true") == 0;
}

bool apply_labels(const struct manifest_kustomization *kustomization, struct draft_list *list,
                  struct err *err)
{
    const struct yaml_node *labels = yaml_get(kustomization->root, "labels");
    if (labels && labels->kind != YAML_SEQUENCE) {
        return err_set(err, ERR_INVALID, "line %u: labels must be a list of entries with pairs",
                       labels->line);
    }
    for (size_t i = 0; labels && i < labels->item_count; i++) {
        const struct yaml_node *entry = labels->items[i];
        const struct yaml_node *pairs_node = yaml_get(entry, "pairs");
        if (yaml_get(entry, "fields")) {
            return err_set(err, ERR_REFUSED, "line %u: labels with fields are not supported", entry->line);
        }
        AUTO_JSON *pairs = pairs_node && pairs_node->kind == YAML_MAPPING
                               ? yaml_to_json(pairs_node, err)
                               : NULL;
        if (!json_is_object(pairs)) {
            return err_set(err, ERR_INVALID, "line %u: an entry of labels needs pairs", entry->line);
        }
        VEC_EACH(struct draft, draft, &list->all)
        {
            put_labels(draft->json, pairs, is_true(entry, "includeTemplates"),
                       is_true(entry, "includeSelectors"));
        }
    }
    return true;
}
