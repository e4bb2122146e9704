/* api: from a path to a resource and a verb. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sandbox/cluster_internal.h"
#include "sandbox/refusal.h"

#define PATH_PARTS_MAX 10

void cluster_refuse(struct http_exchange *exchange, json_t *take_refusal)
{
    http_reply_json(exchange, refusal_code(take_refusal), take_refusal);
}

bool cluster_authorize(struct http_exchange *exchange, int permission, void *context)
{
    (void)permission;
    const struct sandbox_cluster *cluster = context;
    const char *given = http_request_header(exchange, "Authorization");
    AUTO_STR(wanted, 128);
    str_addf(&wanted, "Bearer %s", cluster->token);
    if (cluster->is_open || (given && crypto_equal(slice_of(given), str_slice(&wanted)))) {
        return true;
    }
    cluster_refuse(exchange, refusal_new(401, "Unauthorized", NULL, NULL, "Unauthorized"));
    return false;
}

/* The parts of a path; they point into `copy`. */
static size_t split(char *copy, const char *parts[static PATH_PARTS_MAX])
{
    size_t count = 0;
    char *rest = copy;
    for (char *part = strtok_r(copy, "/", &rest); part && count < PATH_PARTS_MAX;
         part = strtok_r(NULL, "/", &rest)) {
        parts[count++] = part;
    }
    return count;
}

/* namespaces/NS/PLURAL[/NAME[/SUB]] or PLURAL[/NAME[/SUB]]; a namespace itself is the second. */
static bool find_resource(struct request *request, const char *group, const char *version,
                          const char *const *parts, size_t count)
{
    bool is_within = count >= 3 && strcmp(parts[0], "namespaces") == 0 &&
                     kinds_find(&request->cluster->kinds, group, version, parts[2]);
    const char *namespace = is_within ? parts[1] : "";
    parts += is_within ? 2 : 0;
    count -= is_within ? 2 : 0;
    request->kind =
        count > 0 ? kinds_find(&request->cluster->kinds, group, version, parts[0]) : NULL;
    return request->kind && count <= 3 &&
           is_within == (is_within && kind_is(request->kind, KIND_NAMESPACED)) &&
           TEXT_COPY(request->namespace, namespace) &&
           TEXT_COPY(request->name, count > 1 ? parts[1] : "") &&
           TEXT_COPY(request->subresource, count > 2 ? parts[2] : "");
}

static bool parse_path(struct request *request, const char *const *parts, size_t count)
{
    if (count >= 3 && strcmp(parts[0], "api") == 0) {
        return find_resource(request, "", parts[1], parts + 2, count - 2);
    }
    if (count >= 4 && strcmp(parts[0], "apis") == 0) {
        return find_resource(request, parts[1], parts[2], parts + 3, count - 3);
    }
    return false;
}

static bool serves_subresource(const struct request *request)
{
    const char *name = request->subresource;
    return !name[0] || (strcmp(name, "status") == 0 && kind_is(request->kind, KIND_STATUS)) ||
           (strcmp(name, "scale") == 0 && kind_is(request->kind, KIND_SCALE));
}

/* An object of a namespaced kind is only found within its namespace. */
static bool is_complete(const struct request *request, enum http_method method)
{
    bool is_one = request->name[0] || method == HTTP_POST;
    return !is_one || !kind_is(request->kind, KIND_NAMESPACED) || request->namespace[0];
}

static void refuse_path(struct http_exchange *exchange, int code)
{
    cluster_refuse(exchange, code == 405
                                 ? refusal_new(405, "MethodNotAllowed", NULL, NULL,
                                               "the server does not allow this method on the "
                                               "requested resource")
                                 : refusal_new(404, "NotFound", NULL, NULL,
                                               "the server could not find the requested resource"));
}

/* Verbs on one object and on a collection. */
static const struct {
    enum http_method method;
    void (*on_object)(struct request *request);
    void (*on_collection)(struct request *request);
} verbs[] = {
    {HTTP_GET, serve_get, serve_list},
    {HTTP_POST, NULL, serve_create},
    {HTTP_PUT, serve_replace, NULL},
    {HTTP_PATCH, serve_patch, NULL},
    {HTTP_DELETE, serve_delete, serve_delete_all},
};

void cluster_handle(struct http_exchange *exchange, void *context)
{
    struct request request = {.cluster = context, .exchange = exchange};
    enum http_method method = http_method_of(exchange);
    const char *parts[PATH_PARTS_MAX];
    AUTO(xfree) char *copy = xstrdup(http_path(exchange));
    size_t count = split(copy, parts);

    if (!parse_path(&request, parts, count)) {
        if (method == HTTP_GET) {
            serve_discover(exchange, request.cluster, http_path(exchange));
        } else {
            refuse_path(exchange, 404);
        }
        return;
    }
    if (!serves_subresource(&request) || !is_complete(&request, method)) {
        refuse_path(exchange, 404);
        return;
    }
    if (kind_is(request.kind, KIND_MEASURED)) {
        serve_usage(&request);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        void (*verb)(struct request *) =
            request.name[0] ? verbs[i].on_object : verbs[i].on_collection;
        if (verbs[i].method == method && verb) {
            verb(&request);
            return;
        }
    }
    refuse_path(exchange, 405);
}
