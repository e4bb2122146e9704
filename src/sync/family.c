/*
 * family: workloads whose objects do not name them as owner.
 *
 * What a Helm chart or Knative makes is found by the labels that they put on it.  Both get one key,
 * as long as a uid, so that the family stands among the owners.
 */
#include <stdio.h>
#include <string.h>

#include "sync/engine.h"

static const struct {
    enum workload_kind kind;
    const char *name_label;
    const char *namespace_label; /* NULL: the object stands in the workload's own namespace */
} families[] = {
    {WORKLOAD_HELM_RELEASE, "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"},
    {WORKLOAD_KNATIVE_SERVICE, "serving.knative.dev/service", NULL},
};

static void make_key(enum workload_kind kind, struct slice namespace, const char *name,
                     char out[static KUBE_UID_BYTES])
{
    uint64_t hash = hash64(HASH64_START, namespace.bytes, namespace.length);
    hash = hash64(hash, "/", 1);
    hash = hash64(hash, name, strlen(name));
    snprintf(out, KUBE_UID_BYTES, "%s %016llx", workload_kind_name(kind), (unsigned long long)hash);
}

void family_of_workload(enum workload_kind kind, struct slice namespace, const char *name,
                        char out[static KUBE_UID_BYTES])
{
    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        if (families[i].kind == kind) {
            make_key(kind, namespace, name, out);
        }
    }
}

static const char *label_of(const json_t *object, const char *label)
{
    const json_t *value = json_object_get(json_at(object, "metadata.labels"), label);
    return json_is_string(value) ? json_string_value(value) : "";
}

void family_of_object(const json_t *object, char out[static KUBE_UID_BYTES])
{
    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(families) && !out[0]; i++) {
        const char *name = label_of(object, families[i].name_label);
        const char *namespace = families[i].namespace_label
                                    ? label_of(object, families[i].namespace_label)
                                    : json_text_at(object, "metadata.namespace", "");
        if (name[0] && namespace[0]) {
            make_key(families[i].kind, slice_of(namespace), name, out);
        }
    }
}

/* A HelmRelease may put its objects into another namespace. */
char *family_namespace(enum workload_kind kind, const struct render_object *wanted)
{
    struct err ignored = {0};
    AUTO_JSON *object =
        kind == WORKLOAD_HELM_RELEASE
            ? json_parse((struct slice){wanted->json, wanted->json_length}, &ignored)
            : NULL;
    const char *namespace = json_text_at(object, "spec.targetNamespace", "");
    return namespace[0] ? xstrdup(namespace) : NULL;
}
