/* Event streams: to people, and to agents.  A stream lasts as long as the token that opened it, and
 * tells of what changes by itself. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"

/* A token that has expired ends its streams within this time. */
#define RECHECK_MS 60000

void follow_events(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    sse_subscribe(api->events, exchange, NULL, http_exchange_attached(exchange));
}

static bool is_for_cluster(void *context, const char *type, const char *key)
{
    (void)type;
    const struct principal *agent = context;
    return key[0] == '\0' || strcmp(key, agent->cluster) == 0;
}

void follow_commands(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    sse_subscribe(api->commands, exchange, is_for_cluster, http_exchange_attached(exchange));
}

/* ---- their end ---- */

static void name_token(int64_t id, char out[static 24])
{
    snprintf(out, 24, "%lld", (long long)id);
}

static bool is_over(void *context, const void *reader)
{
    const struct map *in_force = context;
    const struct principal *who = reader;
    char id[24];
    name_token(who->token_id, id);
    return !map_has(in_force, id);
}

void end_streams(struct api *api)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_list list = {0};
    struct err err = {0};
    if (!store_token_list(api->options.store, arena, &list, &err)) {
        return; /* the next look will tell */
    }
    int64_t now_ms = env_now_ms(api->options.env);
    struct map in_force = {0};
    for (size_t i = 0; i < list.count; i++) {
        const struct token_row *token = &list.tokens[i];
        if (!token->revoked_ms && (!token->expires_ms || token->expires_ms > now_ms)) {
            char id[24];
            name_token(token->id, id);
            map_set(&in_force, id, NULL);
        }
    }
    sse_hub_end(api->events, is_over, &in_force);
    sse_hub_end(api->commands, is_over, &in_force);
    map_done(&in_force);
    api->streams_checked_ms = now_ms;
}

/* ---- silence ---- */

static void tell_cells(struct api *api, const struct target_view *target)
{
    for (size_t i = 0; target->scan && i < target->scan->workload_count; i++) {
        api_cell_changed(api, target->stage->name, target->scan->workloads[i].name);
    }
}

void watch_clusters(struct api *api)
{
    const struct git_view *view = promote_git(api->options.engine);
    for (size_t i = 0; view && i < view->target_count; i++) {
        const char *cluster = view->targets[i].target->cluster;
        bool was = map_has(&api->reachable, cluster);
        bool is = is_reachable(api, promote_cluster(api->options.engine, cluster));
        if (is == was) {
            continue;
        }
        if (is) {
            map_set(&api->reachable, cluster, NULL);
        } else {
            map_remove(&api->reachable, cluster);
        }
        api_cluster_changed(api, cluster);
        tell_cells(api, &view->targets[i]);
    }
}

void api_tick(struct api *api)
{
    watch_clusters(api);
    watch_outages(api);
    if (env_now_ms(api->options.env) - api->streams_checked_ms >= RECHECK_MS) {
        end_streams(api);
    }
}
