#include "sandbox/kinds.h"

#include <stdio.h>
#include <string.h>

#define WORKLOAD (KIND_NAMESPACED | KIND_STATUS | KIND_GENERATION)

static const struct {
    const char *group, *version, *kind, *plural, *short_name;
    unsigned traits;
} built_in[] = {
    {"", "v1", "Namespace", "namespaces", "ns", KIND_STATUS},
    {"", "v1", "Node", "nodes", "no", KIND_STATUS},
    {"", "v1", "Pod", "pods", "po", KIND_NAMESPACED | KIND_STATUS},
    {"", "v1", "ConfigMap", "configmaps", "cm", KIND_NAMESPACED},
    {"", "v1", "Secret", "secrets", "", KIND_NAMESPACED},
    {"", "v1", "Service", "services", "svc", KIND_NAMESPACED | KIND_STATUS},
    {"", "v1", "ServiceAccount", "serviceaccounts", "sa", KIND_NAMESPACED},
    {"", "v1", "Event", "events", "ev", KIND_NAMESPACED},
    {"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc",
     KIND_NAMESPACED | KIND_STATUS},
    {"apps", "v1", "Deployment", "deployments", "deploy", WORKLOAD | KIND_SCALE},
    {"apps", "v1", "ReplicaSet", "replicasets", "rs", WORKLOAD | KIND_SCALE},
    {"apps", "v1", "StatefulSet", "statefulsets", "sts", WORKLOAD | KIND_SCALE},
    {"apps", "v1", "DaemonSet", "daemonsets", "ds", WORKLOAD},
    {"batch", "v1", "Job", "jobs", "", WORKLOAD},
    {"batch", "v1", "CronJob", "cronjobs", "cj", WORKLOAD},
    {"networking.k8s.io", "v1", "Ingress", "ingresses", "ing", WORKLOAD},
    {"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", WORKLOAD},
    {"autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa",
     KIND_NAMESPACED | KIND_STATUS},
    {"rbac.authorization.k8s.io", "v1", "Role", "roles", "", KIND_NAMESPACED},
    {"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", "", KIND_NAMESPACED},
    {"rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", "", 0},
    {"rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", "", 0},
    {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "crd",
     KIND_STATUS | KIND_GENERATION},
    {"metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", "", KIND_MEASURED},
    {"metrics.k8s.io", "v1beta1", "PodMetrics", "pods", "", KIND_NAMESPACED | KIND_MEASURED},
};

static struct kind *add_kind(struct kinds *kinds)
{
    struct kind *kind = xcalloc(1, sizeof(*kind));
    *VEC_ADD(&kinds->all) = kind;
    return kind;
}

void kinds_init(struct kinds *kinds)
{
    *kinds = (struct kinds){0};
    for (size_t i = 0; i < COUNT_OF(built_in); i++) {
        struct kind *kind = add_kind(kinds);
        kind->traits = built_in[i].traits;
        TEXT_COPY_CUT(kind->group, built_in[i].group);
        TEXT_COPY_CUT(kind->version, built_in[i].version);
        TEXT_COPY_CUT(kind->kind, built_in[i].kind);
        TEXT_COPY_CUT(kind->plural, built_in[i].plural);
        TEXT_COPY_CUT(kind->short_name, built_in[i].short_name);
        for (size_t c = 0; built_in[i].kind[c]; c++) {
            char letter = built_in[i].kind[c];
            kind->singular[c] = letter >= 'A' && letter <= 'Z' ? (char)(letter + 32) : letter;
        }
    }
}

void kinds_done(struct kinds *kinds)
{
    VEC_EACH (struct kind *, kind, &kinds->all) {
        free(*kind);
    }
    VEC_DONE(&kinds->all);
}

struct kind *kinds_find(const struct kinds *kinds, const char *group, const char *version,
                        const char *plural)
{
    VEC_EACH (struct kind *, kind, &kinds->all) {
        if (strcmp((*kind)->group, group) == 0 && strcmp((*kind)->version, version) == 0 &&
            strcmp((*kind)->plural, plural) == 0) {
            return *kind;
        }
    }
    return NULL;
}

struct kind *kinds_named(const struct kinds *kinds, const char *api_version, const char *kind)
{
    char have[160];
    VEC_EACH (struct kind *, candidate, &kinds->all) {
        kind_api_version(*candidate, have);
        if (strcmp((*candidate)->kind, kind) == 0 && strcmp(have, api_version) == 0) {
            return *candidate;
        }
    }
    return NULL;
}

/* The first version that is served stands for all: instances are not converted. */
static const char *served_version(const json_t *definition)
{
    const json_t *versions = json_array_at(definition, "spec.versions");
    for (size_t i = 0; i < json_array_size(versions); i++) {
        if (json_bool_at(json_array_get(versions, i), "served", true)) {
            return json_text_at(json_array_get(versions, i), "name", "v1");
        }
    }
    return "v1";
}

void kinds_define(struct kinds *kinds, const json_t *definition)
{
    const char *group = json_text_at(definition, "spec.group", "");
    const char *version = served_version(definition);
    const char *plural = json_text_at(definition, "spec.names.plural", "");
    bool is_namespaced = strcmp(json_text_at(definition, "spec.scope", ""), "Namespaced") == 0;
    struct kind *kind = kinds_find(kinds, group, version, plural);
    kind = kind ? kind : add_kind(kinds);
    kind->traits = KIND_CUSTOM | KIND_STATUS | KIND_GENERATION |
                   (is_namespaced ? (unsigned)KIND_NAMESPACED : 0U);
    TEXT_COPY_CUT(kind->group, group);
    TEXT_COPY_CUT(kind->version, version);
    TEXT_COPY_CUT(kind->plural, plural);
    TEXT_COPY_CUT(kind->kind, json_text_at(definition, "spec.names.kind", ""));
    TEXT_COPY_CUT(kind->singular, json_text_at(definition, "spec.names.singular", ""));
}

bool kind_is(const struct kind *kind, unsigned trait)
{
    return (kind->traits & trait) != 0;
}

void kind_api_version(const struct kind *kind, char out[static 160])
{
    snprintf(out, 160, "%s%s%s", kind->group, kind->group[0] ? "/" : "", kind->version);
}

void kind_resource(const struct kind *kind, char out[static 200])
{
    snprintf(out, 200, "%s%s%s", kind->plural, kind->group[0] ? "." : "", kind->group);
}
