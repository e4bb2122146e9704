/* discovery: which resources there are, in the forms that clients ask for. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/refusal.h"

static json_t *verbs(const struct kind *kind)
{
    return kind_is(kind, KIND_MEASURED)
               ? json_pack("[s]", "list")
               : json_pack("[ssssssss]", "create", "delete", "deletecollection", "get", "list",
                           "patch", "update", "watch");
}

static json_t *verbs_of_subresource(void)
{
    return json_pack("[sss]", "get", "patch", "update");
}

/* The subresources of a kind; NULL ends the list. */
static void subresources_of(const struct kind *kind, const char *out[3])
{
    size_t count = 0;
    if (kind_is(kind, KIND_STATUS)) {
        out[count++] = "status";
    }
    if (kind_is(kind, KIND_SCALE)) {
        out[count++] = "scale";
    }
    out[count] = NULL;
}

static void add_resource(const struct kind *kind, json_t *list)
{
    bool is_namespaced = kind_is(kind, KIND_NAMESPACED);
    const char *parts[3];
    json_t *resource =
        json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", kind->plural, "singularName", kind->singular,
                  "namespaced", is_namespaced, "kind", kind->kind, "verbs", verbs(kind));
    if (kind->short_name[0]) {
        json_put(resource, "shortNames", json_pack("[s]", kind->short_name));
    }
    json_array_append_new(list, resource);
    subresources_of(kind, parts);
    for (size_t i = 0; parts[i]; i++) {
        char name[96];
        snprintf(name, sizeof(name), "%s/%s", kind->plural, parts[i]);
        json_array_append_new(list, json_pack("{s:s,s:s,s:b,s:s,s:o}", "name", name, "singularName",
                                              "", "namespaced", is_namespaced, "kind", kind->kind,
                                              "verbs", verbs_of_subresource()));
    }
}

static json_t *resource_list(const struct sandbox_cluster *cluster, const char *group_version)
{
    char api_version[160];
    json_t *resources = json_array();
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        kind_api_version(*kind, api_version);
        if ((*kind)->plural[0] && strcmp(api_version, group_version) == 0) {
            add_resource(*kind, resources);
        }
    }
    if (json_array_size(resources) == 0) {
        json_decref(resources);
        return NULL;
    }
    return json_pack("{s:s,s:s,s:s,s:o}", "kind", "APIResourceList", "apiVersion", "v1",
                     "groupVersion", group_version, "resources", resources);
}

static json_t *group_of(const struct kind *kind)
{
    char api_version[160];
    kind_api_version(kind, api_version);
    json_t *version = json_pack("{s:s,s:s}", "groupVersion", api_version, "version", kind->version);
    return json_pack("{s:s,s:[O],s:o}", "name", kind->group, "versions", version,
                     "preferredVersion", version);
}

/* Call once for each group except the core, by its first kind. */
static bool is_first_of_group(const struct sandbox_cluster *cluster, const struct kind *kind)
{
    VEC_EACH (struct kind *, other, &cluster->kinds.all) {
        if ((*other)->plural[0] && strcmp((*other)->group, kind->group) == 0) {
            return *other == kind;
        }
    }
    return false;
}

static json_t *group_list(const struct sandbox_cluster *cluster)
{
    json_t *groups = json_array();
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        if ((*kind)->group[0] && is_first_of_group(cluster, *kind)) {
            json_array_append_new(groups, group_of(*kind));
        }
    }
    return json_pack("{s:s,s:s,s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups", groups);
}

static json_t *one_group(const struct sandbox_cluster *cluster, const char *group)
{
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        if (group[0] && strcmp((*kind)->group, group) == 0 && (*kind)->plural[0]) {
            json_t *found = group_of(*kind);
            json_put_text(found, "kind", "APIGroup");
            json_put_text(found, "apiVersion", "v1");
            return found;
        }
    }
    return NULL;
}

static json_t *response_kind(const struct kind *kind)
{
    return json_pack("{s:s,s:s,s:s}", "group", "", "version", "", "kind", kind->kind);
}

