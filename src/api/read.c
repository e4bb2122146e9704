/* Handlers that only look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"

#define LIST_LIMIT_DEFAULT 50
#define LIST_LIMIT_MAX 500

static void reply_items(struct http_exchange *exchange, json_t *items)
{
    json_t *body = json_object();
    json_put(body, "items", items);
    http_reply_json(exchange, 200, body);
}

void show_board(struct http_exchange *exchange, void *context)
{
    http_reply_json(exchange, 200, view_board(context));
}

void show_cell(struct http_exchange *exchange, void *context)
{
    struct err err = {0};
    json_t *cell = view_cell_detail(context, http_path_value(exchange, "stage"),
                                    http_path_value(exchange, "workload"), &err);
    if (cell) {
        http_reply_json(exchange, 200, cell);
    } else {
        http_reply_error(exchange, &err);
    }
}

void show_pipeline(struct http_exchange *exchange, void *context)
{
    http_reply_json(exchange, 200, view_pipeline(context));
}

/* "25" → 25; the fallback for anything else. */
static int64_t number_of(const char *text, int64_t fallback)
{
    char *end = NULL;
    long long number = text ? strtoll(text, &end, 10) : 0;
    return text && end != text && *end == '\0' && number >= 0 ? number : fallback;
}

static size_t limit_of(const struct http_exchange *exchange)
{
    int64_t limit = number_of(http_query(exchange, "limit"), LIST_LIMIT_DEFAULT);
    return (size_t)(limit < 1 ? 1 : limit > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : limit);
}

void list_releases(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    const char *since = http_query(exchange, "since");
    const char *until = http_query(exchange, "until");
    struct release_filter filter = {
        .stage = http_query(exchange, "stage"),
        .workload = http_query(exchange, "workload"),
        .kind = http_query(exchange, "kind"),
        .actor = http_query(exchange, "actor"),
        .state = http_query(exchange, "state"),
        .text = http_query(exchange, "text"),
        .since_ms = since ? clock_parse(since) : 0,
        .until_ms = until ? clock_parse(until) : 0,
        .before_id = number_of(http_query(exchange, "before"), 0),
        .limit = limit_of(exchange),
    };
    struct release_list list = {0};
    struct err err = {0};
    if (!store_release_list(api->options.store, &filter, arena, &list, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *body = json_object();
    json_t *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_array_append_new(items, view_release(api, list.releases[i], RELEASE_ROW));
    }
    json_put(body, "items", items);
    if (list.count == filter.limit) {
        json_put_int(body, "next", list.releases[list.count - 1]->id);
    }
    http_reply_json(exchange, 200, body);
}

void show_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    int64_t id = release_id_of(exchange);
    const struct release *release = promote_active(api->options.engine, id);
    struct release *stored = NULL;
    struct err err = {0};
    if (!release) {
        if (!store_release_get(api->options.store, id, arena, &stored, &err)) {
            http_reply_error(exchange, &err);
            return;
        }
        release = stored;
    }
    http_reply_json(exchange, 200, view_release(api, release, RELEASE_WHOLE));
}

static void add_cluster_view(struct api *api, json_t *items, struct map *seen, const char *name)
{
    if (!map_has(seen, name)) {
        map_set(seen, name, NULL);
        json_t *cluster = view_cluster(api, name, false);
        if (cluster) {
            json_array_append_new(items, cluster);
        }
    }
}

/* Those of the pipeline in its order, then others that have a token. */
void list_clusters(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct cluster_list list = {0};
    struct err err = {0};
    if (!store_cluster_list(api->options.store, arena, &list, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *items = json_array();
    struct map seen = {0};
    const struct git_view *view = promote_git(api->options.engine);
    for (size_t i = 0; view && i < view->target_count; i++) {
        add_cluster_view(api, items, &seen, view->targets[i].target->cluster);
    }
    for (size_t i = 0; i < list.count; i++) {
        add_cluster_view(api, items, &seen, list.clusters[i].name);
    }
    map_done(&seen);
    reply_items(exchange, items);
}

void show_cluster(struct http_exchange *exchange, void *context)
{
    json_t *cluster = view_cluster(context, http_path_value(exchange, "name"), true);
    if (cluster) {
        http_reply_json(exchange, 200, cluster);
        return;
    }
    struct err err = {0};
    err_set(&err, ERR_NOT_FOUND, "there is no cluster \"%.63s\"",
            http_path_value(exchange, "name"));
    http_reply_error(exchange, &err);
}

void list_holds(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct hold_list list = {0};
    struct err err = {0};
    if (!store_hold_list(api->options.store, env_now_ms(api->options.env), arena, &list, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_array_append_new(items, view_hold(&list.holds[i]));
    }
    reply_items(exchange, items);
}

void list_audit(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct audit_list list = {0};
    struct err err = {0};
    size_t limit = limit_of(exchange);
    if (!store_audit_list(api->options.store, number_of(http_query(exchange, "before"), 0), limit,
                          arena, &list, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        const struct audit_row *row = &list.rows[i];
        json_t *value = json_object();
        json_put_int(value, "id", row->id);
        json_put_time(value, "at", row->at_ms);
        json_put_text(value, "actor", row->actor);
        json_put_text(value, "verb", row->verb);
        json_put_text(value, "object", row->object);
        json_put_text(value, "text", row->text);
        json_array_append_new(items, value);
    }
    json_t *body = json_object();
    json_put(body, "items", items);
    if (list.count == limit) {
        json_put_int(body, "next", list.rows[list.count - 1].id);
    }
    http_reply_json(exchange, 200, body);
}
