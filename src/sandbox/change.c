/* change: create, replace, patch and delete, as requests. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/json_patch.h"
#include "sandbox/refusal.h"

/* The first word of the user agent is the manager of who gives none: "kubectl/v1.32 (linux)". */
static void manager_of(const struct request *request, char out[static 128])
{
    const char *given = http_query(request->exchange, "fieldManager");
    const char *agent = http_request_header(request->exchange, "User-Agent");
    const char *text = given && given[0] ? given : agent ? agent : "unknown";
    size_t length = given && given[0] ? strlen(text) : strcspn(text, "/ ");
    snprintf(out, 128, "%.*s", (int)(length < 127 ? length : 127), text);
}

static bool is_true(const struct request *request, const char *name)
{
    const char *value = http_query(request->exchange, name);
    return value && strcmp(value, "true") == 0;
}

static bool is_dry_run(const struct request *request)
{
    return http_query(request->exchange, "dryRun") != NULL;
}

static enum merge_style style_of(const struct request *request)
{
    return kind_is(request->kind, KIND_CUSTOM) ? MERGE_CUSTOM : MERGE_KEYED;
}

static bool is_status(const struct request *request)
{
    return strcmp(request->subresource, "status") == 0;
}

static bool is_scale(const struct request *request)
{
    return strcmp(request->subresource, "scale") == 0;
}

/* The body as an object, or NULL when the request is already answered. */
static json_t *read_body(struct request *request)
{
    struct err err;
    json_t *body = json_parse(http_body_of(request->exchange), &err);
    if (!json_is_object(body) && !json_is_array(body)) {
        json_decref(body);
        cluster_refuse(request->exchange, refusal_new(400, "BadRequest", NULL, NULL,
                                                      "the body of the request is not JSON"));
        return NULL;
    }
    return body;
}

/* Objects need a namespace that is there and stays. */
static json_t *refuse_namespace(const struct request *request, const char *name)
{
    struct kind *namespaces = cluster_kind(request->cluster, "Namespace");
    if (!kind_is(request->kind, KIND_NAMESPACED)) {
        return NULL;
    }
    const json_t *namespace = objects_get(namespaces, "", request->namespace);
    if (!namespace) {
        return refusal_not_found(namespaces, request->namespace);
    }
    if (!json_at(namespace, "metadata.deletionTimestamp")) {
        return NULL;
    }
    char resource[200];
    AUTO_STR(cause, 1024);
    AUTO_STR(message, 2048);
    kind_resource(request->kind, resource);
    str_addf(&cause, "namespace %s is being terminated", request->namespace);
    str_addf(&message,
             "%s \"%s\" is forbidden: unable to create new content in namespace %s because it is "
             "being terminated",
             resource, name, request->namespace);
    json_t *refusal = refusal_new(403, "Forbidden", request->kind, name, message.text);
    refusal_add_cause(refusal, "NamespaceTerminating", cause.text, "metadata.namespace");
    return refusal;
}

/* metadata must be an object, and name and namespace those of the path. */
static json_t *refuse_identity(const struct request *request, json_t *body)
{
    json_t *metadata = json_object_get(body, "metadata");
    if (!json_is_object(metadata)) {
        metadata = json_object();
        json_put(body, "metadata", metadata);
    }
    const char *name = json_text_at(metadata, "name", request->name);
    const char *namespace = json_text_at(metadata, "namespace", request->namespace);
    if (request->name[0] && strcmp(name, request->name) != 0) {
        return refusal_new(400, "BadRequest", NULL, NULL,
                           "the name of the object does not match the name on the URL");
    }
    if (strcmp(namespace, request->namespace) != 0 && kind_is(request->kind, KIND_NAMESPACED)) {
        return refusal_new(400, "BadRequest", NULL, NULL,
                           "the namespace of the provided object does not match the namespace sent "
                           "on the request");
    }
    json_put_text(metadata, "name", name);
    if (kind_is(request->kind, KIND_NAMESPACED)) {
        json_put_text(metadata, "namespace", request->namespace);
    } else {
        json_object_del(metadata, "namespace");
    }
    return NULL;
}

