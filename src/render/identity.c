/* What an object is, and what it was called before: names are followed, and patches find their
   target, by any of them. */
#include <string.h>

#include "render/internal.h"

#define OF_NO_NAMESPACE "(the cluster)"

static const char *effective_namespace(const char *api_version, const char *kind,
                                       const char *namespace)
{
    if (kind_is_of_cluster(api_version, kind)) {
        return OF_NO_NAMESPACE;
    }
    return namespace[0] ? namespace : "default";
}

struct identity identity_of(const struct draft *draft)
{
    struct identity identity = {
        .api_version = json_text_at(draft->json, "apiVersion", ""),
        .kind = json_text_at(draft->json, "kind", ""),
        .name = json_text_at(draft->json, "metadata.name", ""),
    };
    identity.namespace = effective_namespace(identity.api_version, identity.kind,
                                             json_text_at(draft->json, "metadata.namespace", ""));
    return identity;
}

bool identity_at(const struct draft *draft, size_t n, struct identity *out)
{
    const struct former *former = draft->formers;
    for (; former && n > 0; former = former->next) {
        n--;
    }
    *out = identity_of(draft);
    if (former) {
        out->kind = former->kind;
        out->namespace = former->namespace;
        out->name = former->name;
    }
    return former || n == 0;
}

bool identity_equals(const struct identity *left, const struct identity *right)
{
    return strcmp(left->name, right->name) == 0 && strcmp(left->kind, right->kind) == 0 &&
           strcmp(left->namespace, right->namespace) == 0 &&
           strcmp(left->api_version, right->api_version) == 0;
}

void remember_identity(struct arena *arena, struct draft *draft)
{
    struct identity identity = identity_of(draft);
    struct former **end = &draft->formers;
    while (*end) {
        end = &(*end)->next;
    }
    *end = ARENA_NEW(arena, struct former);
    (*end)->kind = arena_strdup(arena, identity.kind);
    (*end)->namespace = arena_strdup(arena, identity.namespace);
    (*end)->name = arena_strdup(arena, identity.name);
}

bool was_ever(const struct draft *draft, const struct identity *identity)
{
    struct identity other;
    for (size_t n = 0; identity_at(draft, n, &other); n++) {
        if (identity_equals(&other, identity)) {
            return true;
        }
    }
    return false;
}

bool identity_is_a(const struct identity *identity, const char *group, const char *version,
                   const char *kind)
{
    const char *slash = strchr(identity->api_version, '/');
    const char *own_version = slash ? slash + 1 : identity->api_version;
    return (!kind || strcmp(kind, identity->kind) == 0) &&
           (!version || strcmp(version, own_version) == 0) &&
           (!group || slice_equals(group_of(identity->api_version), group));
}

static const char *key_of(struct arena *arena, const struct draft *draft)
{
    struct identity identity = identity_of(draft);
    struct slice group = group_of(identity.api_version);
    return arena_printf(arena, "%.*s/%s/%s/%s", (int)group.length, group.bytes, identity.kind,
                        identity.namespace, identity.name);
}

bool check_unique(struct arena *arena, const struct draft_list *list, struct err *err)
{
    AUTO(map_done) struct map seen = {0};
    for (size_t i = 0; i < list->all.count; i++) {
        struct draft *draft = &list->all.items[i];
        const struct draft *first = map_set(&seen, key_of(arena, draft), draft);
        if (first) {
            return err_set(err, ERR_INVALID, "%s %s is defined in %s:%u and in %s:%u; remove one",
                           json_text_at(draft->json, "kind", ""),
                           json_text_at(draft->json, "metadata.name", ""), first->file, first->line,
                           draft->file, draft->line);
        }
    }
    return true;
}
