/* Walking JSON by the paths that kustomize's own tables use. */
#include <string.h>

#include "render/internal.h"

static void put_pairs(json_t *object, json_t *pairs)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (pairs, key, value) {
        json_object_set(object, key, value);
    }
}

static void put_in_items(json_t *list, const char *path, bool create, json_t *pairs)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (list, i, item) {
        fields_put(item, path, create, pairs);
    }
}

void fields_put(json_t *root, const char *path, bool create, json_t *pairs)
{
    if (!json_is_object(root)) {
        return;
    }
    if (*path == '\0') {
        put_pairs(root, pairs);
        return;
    }
    size_t length = strcspn(path, ".");
    const char *rest = path + length + (path[length] == '.');
    bool is_list = length > 2 && path[length - 1] == ']';
    json_t *child = json_object_getn(root, path, is_list ? length - 2 : length);
    if (is_list) {
        put_in_items(child, rest, create, pairs);
        return;
    }
    if ((!child || json_is_null(child)) && create) {
        child = json_object();
        json_object_setn_new(root, path, length, child);
    }
    fields_put(child, rest, create, pairs);
}

struct slice group_of(const char *api_version)
{
    const char *slash = strchr(api_version, '/');
    return (struct slice){api_version, slash ? (size_t)(slash - api_version) : 0};
}

/* Kinds of Kubernetes' own groups that belong to no namespace; unknown ones are taken to
   belong to one, as kustomize does. */
static const struct {
    const char *group;
    const char *kind;
} of_cluster[] = {
    {"", "Namespace"},
    {"", "Node"},
    {"", "PersistentVolume"},
    {"", "ComponentStatus"},
    {"admissionregistration.k8s.io", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy"},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"},
    {"apiextensions.k8s.io", "CustomResourceDefinition"},
    {"apiregistration.k8s.io", "APIService"},
    {"authentication.k8s.io", "TokenReview"},
    {"authorization.k8s.io", "SelfSubjectAccessReview"},
    {"authorization.k8s.io", "SelfSubjectRulesReview"},
    {"authorization.k8s.io", "SubjectAccessReview"},
    {"certificates.k8s.io", "CertificateSigningRequest"},
    {"flowcontrol.apiserver.k8s.io", "FlowSchema"},
    {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"},
    {"networking.k8s.io", "IngressClass"},
    {"node.k8s.io", "RuntimeClass"},
    {"rbac.authorization.k8s.io", "ClusterRole"},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding"},
    {"scheduling.k8s.io", "PriorityClass"},
    {"storage.k8s.io", "CSIDriver"},
    {"storage.k8s.io", "CSINode"},
    {"storage.k8s.io", "StorageClass"},
    {"storage.k8s.io", "VolumeAttachment"},
};

bool kind_is_of_cluster(const char *api_version, const char *kind)
{
    struct slice group = group_of(api_version);
    for (size_t i = 0; i < COUNT_OF(of_cluster); i++) {
        if (slice_equals(group, of_cluster[i].group) && strcmp(of_cluster[i].kind, kind) == 0) {
            return true;
        }
    }
    return false;
}
