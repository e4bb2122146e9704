/* namespace: every object that belongs to a namespace is put into this one, as kustomize does. */
#include <string.h>

#include "render/internal.h"

/* Whatever is called default is named where it is now; other accounts are followed by name. */
static void move_subjects(json_t *binding, const char *namespace)
{
    size_t i = 0;
    json_t *subject = NULL;
    json_array_foreach (json_object_get(binding, "subjects"), i, subject) {
        if (json_is_object(subject) && strcmp(json_text_at(subject, "name", ""), "default") == 0) {
            json_object_set_new(subject, "namespace", json_string(namespace));
        }
    }
}

/* Places besides metadata that name the namespace of an object's own service. */
static const struct {
    const char *group, *kind, *path;
    bool create;
} service_places[] = {
    {"apiregistration.k8s.io", "APIService", "spec.service", true},
    {"apiextensions.k8s.io", "CustomResourceDefinition",
     "spec.conversion.webhook.clientConfig.service", false},
};

static void move_services(json_t *object, json_t *namespace_pair)
{
    struct slice group = group_of(json_text_at(object, "apiVersion", ""));
    for (size_t i = 0; i < COUNT_OF(service_places); i++) {
        if (slice_equals(group, service_places[i].group) &&
            strcmp(json_text_at(object, "kind", ""), service_places[i].kind) == 0) {
            fields_put(object, service_places[i].path, service_places[i].create, namespace_pair);
        }
    }
}

static bool is_binding(const char *kind)
{
    return strcmp(kind, "RoleBinding") == 0 || strcmp(kind, "ClusterRoleBinding") == 0;
}

static void move_object(json_t *object, json_t *namespace_pair, const char *namespace)
{
    const char *kind = json_text_at(object, "kind", "");
    const char *api_version = json_text_at(object, "apiVersion", "");
    if (strcmp(kind, "Namespace") == 0 && strcmp(api_version, "v1") == 0) {
        /* It belongs to none; kustomize renames it, so that the objects find it. */
        json_object_set_new(json_object_get(object, "metadata"), "name", json_string(namespace));
    } else if (!kind_is_of_cluster(api_version, kind)) {
        fields_put(object, "metadata", true, namespace_pair);
    }
    move_services(object, namespace_pair);
}

bool apply_namespace(struct transformation *work, struct err *err)
{
    const struct yaml_node *node = yaml_get(work->kustomization->root, "namespace");
    const char *namespace = yaml_text(work->kustomization->root, "namespace");
    if (node && node->kind != YAML_SCALAR) {
        return err_set(err, ERR_INVALID, "line %u: namespace must be a name", node->line);
    }
    if (!namespace || !namespace[0]) {
        return true;
    }
    AUTO_JSON *pair = json_pack("{s:s}", "namespace", namespace);
    VEC_EACH (struct draft, draft, &work->list->all) {
        remember_identity(work->arena, draft);
        move_object(draft->json, pair, namespace);
        if (is_binding(json_text_at(draft->json, "kind", ""))) {
            move_subjects(draft->json, namespace);
        }
    }
    return check_unique(work->arena, work->list, err);
}
