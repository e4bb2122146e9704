/* namespace: every object that belongs to a namespace is put into this one, as kustomize does. */
#include <string.h>

#include "render/internal.h"

static bool is_binding(const char *kind)
{
    return strcmp(kind, "RoleBinding") == 0 || strcmp(kind, "ClusterRoleBinding") == 0;
}

static bool has_account(const struct draft_list *list, const char *name)
{
    VEC_EACH(struct draft, draft, &list->all)
    {
        if (strcmp(json_text_at(draft->json, "kind", ""), "ServiceAccount") == 0 &&
            strcmp(json_text_at(draft->json, "metadata.name", ""), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Accounts that move along, and the default account of the namespace, are named where they now are. */
static void move_subjects(const struct draft_list *list, json_t *binding, const char *namespace)
{
    size_t i = 0;
    json_t *subject = NULL;
    json_array_foreach(json_object_get(binding, "subjects"), i, subject)
    {
        const char *name = json_text_at(subject, "name", "");
        bool is_account = strcmp(json_text_at(subject, "kind", ""), "ServiceAccount") == 0;
        if (is_account && (strcmp(name, "default") == 0 || has_account(list, name))) {
            json_object_set_new(subject, "namespace", json_string(namespace));
        }
    }
}

static json_t *metadata_of(json_t *object)
{
    json_t *metadata = json_object_get(object, "metadata");
    if (!json_is_object(metadata)) {
        metadata = json_object();
        json_object_set_new(object, "metadata", metadata);
    }
    return metadata;
}

bool apply_namespace(const struct manifest_kustomization *kustomization, struct draft_list *list,
                     struct err *err)
{
    const struct yaml_node *node = yaml_get(kustomization->root, "namespace");
    if (!node || (node->kind == YAML_SCALAR && !node->text[0])) {
        return true;
    }
    if (node->kind != YAML_SCALAR) {
        return err_set(err, ERR_INVALID, "line %u: namespace must be a name", node->line);
    }
    VEC_EACH(struct draft, draft, &list->all)
    {
        const char *kind = json_text_at(draft->json, "kind", "");
        const char *api_version = json_text_at(draft->json, "apiVersion", "");
        if (strcmp(kind, "Namespace") == 0 && strcmp(api_version, "v1") == 0) {
            json_object_set_new(metadata_of(draft->json), "name", json_string(node->text));
        } else if (!kind_is_of_cluster(api_version, kind)) {
            json_object_set_new(metadata_of(draft->json), "namespace", json_string(node->text));
        }
        if (is_binding(kind)) {
            move_subjects(list, draft->json, node->text);
        }
    }
    return true;
}
