/* discovery: which kinds the API server has, and where. */
#include <stdio.h>
#include <string.h>

#include "kube/connection.h"

/* Newest form first; a server that knows none of them answers with plain lists of groups. */
#define ACCEPT                                                                                     \
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                        \
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
#define DISCOVERY_BYTES_MAX (16U << 20)
#define TYPES_MAX 20000

static bool fetch(struct kube *kube, const char *path, json_t **out, struct err *err)
{
    AUTO_STR(url, 2048);
    str_addf(&url, "%s%s", kube->server, path);
    struct http_call call = kube_call(kube, "GET", url.text);
    call.headers = &(struct http_header){"Accept", ACCEPT};
    call.header_count = 1;
    call.body_bytes_max = DISCOVERY_BYTES_MAX;
    AUTO(http_result_done) struct http_result result = {0};
    if (!http_perform(kube->client, &call, &result, err)) {
        return false;
    }
    if (result.status == 401) {
        kube_token_refresh(kube, true);
    }
    if (result.status != 200) {
        return kube_failure(result.status, str_slice(&result.body), err);
    }
    *out = json_parse(str_slice(&result.body), err);
    return *out != NULL;
}

static bool has_verb(const json_t *verbs, const char *verb)
{
    for (size_t i = 0; i < json_array_size(verbs); i++) {
        const char *offered = json_string_value(json_array_get(verbs, i));
        if (offered && strcmp(offered, verb) == 0) {
            return true;
        }
    }
    return false;
}

static bool can_manage(const json_t *verbs)
{
    static const char *const needed[] = {"get", "list", "watch", "patch", "delete"};
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        if (!has_verb(verbs, needed[i])) {
            return false;
        }
    }
    return true;
}

struct group_version {
    const char *group, *version;
    bool is_preferred;
};

static struct kube_type *add_type(struct kube_types *types, const struct group_version *where,
                                  const char *kind, const char *plural)
{
    if (types->all.count >= TYPES_MAX || !kind[0] || !plural[0]) {
        return NULL;
    }
    struct kube_type *type = VEC_ADD(&types->all);
    *type = (struct kube_type){
        .group = arena_strdup(types->arena, where->group),
        .version = arena_strdup(types->arena, where->version),
        .kind = arena_strdup(types->arena, kind),
        .plural = arena_strdup(types->arena, plural),
        .is_preferred = where->is_preferred,
    };
    return type;
}

static void note_missing(struct kube_types *types, const char *group)
{
    if (!types->is_partial) {
        TEXT_COPY_CUT(types->missing, group);
    }
    types->is_partial = true;
}

/* ---- aggregated: everything in two answers ---- */

static void read_aggregated_version(struct kube_types *types, const struct group_version *where,
                                    const json_t *resources)
{
    for (size_t i = 0; i < json_array_size(resources); i++) {
        const json_t *resource = json_array_get(resources, i);
        struct kube_type *type =
            add_type(types, where, json_text_at(resource, "responseKind.kind", ""),
                     json_text_at(resource, "resource", ""));
        if (type) {
            type->is_namespaced = strcmp(json_text_at(resource, "scope", ""), "Namespaced") == 0;
            type->is_manageable = can_manage(json_array_at(resource, "verbs"));
        }
    }
}

static void read_aggregated(struct kube_types *types, const json_t *list)
{
    const json_t *groups = json_array_at(list, "items");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const char *name = json_text_at(group, "metadata.name", "");
        const json_t *versions = json_array_at(group, "versions");
        for (size_t v = 0; v < json_array_size(versions); v++) {
            const json_t *version = json_array_get(versions, v);
            struct group_version where = {name, json_text_at(version, "version", ""), v == 0};
            if (strcmp(json_text_at(version, "freshness", "Current"), "Stale") == 0) {
                note_missing(types, name);
            }
            read_aggregated_version(types, &where, json_array_at(version, "resources"));
        }
    }
}

/* ---- one by one: older servers ---- */

