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

bool has_only_keys(const struct yaml_node *node, const char *const *keys, size_t count)
{
    for (size_t i = 0; node->kind == YAML_MAPPING && i < node->item_count; i += 2) {
        bool is_known = false;
        for (size_t k = 0; k < count; k++) {
            is_known |= node->items[i]->text && strcmp(node->items[i]->text, keys[k]) == 0;
        }
        if (!is_known) {
            return false;
        }
    }
    return node->kind == YAML_MAPPING;
}

json_t *text_pairs(const struct yaml_node *node, const char *what, struct err *err)
{
    AUTO_JSON *pairs = yaml_to_json(node, err);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach (pairs, key, value) {
        if (!json_is_string(value)) {
            err_set(err, ERR_INVALID, "line %u: the %s \"%.80s\" is not a text; quote its value",
                    node->line, what, key);
            return NULL;
        }
    }
    return TAKE(pairs);
}

void field_set(const struct field *field, json_t *value)
{
    if (field->key) {
        json_object_set_new(field->holder, field->key, value);
    } else {
        json_array_set_new(field->holder, field->index, value);
    }
}

/* The next key of a path; "\\/" in it stands for a slash that is its own. */
static const char *next_key(const char *path, char *out, size_t size)
{
    size_t length = 0;
    while (*path && *path != '/') {
        path += *path == '\\' && path[1] == '/';
        if (length + 1 < size) {
            out[length++] = *path;
        }
        path++;
    }
    out[length] = '\0';
    return path + (*path == '/');
}

static bool visit(const struct field *field, const char *path,
                  bool (*act)(void *context, const struct field *field), void *context)
{
    char key[128]; /* the longest of name_places.c has half of it */
    if (json_is_null(field->value)) {
        return true;
    }
    if (*path == '\0') {
        return act(context, field);
    }
    if (json_is_array(field->value)) {
        struct field item = {.holder = field->value};
        for (; item.index < json_array_size(field->value); item.index++) {
            item.value = json_array_get(field->value, item.index);
            if (!visit(&item, path, act, context)) {
                return false;
            }
        }
        return true;
    }
    const char *rest = next_key(path, key, sizeof(key));
    struct field child = {field->value, json_object_get(field->value, key), key, 0};
    return json_is_object(field->value) && (!child.value || visit(&child, rest, act, context));
}

bool fields_visit(json_t *root, const char *path,
                  bool (*act)(void *context, const struct field *field), void *context)
{
    struct field field = {.value = root};
    return visit(&field, path, act, context);
}

struct slice group_of(const char *api_version)
{
    const char *slash = strchr(api_version, '/');
    return (struct slice){api_version, slash ? (size_t)(slash - api_version) : 0};
}

/* Kinds that belong to no namespace, as kustomize knows them (kyaml's precomputed table); all
   others are taken to belong to one. */
static const struct {
    const char *api_version, *kind;
} of_cluster[] = {
    {"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"},
    {"apiextensions.k8s.io/v1", "CustomResourceDefinition"},
    {"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"},
    {"apiregistration.k8s.io/v1", "APIService"},
    {"apiregistration.k8s.io/v1beta1", "APIService"},
    {"certificates.k8s.io/v1", "CertificateSigningRequest"},
    {"certificates.k8s.io/v1beta1", "CertificateSigningRequest"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"},
    {"networking.k8s.io/v1", "IngressClass"},
    {"networking.k8s.io/v1beta1", "IngressClass"},
    {"node.k8s.io/v1", "RuntimeClass"},
    {"node.k8s.io/v1beta1", "RuntimeClass"},
    {"policy/v1beta1", "PodSecurityPolicy"},
    {"rbac.authorization.k8s.io/v1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"},
    {"scheduling.k8s.io/v1", "PriorityClass"},
    {"scheduling.k8s.io/v1beta1", "PriorityClass"},
    {"storage.k8s.io/v1", "CSIDriver"},
    {"storage.k8s.io/v1", "CSINode"},
    {"storage.k8s.io/v1", "StorageClass"},
    {"storage.k8s.io/v1", "VolumeAttachment"},
    {"storage.k8s.io/v1beta1", "CSIDriver"},
    {"storage.k8s.io/v1beta1", "CSINode"},
    {"storage.k8s.io/v1beta1", "StorageClass"},
    {"storage.k8s.io/v1beta1", "VolumeAttachment"},
    {"v1", "ComponentStatus"},
    {"v1", "Namespace"},
    {"v1", "Node"},
    {"v1", "NodeProxyOptions"},
    {"v1", "PersistentVolume"},
};

bool kind_is_of_cluster(const char *api_version, const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(of_cluster); i++) {
        if (strcmp(of_cluster[i].kind, kind) == 0 &&
            strcmp(of_cluster[i].api_version, api_version) == 0) {
            return true;
        }
    }
    return false;
}
