/* read: get and list. */
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sandbox/cluster_internal.h"
#include "sandbox/refusal.h"

json_t *scale_of(const json_t *object)
{
    return json_pack("{s:s,s:s,s:{s:s,s:s,s:s,s:s},s:{s:I},s:{s:I}}", "kind", "Scale", "apiVersion",
                     "autoscaling/v1", "metadata", "name", object_name(object), "namespace",
                     simulated_namespace(object), "uid", object_uid(object), "resourceVersion",
                     json_text_at(object, "metadata.resourceVersion", ""), "spec", "replicas",
                     (json_int_t)json_int_at(object, "spec.replicas", 0), "status", "replicas",
                     (json_int_t)json_int_at(object, "status.replicas", 0));
}

void serve_get(struct request *request)
{
    const char *watch = http_query(request->exchange, "watch");
    json_t *object = objects_get(request->kind, request->namespace, request->name);
    if (watch && strcmp(watch, "1") == 0) {
        watches_open(request);
    } else if (!object) {
        cluster_refuse(request->exchange, refusal_not_found(request->kind, request->name));
    } else if (strcmp(request->subresource, "scale") == 0) {
        http_reply_json(request->exchange, 200, scale_of(object));
    } else {
        http_reply_json(request->exchange, 200, json_incref(object));
    }
}

/* A page's place in a list. */
struct place {
    int64_t version;
    char start[(size_t)2 *
               RESOURCE_NAME_BYTES]; /* "namespace/name" of the last object of the page before */
};

static void write_place(const struct place *place, struct str *out)
{
    AUTO_STR(text, 1024);
    str_addf(&text, "%lld %s", (long long)place->version, place->start);
    crypto_base64(str_slice(&text), out);
}

static bool read_place(const char *token, struct place *out)
{
    struct err err;
    AUTO_STR(text, 1024);
    char *end = NULL;
    if (!crypto_unbase64(slice_of(token), &text, &err)) {
        return false;
    }
    out->version = strtoll(text.text, &end, 10);
    return end && *end == ' ' && TEXT_COPY(out->start, end + 1);
}

static void key_of(const json_t *object, char out[static(size_t) 2 * RESOURCE_NAME_BYTES])
{
    snprintf(out, (size_t)2 * RESOURCE_NAME_BYTES, "%s/%s", simulated_namespace(object),
             object_name(object));
}

/* Items of lists of built-in kinds do not repeat their kind, as those of a real server. */
static json_t *item_of(const struct kind *kind, json_t *object)
{
    if (kind_is(kind, KIND_CUSTOM)) {
        return json_incref(object);
    }
    json_t *item = json_copy(object);
    json_object_del(item, "kind");
    json_object_del(item, "apiVersion");
    return item;
}

/* Fill the page; returns how many objects that fit are left over. */
static size_t fill_page(const struct request *request, const struct selector *selector,
                        struct place *place, size_t limit, json_t *items)
{
    struct object_list list;
    size_t left = 0;
    char key[(size_t)2 * RESOURCE_NAME_BYTES];
    char last[(size_t)2 * RESOURCE_NAME_BYTES] = "";
    bool is_after = place->start[0] == '\0';
    objects_list(request->kind, request->namespace, &list);
    VEC_EACH (json_t *, object, &list.items) {
        key_of(*object, key);
        if (!is_after) {
            /* The last one of the page before may be gone: its place counts. */
            is_after = strcmp(key, place->start) > 0;
        }
        if (!is_after || !selector_fits(selector, *object)) {
            continue;
        }
        if (limit > 0 && json_array_size(items) >= limit) {
            left++;
        } else {
            json_array_append_new(items, item_of(request->kind, *object));
            TEXT_COPY_CUT(last, key);
        }
    }
    objects_list_done(&list);
    TEXT_COPY_CUT(place->start, last);
    return left;
}

static void reply_list(const struct request *request, const struct place *place, size_t left,
                       json_t *take_items)
{
    char name[80];
    char api_version[160];
    char version[24];
    json_t *metadata = json_object();
    snprintf(name, sizeof(name), "%sList", request->kind->kind);
    snprintf(version, sizeof(version), "%lld", (long long)place->version);
    kind_api_version(request->kind, api_version);
    json_put_text(metadata, "resourceVersion", version);
    if (left > 0) {
        AUTO_STR(token, 2048);
        write_place(place, &token);
        json_put_text(metadata, "continue", token.text);
        json_put_int(metadata, "remainingItemCount", (int64_t)left);
    }
    http_reply_json(request->exchange, 200,
                    json_pack("{s:s,s:s,s:o,s:o}", "kind", name, "apiVersion", api_version,
                              "metadata", metadata, "items", take_items));
}

static void list(struct request *request)
{
    struct err err;
    struct selector selector;
    struct place place = {.version = objects_version(request->cluster->objects)};
    const char *limit = http_query(request->exchange, "limit");
    const char *token = http_query(request->exchange, "continue");
    if (token && token[0] && !read_place(token, &place)) {
        cluster_refuse(request->exchange,
                       refusal_new(400, "BadRequest", NULL, NULL,
                                   "invalid continue token: continue key is not valid"));
        return;
    }
    if (!selector_parse(http_query(request->exchange, "labelSelector"),
                        http_query(request->exchange, "fieldSelector"), &selector, &err)) {
        cluster_refuse(request->exchange, refusal_new(400, "BadRequest", NULL, NULL, err.text));
        return;
    }
    json_t *items = json_array();
    size_t page = limit ? (size_t)strtoul(limit, NULL, 10) : 0;
    size_t left = fill_page(request, &selector, &place, page, items);
    reply_list(request, &place, left, items);
    selector_done(&selector);
}

void serve_list(struct request *request)
{
    const char *watch = http_query(request->exchange, "watch");
    if (watch && (strcmp(watch, "1") == 0 || strcmp(watch, "true") == 0)) {
        watches_open(request);
    } else {
        list(request);
    }
}
