/* Walking JSON by the paths that kustomize's own tables use. */
#include <string.h>

#include "render/internal.h"

static void put_pairs(json_t *object, const json_t *pairs)
{
    const char *key = NULL;
    json_t *value = NULL;
    void *cursor = json_object_iter((json_t *)(uintptr_t)pairs);
    for (; cursor; cursor = json_object_iter_next((json_t *)(uintptr_t)pairs, cursor)) {
        key = json_object_iter_key(cursor);
        value = json_object_iter_value(cursor);
        json_object_set(object, key, value);
    }
}

void fields_put_labels(json_t *root, const char *path, bool create, const json_t *pairs)
{
    if (*path == '\0') {
        if (json_is_object(root)) {
            put_pairs(root, pairs);
        }
        return;
    }
    size_t length = strcspn(path, ".");
    bool is_list = length > 2 && path[length - 1] == ']';
    AUTO_STR(key, 128);
    str_add_bytes(&key, path, is_list ? length - 2 : length);
    const char *rest = path + length + (path[length] == '.');
    json_t *child = json_object_get(root, key.text);
    if (is_list) {
        size_t i = 0;
        json_t *item = NULL;
        json_array_foreach(child, i, item)
        {
            fields_put_labels(item, rest, create, pairs);
        }
        return;
    }
    if ((!child || json_is_null(child)) && create && json_is_object(root)) {
        child = json_object();
        json_object_set_new(root, key.text, child);
    }
    if (child) {
        fields_put_labels(child, rest, create, pairs);
    }
}

/* Kinds of Kubernetes' own groups that belong to no namespace; unknown ones are taken to belong to one,
   as kustomize does. */
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
    const char *slash = strchr(api_version, '/');
    struct slice group = {api_version, slash ? (size_t)(slash - api_version) : 0};
    for (size_t i = 0; i < COUNT_OF(of_cluster); i++) {
        if (slice_equals(group, of_cluster[i].group) && strcmp(of_cluster[i].kind, kind) == 0) {
            return true;
        }
    }
    return false;
}
