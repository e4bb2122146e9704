/* replicas: counts by name. */
#include <stdlib.h>
#include <string.h>

#include "render/internal.h"

static bool has_replicas(const char *kind)
{
    static const char *const kinds[] = {"Deployment", "ReplicaSet", "ReplicationController",
                                        "StatefulSet"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

/* By any name that it ever had. */
static bool is_meant(const struct draft *draft, const char *name)
{
    struct identity identity;
    for (size_t n = 0; identity_at(draft, n, &identity); n++) {
        if (strcmp(identity.name, name) == 0 && has_replicas(identity.kind)) {
            return true;
        }
    }
    return false;
}

static size_t set_count(struct draft_list *list, const char *name, int64_t count)
{
    size_t found = 0;
    VEC_EACH (struct draft, draft, &list->all) {
        json_t *spec = json_object_get(draft->json, "spec");
        if (json_is_object(spec) && is_meant(draft, name)) {
            json_object_set_new(spec, "replicas", json_integer(count));
            found++;
        }
    }
    return found;
}

bool apply_replicas(struct transformation *work, struct err *err)
{
    const struct yaml_node *entries = yaml_get(work->kustomization->root, "replicas");
    for (size_t i = 0; entries && entries->kind == YAML_SEQUENCE && i < entries->item_count; i++) {
        const struct yaml_node *entry = entries->items[i];
        const char *name = yaml_text(entry, "name");
        const char *text = yaml_text(entry, "count");
        char *end = NULL;
        long count = text ? strtol(text, &end, 10) : -1;
        if (!name || !text || *end != '\0' || count < 0) {
            return err_set(err, ERR_INVALID,
                           "line %u: an entry of replicas needs a name and a count", entry->line);
        }
        if (set_count(work->list, name, count) == 0) {
            return err_set(err, ERR_INVALID,
                           "line %u: replicas names \"%.63s\", which is not there", entry->line,
                           name);
        }
    }
    return true;
}
