#include "sandbox/watch.h"

#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/refusal.h"

/* A client that leaves this much unread has stopped reading. */
#define QUEUE_BYTES_MAX (64U << 20)
#define TICK_MS 500
/* The end of a watch that asked for none; a real server takes 30 to 60 minutes. */
#define WATCH_MS_MAX (INT64_C(3600) * 1000)

struct watch {
    struct sandbox_cluster *cluster;
    struct kind *kind;
    char namespace[RESOURCE_NAME_BYTES];
    struct selector selector;
    struct http_body *body;
    bool wants_bookmarks;
    int64_t end_mono_ms, bookmark_mono_ms;
};

static void send(struct watch *watch, const char *type, json_t *object)
{
    if (!watch->body) {
        return;
    }
    AUTO_JSON *event = json_pack("{s:s,s:O}", "type", type, "object", object);
    AUTO(xfree) char *text = json_dumps(event, JSON_COMPACT);
    AUTO_STR(line, QUEUE_BYTES_MAX);
    str_add(&line, text);
    str_add_char(&line, '\n');
    http_body_write(watch->body, str_slice(&line));
}

static void send_bookmark(struct watch *watch, bool is_end_of_initial)
{
    char version[24];
    char api_version[160];
    snprintf(version, sizeof(version), "%lld", (long long)objects_version(watch->cluster->objects));
    kind_api_version(watch->kind, api_version);
    AUTO_JSON *object =
        json_pack("{s:s,s:s,s:{s:s,s:n}}", "kind", watch->kind->kind, "apiVersion", api_version,
                  "metadata", "resourceVersion", version, "creationTimestamp");
    if (is_end_of_initial) {
        json_put(json_object_get(object, "metadata"), "annotations",
                 json_pack("{s:s}", "k8s.io/initial-events-end", "true"));
    }
    send(watch, "BOOKMARK", object);
}

static bool wants(const struct watch *watch, const json_t *object)
{
    bool is_here =
        !watch->namespace[0] || strcmp(watch->namespace, simulated_namespace(object)) == 0;
    return object && is_here && selector_fits(&watch->selector, object);
}

/* An object that comes into or leaves the selection is new or gone, whatever happened to it. */
static void tell(void *context, const struct change *change)
{
    struct watch *watch = context;
    if (change->kind != watch->kind) {
        return;
    }
    bool was = change->before && wants(watch, change->before);
    bool is = change->type != CHANGE_DELETED && wants(watch, change->after);
    if (was || is) {
        send(watch, is ? was ? "MODIFIED" : "ADDED" : "DELETED", change->after);
    }
}

void watches_tell(struct sandbox_cluster *cluster, const struct change *change)
{
    VEC_EACH (struct watch *, watch, &cluster->watches.open) {
        tell(*watch, change);
    }
}

static void watch_free(struct watch *watch)
{
    selector_done(&watch->selector);
    free(watch);
}

static void on_close(void *context)
{
    struct watch *watch = context;
    struct watches *watches = &watch->cluster->watches;
    for (size_t i = 0; i < watches->open.count; i++) {
        if (watches->open.items[i] == watch) {
            VEC_REMOVE(&watches->open, i);
            break;
        }
    }
    watch_free(watch);
}

static void tick(void *context)
{
    struct sandbox_cluster *cluster = context;
    int64_t now_mono_ms = env_now_mono_ms(cluster->env);
    for (size_t i = cluster->watches.open.count; i-- > 0;) {
        struct watch *watch = cluster->watches.open.items[i];
        if (watch->body && now_mono_ms >= watch->end_mono_ms) {
            http_body_end(TAKE(watch->body));
        } else if (watch->wants_bookmarks && now_mono_ms >= watch->bookmark_mono_ms) {
            watch->bookmark_mono_ms = now_mono_ms + cluster->bookmark_ms;
            send_bookmark(watch, false);
        }
    }
}

void watches_start(struct sandbox_cluster *cluster)
{
    cluster->watches.timer = loop_timer_start(cluster->loop, TICK_MS, TICK_MS, tick, cluster);
}

/* The server has ended all streams, and with them the watches. */
void watches_stop(struct sandbox_cluster *cluster)
{
    loop_timer_stop(&cluster->watches.timer);
    VEC_DONE(&cluster->watches.open);
}

static void send_all(struct watch *watch)
{
    struct object_list list;
    objects_list(watch->kind, watch->namespace, &list);
    VEC_EACH (json_t *, object, &list.items) {
        if (wants(watch, *object)) {
            send(watch, "ADDED", *object);
        }
    }
    objects_list_done(&list);
}

static void send_expired(struct watch *watch, const char *version)
{
    char text[128];
    snprintf(text, sizeof(text), "too old resource version: %.20s (%lld)", version,
             (long long)objects_version(watch->cluster->objects));
    AUTO_JSON *status = refusal_new(410, "Expired", NULL, NULL, text);
    send(watch, "ERROR", status);
    http_body_end(TAKE(watch->body));
}

static bool is_true(const char *value)
{
    return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

static void begin(struct watch *watch, const struct request *request)
{
    const char *version = http_query(request->exchange, "resourceVersion");
    bool wants_initial = is_true(http_query(request->exchange, "sendInitialEvents"));
    if (wants_initial || !version || !version[0] || strcmp(version, "0") == 0) {
        send_all(watch);
        if (wants_initial && watch->wants_bookmarks) {
            send_bookmark(watch, true);
        }
    } else if (!objects_since(watch->cluster->objects, strtoll(version, NULL, 10), tell, watch)) {
        send_expired(watch, version);
    }
}

void watches_open(struct request *request)
{
    struct http_exchange *exchange = request->exchange;
    struct sandbox_cluster *cluster = request->cluster;
    const char *timeout = http_query(exchange, "timeoutSeconds");
    int64_t timeout_ms = timeout ? strtoll(timeout, NULL, 10) * 1000 : 0;
    int64_t now_mono_ms = env_now_mono_ms(cluster->env);
    struct watch *watch = xcalloc(1, sizeof(*watch));
    struct err err;

    if (!selector_parse(http_query(exchange, "labelSelector"),
                        http_query(exchange, "fieldSelector"), &watch->selector, &err)) {
        watch_free(watch);
        cluster_refuse(exchange, refusal_new(400, "BadRequest", NULL, NULL, err.text));
        return;
    }
    watch->cluster = cluster;
    watch->kind = request->kind;
    TEXT_COPY_CUT(watch->namespace, request->namespace);
    watch->wants_bookmarks = is_true(http_query(exchange, "allowWatchBookmarks"));
    watch->bookmark_mono_ms = now_mono_ms + cluster->bookmark_ms;
    watch->end_mono_ms =
        now_mono_ms + (timeout_ms > 0 && timeout_ms < WATCH_MS_MAX ? timeout_ms : WATCH_MS_MAX);
    *VEC_ADD(&cluster->watches.open) = watch;
    watch->body =
        http_reply_stream(exchange, 200, "application/json", QUEUE_BYTES_MAX, on_close, watch);
    begin(watch, request);
}
