#include "api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "api/plan_views.h"

struct api *api_new(const struct api_options *options)
{
    struct api *api = xcalloc(1, sizeof(*api));
    api->options = *options;
    api->events = sse_hub_new(options->loop);
    api->commands = sse_hub_new(options->loop);
    api->started_ms = env_now_ms(options->env);
    api->streams_checked_ms = api->started_ms;
    api->document = openapi_read();
    api->renders = renders_new();
    api->outages = json_pack("{s:[]}", "items");
    for (size_t i = 0; i < API_OUTAGE_COUNT; i++) {
        api->outages_of[i] = xcalloc(options->repository_count, sizeof(struct outage));
    }
    page_prepare(api);
    return api;
}

static void free_values(struct map *map)
{
    MAP_EACH (slot, map) {
        free(slot->value);
    }
    map_done(map);
}

void api_free(struct api **api)
{
    if (!*api) {
        return;
    }
    loop_timer_stop(&(*api)->flush);
    sse_hub_free(&(*api)->events);
    sse_hub_free(&(*api)->commands);
    json_drop(&(*api)->document);
    map_done(&(*api)->changed_releases);
    map_done(&(*api)->changed_cells);
    map_done(&(*api)->changed_clusters);
    map_done(&(*api)->changed_versions);
    forget_plans(*api);
    map_done(&(*api)->reachable);
    json_drop(&(*api)->outages);
    for (size_t i = 0; i < API_OUTAGE_COUNT; i++) {
        free((*api)->outages_of[i]);
    }
    free_values(&(*api)->doubles);
    renders_free(&(*api)->renders);
    free((*api)->page);
    xfree(api);
}

void api_set_unready(struct api *api, const char *why)
{
    TEXT_COPY_CUT(api->unready, why ? why : "");
}

/* ---- who is asking ---- */

const struct principal *asking(const struct http_exchange *exchange)
{
    return http_exchange_attached(exchange);
}

/* A program shows its token with each request; a browser has a session. */
static const char *bearer_of(const struct http_exchange *exchange)
{
    const char *header = http_request_header(exchange, "Authorization");
    return header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

static bool identify(struct api *api, struct http_exchange *exchange, struct principal *out,
                     struct err *err)
{
    const char *secret = bearer_of(exchange);
    return secret ? auth_identify(api->options.store, api->options.env, secret, out, err)
                  : identify_browser(api, exchange, out, err);
}

bool api_authorize(struct http_exchange *exchange, int permission, void *context)
{
    struct api *api = context;
    api->requests++;
    if (permission == PERMISSION_PUBLIC) {
        return true;
    }
    struct err err = {0};
    struct principal *who = xcalloc(1, sizeof(*who));
    http_exchange_attach(exchange, who, free);
    if (identify(api, exchange, who, &err) &&
        auth_require(who, (enum permission)permission, &err)) {
        return check_query(api, exchange);
    }
    api->refused++;
    http_reply_error(exchange, &err);
    return false;
}

bool audit(struct api *api, const char *actor, const char *verb, const char *object,
           const char *text, struct err *err)
{
    struct audit_row row = {.at_ms = env_now_ms(api->options.env)};
    TEXT_COPY_CUT(row.actor, actor);
    TEXT_COPY_CUT(row.verb, verb);
    TEXT_COPY_CUT(row.object, object);
    TEXT_COPY_CUT(row.text, text ? text : "");
    return store_audit_add(api->options.store, &row, err);
}

/* ---- telling people ---- */

static void publish_releases(struct api *api)
{
    MAP_EACH (slot, &api->changed_releases) {
        AUTO(arena_free) struct arena *arena = arena_new();
        int64_t id = strtoll(slot->key, NULL, 10);
        const struct release *release = promote_active(api->options.engine, id);
        struct release *stored = NULL;
        struct err err = {0};
        if (!release && store_release_get(api->options.store, id, arena, &stored, &err)) {
            release = stored;
        }
        if (release) {
            char key[40];
            snprintf(key, sizeof(key), "release/%s", slot->key);
            sse_publish(api->events, "release", key,
                        view_release(api, release, RELEASE_WITH_ITEMS));
        }
    }
    map_done(&api->changed_releases);
}

static void publish_cells(struct api *api)
{
    MAP_EACH (slot, &api->changed_cells) {
        const char *slash = strchr(slot->key, '/');
        char stage[NAME_BYTES];
        snprintf(stage, sizeof(stage), "%.*s", (int)(slash - slot->key), slot->key);
        json_t *cell = view_cell(api, stage, slash + 1);
        if (!cell) {
            continue;
        }
        json_t *event = json_object();
        json_put_text(event, "workload", slash + 1);
        json_put(event, "cell", cell);
        char key[NAME_BYTES * 2 + 8];
        snprintf(key, sizeof(key), "cell/%s", slot->key);
        sse_publish(api->events, "cell", key, event);
    }
    map_done(&api->changed_cells);
}

static void publish_clusters(struct api *api)
{
    MAP_EACH (slot, &api->changed_clusters) {
        char key[NAME_BYTES + 16];
        snprintf(key, sizeof(key), "cluster/%s", slot->key);
        json_t *cluster = view_cluster(api, slot->key, false);
        if (cluster) {
            sse_publish(api->events, "cluster", key, cluster);
        }
    }
    map_done(&api->changed_clusters);
}

static void publish_versions(struct api *api)
{
    MAP_EACH (slot, &api->changed_versions) {
        const struct version_row *newest = promote_newest(api->options.engine, slot->key);
        if (newest) {
            json_t *event = json_object();
            json_put_text(event, "repository", newest->repository);
            json_put_text(event, "tag", newest->tag);
            json_put_text(event, "digest", newest->digest);
            char key[IMAGE_REPOSITORY_BYTES + 16];
            snprintf(key, sizeof(key), "version/%s", slot->key);
            sse_publish(api->events, "version", key, event);
        }
    }
    map_done(&api->changed_versions);
}

static void flush(void *context)
{
    struct api *api = context;
    api->flush = NULL; /* a one-shot timer ends itself */
    if (api->is_board_changed) {
        api->is_board_changed = false;
        sse_publish(api->events, "pipeline", "pipeline", json_object());
    }
    publish_releases(api);
    publish_cells(api);
    publish_clusters(api);
    publish_versions(api);
}

static void flush_soon(struct api *api)
{
    if (!api->flush) {
        api->flush = loop_timer_start(api->options.loop, API_FLUSH_MS, 0, flush, api);
    }
}

void api_release_changed(struct api *api, int64_t release)
{
    char key[24];
    snprintf(key, sizeof(key), "%lld", (long long)release);
    map_set(&api->changed_releases, key, NULL);
    flush_soon(api);
}

void api_cell_changed(struct api *api, const char *stage, const char *workload)
{
    char key[NAME_BYTES * 2];
    snprintf(key, sizeof(key), "%s/%s", stage, workload);
    map_set(&api->changed_cells, key, NULL);
    flush_soon(api);
}

void api_cluster_changed(struct api *api, const char *cluster)
{
    map_set(&api->changed_clusters, cluster, NULL);
    flush_soon(api);
}

void api_version_changed(struct api *api, const char *repository)
{
    map_set(&api->changed_versions, repository, NULL);
    flush_soon(api);
}

void api_board_changed(struct api *api)
{
    api->is_board_changed = true;
    flush_soon(api);
}

void api_tell_agents(struct api *api, const char *cluster)
{
    json_t *command = json_object();
    json_put_text(command, "cluster", cluster);
    sse_publish(api->commands, "sync", cluster, command);
}
