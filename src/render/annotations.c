/* commonAnnotations: on objects and on the pods that they make. */
#include <string.h>

#include "render/internal.h"

/* kustomize's own table (its package builtinpluginconsts). */
static const struct {
    const char *kind;
    const char *group, *version; /* NULL: any */
    const char *path;
} places[] = {
    {NULL, NULL, NULL, "metadata.annotations"},
    {"ReplicationController", NULL, "v1", "spec.template.metadata.annotations"},
    {"Deployment", NULL, NULL, "spec.template.metadata.annotations"},
    {"ReplicaSet", NULL, NULL, "spec.template.metadata.annotations"},
    {"DaemonSet", NULL, NULL, "spec.template.metadata.annotations"},
    {"StatefulSet", NULL, NULL, "spec.template.metadata.annotations"},
    {"Job", "batch", NULL, "spec.template.metadata.annotations"},
    {"CronJob", "batch", NULL, "spec.jobTemplate.metadata.annotations"},
    {"CronJob", "batch", NULL, "spec.jobTemplate.spec.template.metadata.annotations"},
};

static void annotate(struct draft *draft, json_t *pairs)
{
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct identity identity = identity_of(draft);
        if (identity_is_a(&identity, places[i].group, places[i].version, places[i].kind)) {
            fields_put(draft->json, places[i].path, true, pairs);
        }
    }
}

bool apply_common_annotations(struct transformation *work, struct err *err)
{
    const struct yaml_node *node = yaml_get(work->kustomization->root, "commonAnnotations");
    if (!node || node->kind == YAML_SCALAR) {
        return !node || node->text_length == 0 ||
               leave_to_program(work, "commonAnnotations", node, err);
    }
    AUTO_JSON *pairs = text_pairs(node, "annotation", err);
    if (!pairs) {
        return false;
    }
    VEC_EACH (struct draft, draft, &work->list->all) {
        if (json_object_size(pairs) > 0) {
            annotate(draft, pairs);
        }
    }
    return true;
}