/* Store, or with dryRun only say what would be stored. */
static void finish(struct request *request, json_t *live, json_t *take_next)
{
    json_t *refusal = NULL;
    AUTO_JSON *kept = json_incref(live); /* it may go while it is replaced */
    (void)kept;
    json_t *next = write_prepare(request->cluster, request->kind, live, take_next, &refusal);
    if (refusal) {
        cluster_refuse(request->exchange, refusal);
    } else if (is_dry_run(request)) {
        http_reply_json(request->exchange, live ? 200 : 201, next);
    } else {
        int status = live ? 200 : 201;
        json_t *stored = write_store(request->cluster, request->kind, live, next);
        http_reply_json(request->exchange, status,
                        is_scale(request) ? scale_of(stored) : json_incref(stored));
    }
}

/* A write through one half of the object leaves the other as it was. */
static void keep_other_half(const struct request *request, const json_t *live, json_t **next)
{
    json_t *status = json_incref(json_object_get(is_status(request) ? *next : live, "status"));
    if (is_status(request)) {
        json_drop(next);
        *next = json_deep_copy(live);
    }
    if (!kind_is(request->kind, KIND_STATUS)) {
        json_decref(status);
    } else if (status) {
        json_put(*next, "status", status);
    } else {
        json_object_del(*next, "status");
    }
}

static struct writer writer_of(const struct request *request, const char *manager)
{
    return (struct writer){.manager = manager,
                           .subresource = request->subresource,
                           .force = is_true(request, "force"),
                           .now_ms = cluster_now_ms(request->cluster)};
}

/* Whoever names a version wants to change that one and no other. */
static json_t *refuse_version(const struct request *request, const json_t *live, const json_t *next)
{
    const char *wanted = json_text_at(next, "metadata.resourceVersion", "");
    const char *uid = json_text_at(next, "metadata.uid", "");
    bool is_other =
        wanted[0] && strcmp(wanted, json_text_at(live, "metadata.resourceVersion", "")) != 0;
    if (!is_other && (!uid[0] || strcmp(uid, object_uid(live)) == 0)) {
        return NULL;
    }
    char resource[200];
    AUTO_STR(message, 1024);
    kind_resource(request->kind, resource);
    str_addf(
        &message,
        "Operation cannot be fulfilled on %s \"%s\": the object has been modified; please apply "
        "your changes to the latest version and try again",
        resource, request->name);
    return refusal_new(409, "Conflict", request->kind, request->name, message.text);
}

/* `take_next` has been made from `live` by a client's own means. */
static void update(struct request *request, json_t *live, json_t *take_next)
{
    char manager[128];
    manager_of(request, manager);
    struct writer writer = writer_of(request, manager);
    json_t *refusal = refuse_identity(request, take_next);
    refusal = refusal ? refusal : refuse_version(request, live, take_next);
    if (refusal) {
        json_decref(take_next);
        cluster_refuse(request->exchange, refusal);
        return;
    }
    keep_other_half(request, live, &take_next);
    managed_update(live, take_next, style_of(request), &writer);
    finish(request, live, take_next);
}

static void choose_name(const struct request *request, json_t *body)
{
    json_t *metadata = json_object_get(body, "metadata");
    const char *prefix = json_text_at(metadata, "generateName", "");
    if (prefix[0] && !json_object_get(metadata, "name")) {
        char suffix[NAME_SUFFIX_BYTES];
        AUTO_STR(name, RESOURCE_NAME_BYTES);
        cluster_suffix(request->cluster, suffix);
        str_addf(&name, "%s%s", prefix, suffix);
        json_put_text(metadata, "name", name.text);
    }
}

static json_t *refuse_existing(const struct request *request, const char *name)
{
    if (!objects_get(request->kind, request->namespace, name)) {
        return NULL;
    }
    char resource[200];
    AUTO_STR(message, 1024);
    kind_resource(request->kind, resource);
    str_addf(&message, "%s \"%s\" already exists", resource, name);
    return refusal_new(409, "AlreadyExists", request->kind, name, message.text);
}

void serve_create(struct request *request)
{
    char manager[128];
    json_t *body = read_body(request);
    if (!body) {
        return;
    }
    manager_of(request, manager);
    choose_name(request, body);
    json_t *refusal = refuse_identity(request, body);
    refusal = refusal ? refusal : refuse_namespace(request, object_name(body));
    refusal = refusal ? refusal : refuse_existing(request, object_name(body));
    if (refusal) {
        json_decref(body);
        cluster_refuse(request->exchange, refusal);
        return;
    }
    struct writer writer = writer_of(request, manager);
    if (kind_is(request->kind, KIND_STATUS)) {
        json_object_del(body, "status");
    }
    managed_update(NULL, body, style_of(request), &writer);
    finish(request, NULL, body);
}