static json_t *aggregated_resource(const struct kind *kind)
{
    const char *parts[3];
    json_t *below = json_array();
    subresources_of(kind, parts);
    for (size_t i = 0; parts[i]; i++) {
        json_array_append_new(below,
                              json_pack("{s:s,s:o,s:o}", "subresource", parts[i], "responseKind",
                                        response_kind(kind), "verbs", verbs_of_subresource()));
    }
    json_t *resource = json_pack("{s:s,s:o,s:s,s:s,s:o}", "resource", kind->plural, "responseKind",
                                 response_kind(kind), "scope",
                                 kind_is(kind, KIND_NAMESPACED) ? "Namespaced" : "Cluster",
                                 "singularResource", kind->singular, "verbs", verbs(kind));
    if (kind->short_name[0]) {
        json_put(resource, "shortNames", json_pack("[s]", kind->short_name));
    }
    if (json_array_size(below) > 0) {
        json_put(resource, "subresources", below);
    } else {
        json_decref(below);
    }
    return resource;
}

/* All kinds of a group and version, in the form of apidiscovery.k8s.io/v2. */
static json_t *aggregated_group(const struct sandbox_cluster *cluster, const struct kind *first)
{
    json_t *resources = json_array();
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        if (strcmp((*kind)->group, first->group) == 0 &&
            strcmp((*kind)->version, first->version) == 0 && (*kind)->plural[0]) {
            json_array_append_new(resources, aggregated_resource(*kind));
        }
    }
    json_t *metadata = json_object();
    json_put_text(metadata, "name", first->group[0] ? first->group : NULL);
    return json_pack("{s:o,s:[{s:s,s:o,s:s}]}", "metadata", metadata, "versions", "version",
                     first->version, "resources", resources, "freshness", "Current");
}

static json_t *aggregated(const struct sandbox_cluster *cluster, bool is_core)
{
    json_t *items = json_array();
    VEC_EACH (struct kind *, kind, &cluster->kinds.all) {
        if (((*kind)->group[0] == '\0') == is_core && is_first_of_group(cluster, *kind)) {
            json_array_append_new(items, aggregated_group(cluster, *kind));
        }
    }
    return json_pack("{s:s,s:s,s:{},s:o}", "kind", "APIGroupDiscoveryList", "apiVersion",
                     "apidiscovery.k8s.io/v2", "metadata", "items", items);
}

static json_t *versions(const struct sandbox_cluster *cluster)
{
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%d", sandbox_cluster_port(cluster));
    return json_pack("{s:s,s:[s],s:[{s:s,s:s}]}", "kind", "APIVersions", "versions", "v1",
                     "serverAddressByClientCIDRs", "clientCIDR", "0.0.0.0/0", "serverAddress",
                     address);
}

static json_t *server_version(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s}", "major", "1", "minor", "36", "gitVersion", "v1.36.3",
                     "gitTreeState", "clean", "platform", "linux/amd64");
}

static bool wants_aggregated(const struct http_exchange *exchange)
{
    const char *accept = http_request_header(exchange, "Accept");
    return accept && strstr(accept, "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
}

static json_t *answer_to(const struct http_exchange *exchange,
                         const struct sandbox_cluster *cluster, const char *path)
{
    bool is_aggregated = wants_aggregated(exchange);
    if (strcmp(path, "/version") == 0) {
        return server_version();
    }
    if (strcmp(path, "/api") == 0) {
        return is_aggregated ? aggregated(cluster, true) : versions(cluster);
    }
    if (strcmp(path, "/apis") == 0) {
        return is_aggregated ? aggregated(cluster, false) : group_list(cluster);
    }
    if (strncmp(path, "/api/", 5) == 0) {
        return resource_list(cluster, path + 5);
    }
    if (strncmp(path, "/apis/", 6) == 0) {
        return strchr(path + 6, '/') ? resource_list(cluster, path + 6)
                                     : one_group(cluster, path + 6);
    }
    return NULL;
}

void serve_discover(struct http_exchange *exchange, const struct sandbox_cluster *cluster,
                    const char *path)
{
    static const char *const health[] = {"/healthz", "/readyz", "/livez"};
    for (size_t i = 0; i < COUNT_OF(health); i++) {
        if (strcmp(path, health[i]) == 0) {
            http_reply_bytes(exchange, 200, "text/plain; charset=utf-8", slice_of("ok"));
            return;
        }
    }
    json_t *answer = answer_to(exchange, cluster, path);
    if (!answer) {
        cluster_refuse(exchange, refusal_new(404, "NotFound", NULL, NULL,
                                             "the server could not find the requested resource"));
        return;
    }
    if (strcmp(json_text_at(answer, "kind", ""), "APIGroupDiscoveryList") == 0) {
        AUTO(xfree) char *text = json_text(answer);
        json_decref(answer);
        http_reply_bytes(exchange, 200,
                         "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                         slice_of(text));
        return;
    }
    http_reply_json(exchange, 200, answer);
}
