/* Outages: the Git host and the registries that cannot be asked, which makes all that is shown of
   them old. */
#include "api/internal.h"

static json_t *outage_of(const char *kind, const char *name, int64_t since_ms, const char *problem)
{
    json_t *value = json_object();
    json_put_text(value, "kind", kind);
    json_put_text(value, "name", name);
    json_put_time(value, "since", since_ms);
    json_put_text(value, "problem", problem);
    return value;
}

/* A registry that has asked to wait is not out of order, and will answer at a known time. */
static json_t *outage_of_host(const struct discover_host_status *host)
{
    if (host->refused_since_ms > 0 && host->waits_until_ms > 0) {
        json_t *value = outage_of("registry", host->host, host->refused_since_ms,
                                  "it gets too many requests (429) and has asked to wait");
        json_put_time(value, "until", host->waits_until_ms);
        return value;
    }
    return host->away_since_ms > 0
               ? outage_of("registry", host->host, host->away_since_ms, host->away_error.text)
               : NULL;
}

static void add_registries(const struct api *api, json_t *items)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_host_status *hosts = NULL;
    size_t count = discover_hosts(api->options.discover, arena, &hosts);
    for (size_t i = 0; i < count; i++) {
        json_t *value = outage_of_host(&hosts[i]);
        if (value) {
            json_array_append_new(items, value);
        }
    }
}

static void add_repositories(const struct api *api, json_t *items)
{
    static const char *const kinds[] = {[API_OUTAGE_GIT] = "git", [API_OUTAGE_HOST] = "host"};
    for (size_t i = 0; i < api->options.repository_count * API_OUTAGE_COUNT; i++) {
        size_t kind = i % API_OUTAGE_COUNT;
        size_t repository = i / API_OUTAGE_COUNT;
        const struct outage *outage = &api->outages_of[kind][repository];
        if (outage->problem[0]) {
            json_array_append_new(items,
                                  outage_of(kinds[kind], api->options.repositories[repository].url,
                                            outage->since_ms, outage->problem));
        }
    }
}

static json_t *view_outages(const struct api *api)
{
    json_t *items = json_array();
    add_repositories(api, items);
    add_registries(api, items);
    json_t *value = json_object();
    json_put(value, "items", items);
    return value;
}

void api_set_outage(struct api *api, enum api_outage kind, size_t repository, const char *why)
{
    struct outage *outage = &api->outages_of[kind][repository];
    if (why && !outage->problem[0]) {
        outage->since_ms = env_now_ms(api->options.env);
    }
    TEXT_COPY_CUT(outage->problem, why ? why : "");
}

void watch_outages(struct api *api)
{
    json_t *now = view_outages(api);
    if (json_equal(now, api->outages)) {
        json_drop(&now);
        return;
    }
    json_drop(&api->outages);
    api->outages = now;
    sse_publish(api->events, "outages", "outages", json_incref(now));
}

void list_outages(struct http_exchange *exchange, void *context)
{
    http_reply_json(exchange, 200, view_outages(context));
}