static json_t *with_replicas(const json_t *live, const json_t *scale)
{
    json_t *next = json_deep_copy(live);
    const json_t *replicas = json_at(scale, "spec.replicas");
    if (json_is_integer(replicas)) {
        json_put_int(json_object_get(next, "spec"), "replicas", json_integer_value(replicas));
    }
    return next;
}

void serve_replace(struct request *request)
{
    json_t *live = objects_get(request->kind, request->namespace, request->name);
    json_t *body = live ? read_body(request) : NULL;
    if (!live) {
        cluster_refuse(request->exchange, refusal_not_found(request->kind, request->name));
    } else if (body && is_scale(request)) {
        json_t *next = with_replicas(live, body);
        json_decref(body);
        update(request, live, next);
    } else if (body) {
        update(request, live, body);
    }
}

static json_t *refuse_no_manager(void)
{
    json_t *refusal =
        refusal_new(422, "Invalid", NULL, NULL,
                    "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required "
                    "value: is required for apply patch");
    json_put_text(json_object_get(refusal, "details"), "group", "meta.k8s.io");
    json_put_text(json_object_get(refusal, "details"), "kind", "PatchOptions");
    refusal_add_cause(refusal, "FieldValueRequired", "Required value: is required for apply patch",
                      "fieldManager");
    return refusal;
}

static void apply(struct request *request, json_t *live, const json_t *body)
{
    char manager[128];
    manager_of(request, manager);
    struct writer writer = writer_of(request, manager);
    json_t *refusal = NULL;
    json_t *next = NULL;
    if (!http_query(request->exchange, "fieldManager")) {
        refusal = refuse_no_manager();
    } else if (json_at(body, "metadata.managedFields")) {
        refusal = refusal_new(400, "BadRequest", NULL, NULL, "metadata.managedFields must be nil");
    } else if (live) {
        refusal = refuse_version(request, live, body);
    } else {
        refusal = refuse_namespace(request, request->name);
    }
    if (!refusal) {
        next = managed_apply(live, body, style_of(request), &writer, &refusal);
    }
    if (refusal) {
        cluster_refuse(request->exchange, refusal);
        return;
    }
    if (live) {
        keep_other_half(request, live, &next);
    } else if (kind_is(request->kind, KIND_STATUS)) {
        json_object_del(next, "status");
    }
    finish(request, live, next);
}

/* The media types of patches, and how each is laid over the object. */
static const struct {
    const char *type;
    enum merge_style style;
} merges[] = {
    {"application/merge-patch+json", MERGE_PATCH},
    {"application/strategic-merge-patch+json", MERGE_STRATEGIC},
};

static bool has_type(const struct request *request, const char *type)
{
    const char *given = http_request_header(request->exchange, "Content-Type");
    return given && strncmp(given, type, strlen(type)) == 0;
}

static void patch_operations(struct request *request, json_t *live, const json_t *body)
{
    struct err err;
    json_t *next = json_deep_copy(live);
    if (!json_patch_apply(next, body, &err)) {
        json_decref(next);
        cluster_refuse(request->exchange, refusal_new(422, "Invalid", NULL, NULL, err.text));
        return;
    }
    update(request, live, next);
}

static void patch_live(struct request *request, json_t *live, const json_t *body)
{
    if (is_scale(request)) {
        update(request, live, with_replicas(live, body));
        return;
    }
    if (has_type(request, "application/json-patch+json")) {
        patch_operations(request, live, body);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(merges); i++) {
        if (has_type(request, merges[i].type)) {
            update(request, live, fields_merge(live, body, merges[i].style));
            return;
        }
    }
    cluster_refuse(request->exchange, refusal_new(415, "UnsupportedMediaType", NULL, NULL,
                                                  "415: Unsupported Media Type"));
}

void serve_patch(struct request *request)
{
    json_t *live = objects_get(request->kind, request->namespace, request->name);
    AUTO_JSON *body = read_body(request);
    if (!body) {
        return;
    }
    if (has_type(request, "application/apply-patch+yaml")) {
        json_t *refusal = refuse_identity(request, body);
        if (refusal) {
            cluster_refuse(request->exchange, refusal);
        } else {
            apply(request, live, body);
        }
    } else if (live) {
        patch_live(request, live, body);
    } else {
        cluster_refuse(request->exchange, refusal_not_found(request->kind, request->name));
    }
}