static void read_plain_version(struct kube *kube, struct kube_types *types,
                               const struct group_version *where)
{
    char path[512];
    if (where->group[0]) {
        snprintf(path, sizeof(path), "/apis/%s/%s", where->group, where->version);
    } else {
        snprintf(path, sizeof(path), "/api/%s", where->version);
    }
    struct err err = {0};
    AUTO_JSON *list = NULL;
    if (!fetch(kube, path, &list, &err)) {
        note_missing(types, where->group);
        return;
    }
    const json_t *resources = json_array_at(list, "resources");
    for (size_t i = 0; i < json_array_size(resources); i++) {
        const json_t *resource = json_array_get(resources, i);
        const char *name = json_text_at(resource, "name", "");
        if (strchr(name, '/')) {
            continue; /* a subresource */
        }
        struct kube_type *type = add_type(types, where, json_text_at(resource, "kind", ""), name);
        if (type) {
            type->is_namespaced = json_bool_at(resource, "namespaced", false);
            type->is_manageable = can_manage(json_array_at(resource, "verbs"));
        }
    }
}

static void read_plain_groups(struct kube *kube, struct kube_types *types, const json_t *list)
{
    const json_t *groups = json_array_at(list, "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const char *preferred = json_text_at(group, "preferredVersion.version", "");
        const json_t *versions = json_array_at(group, "versions");
        for (size_t v = 0; v < json_array_size(versions); v++) {
            const char *version = json_text_at(json_array_get(versions, v), "version", "");
            struct group_version where = {json_text_at(group, "name", ""), version,
                                          strcmp(version, preferred) == 0};
            read_plain_version(kube, types, &where);
        }
    }
}

static void read_plain_core(struct kube *kube, struct kube_types *types, const json_t *list)
{
    const json_t *versions = json_array_at(list, "versions");
    for (size_t v = 0; v < json_array_size(versions); v++) {
        const char *version = json_string_value(json_array_get(versions, v));
        struct group_version where = {"", version ? version : "", v == 0};
        read_plain_version(kube, types, &where);
    }
}

static bool discover_root(struct kube *kube, const char *path, struct kube_types *types,
                          struct err *err)
{
    AUTO_JSON *list = NULL;
    if (!fetch(kube, path, &list, err)) {
        return err_wrap(err, "ask %s which kinds it has", kube->server);
    }
    if (strcmp(json_text_at(list, "kind", ""), "APIGroupDiscoveryList") == 0) {
        read_aggregated(types, list);
    } else if (json_object_get(list, "groups")) {
        read_plain_groups(kube, types, list);
    } else {
        read_plain_core(kube, types, list);
    }
    return true;
}

bool kube_discover(struct kube *kube, struct kube_types **out, struct err *err)
{
    struct kube_types *types = xcalloc(1, sizeof(*types));
    types->arena = arena_new();
    if (!discover_root(kube, "/api", types, err) || !discover_root(kube, "/apis", types, err)) {
        kube_types_free(&types);
        return false;
    }
    *out = types;
    return true;
}

void kube_types_free(struct kube_types **types)
{
    if (*types) {
        VEC_DONE(&(*types)->all);
        arena_free(&(*types)->arena);
        xfree(types);
    }
}

const struct kube_type *kube_type_find(const struct kube_types *types, const char *api_version,
                                       const char *kind)
{
    const char *slash = strchr(api_version, '/');
    size_t group_length = slash ? (size_t)(slash - api_version) : 0;
    const char *version = slash ? slash + 1 : api_version;
    VEC_EACH (struct kube_type, type, &types->all) {
        if (strcmp(type->kind, kind) == 0 && strcmp(type->version, version) == 0 &&
            strlen(type->group) == group_length &&
            memcmp(type->group, api_version, group_length) == 0) {
            return type;
        }
    }
    return NULL;
}

void kube_path(struct str *out, const struct kube_type *type, const char *namespace,
               const char *name)
{
    if (type->group[0]) {
        str_addf(out, "/apis/%s/%s", type->group, type->version);
    } else {
        str_addf(out, "/api/%s", type->version);
    }
    if (type->is_namespaced && namespace[0]) {
        str_addf(out, "/namespaces/%s", namespace);
    }
    str_addf(out, "/%s", type->plural);
    if (name[0]) {
        str_addf(out, "/%s", name);
    }
}