static enum propagation propagation_of(const struct request *request, const json_t *options)
{
    const char *query = http_query(request->exchange, "propagationPolicy");
    const char *policy = query ? query : json_text_at(options, "propagationPolicy", "Background");
    return strcmp(policy, "Orphan") == 0       ? PROPAGATE_ORPHAN
           : strcmp(policy, "Foreground") == 0 ? PROPAGATE_FOREGROUND
                                               : PROPAGATE_BACKGROUND;
}

static json_t *refuse_precondition(const struct request *request, const json_t *live,
                                   const json_t *options)
{
    const char *uid = json_text_at(options, "preconditions.uid", "");
    const char *version = json_text_at(options, "preconditions.resourceVersion", "");
    const char *have = json_text_at(live, "metadata.resourceVersion", "");
    AUTO_STR(message, 2048);
    str_addf(&message, "Operation cannot be fulfilled on %s \"%s\": ", request->kind->plural,
             request->name);
    if (uid[0] && strcmp(uid, object_uid(live)) != 0) {
        str_addf(
            &message,
            "the UID in the precondition (%s) does not match the UID in record (%s). The object "
            "might have been deleted and then recreated",
            uid, object_uid(live));
    } else if (version[0] && strcmp(version, have) != 0) {
        str_addf(
            &message,
            "the ResourceVersion in the precondition (%s) does not match the ResourceVersion in "
            "record (%s). The object might have been modified",
            version, have);
    } else {
        return NULL;
    }
    return refusal_new(409, "Conflict", request->kind, request->name, message.text);
}

static void reply_deleted(struct request *request, const char *uid)
{
    json_t *details = json_pack("{s:s,s:s,s:s}", "name", request->name, "kind",
                                request->kind->plural, "uid", uid);
    json_put_text(details, "group", request->kind->group[0] ? request->kind->group : NULL);
    http_reply_json(request->exchange, 200,
                    json_pack("{s:s,s:s,s:{},s:s,s:o}", "kind", "Status", "apiVersion", "v1",
                              "metadata", "status", "Success", "details", details));
}

static bool is_at_once(const struct request *request, const json_t *options)
{
    const char *query = http_query(request->exchange, "gracePeriodSeconds");
    return query ? strcmp(query, "0") == 0 : json_int_at(options, "gracePeriodSeconds", -1) == 0;
}

void serve_delete(struct request *request)
{
    struct err err;
    AUTO_JSON *live = json_incref(objects_get(request->kind, request->namespace, request->name));
    AUTO_JSON *options = json_loads("{}", 0, NULL);
    if (http_body_of(request->exchange).length > 0) {
        json_drop(&options);
        options = json_parse(http_body_of(request->exchange), &err);
    }
    json_t *refusal = !live ? refusal_not_found(request->kind, request->name)
                            : refuse_precondition(request, live, options);
    if (refusal) {
        cluster_refuse(request->exchange, refusal);
        return;
    }
    if (is_dry_run(request)) {
        reply_deleted(request, object_uid(live));
        return;
    }
    json_t *last = delete_object(request->cluster, request->kind, live,
                                 propagation_of(request, options), is_at_once(request, options));
    if (last) {
        http_reply_json(request->exchange, 200, json_incref(last));
    } else {
        reply_deleted(request, object_uid(live));
    }
}

void serve_delete_all(struct request *request)
{
    struct err err;
    struct selector selector;
    struct object_list list;
    if (!selector_parse(http_query(request->exchange, "labelSelector"),
                        http_query(request->exchange, "fieldSelector"), &selector, &err)) {
        cluster_refuse(request->exchange, refusal_new(400, "BadRequest", NULL, NULL, err.text));
        return;
    }
    objects_list(request->kind, request->namespace, &list);
    VEC_EACH (json_t *, object, &list.items) {
        json_t *live =
            objects_get(request->kind, simulated_namespace(*object), object_name(*object));
        if (live && selector_fits(&selector, live)) {
            delete_object(request->cluster, request->kind, live, propagation_of(request, NULL),
                          false);
        }
    }
    objects_list_done(&list);
    selector_done(&selector);
    reply_deleted(request, "");
}
