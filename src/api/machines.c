/* What programs say and ask: agents, monitoring. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"

/* ---- agents ---- */

static bool check_reporter(const struct principal *who, const struct report *report,
                           struct err *err)
{
    if (strcmp(who->cluster, report->cluster) != 0) {
        return err_set(err, ERR_DENIED, "this token is for the cluster %s, not for %s",
                       who->cluster, report->cluster);
    }
    return true;
}

/* An agent's heartbeat comes every 15 s. */
#define SESSION_TAKEOVER_MS 20000
/* More than a server uses; with long names their lines just fit into the answer. */
#define SHOWN_REGISTRIES_MAX 40

/* Two agents with one cluster's name would overwrite each other's picture.  A new session may
   begin at any time (a restart); an old one that goes on beside it is the proof of two, and is
   told. */
static bool check_session(struct api *api, const struct report *report, struct err *err)
{
    const struct cluster_view *known = promote_cluster(api->options.engine, report->cluster);
    if (!known || !known->has_report || strcmp(known->report.session, report->session) == 0) {
        return true;
    }
    int64_t now_ms = env_now_ms(api->options.env);
    bool is_quiet = now_ms - known->seen_ms >= SESSION_TAKEOVER_MS;
    if (is_quiet || report->sequence == 1) {
        return true;
    }
    int64_t *seen = map_get(&api->doubles, report->cluster);
    if (!seen) {
        seen = xcalloc(1, sizeof(*seen));
        map_set(&api->doubles, report->cluster, seen);
    }
    *seen = now_ms;
    return err_set(err, ERR_REFUSED,
                   "another agent reports for %s; two agents must not share a cluster's name",
                   report->cluster);
}

/* What people see of a cluster, but for when it was last heard: a heartbeat is no news. */
static json_t *view_seen(struct api *api, const char *cluster)
{
    json_t *value = view_cluster(api, cluster, false);
    json_object_del(value, "seenAt");
    return value;
}

void take_report(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = http_json_body(exchange);
    if (!body) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report report;
    struct err err = {0};
    api->reports++;
    if (!report_from_json(body, arena, &report, &err) ||
        !check_reporter(asking(exchange), &report, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    AUTO_JSON *before = view_seen(api, report.cluster);
    if (!check_session(api, &report, &err) ||
        !promote_take_report(api->options.engine, &report, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    watch_clusters(api);
    AUTO_JSON *after = view_seen(api, report.cluster);
    if (!json_equal(before, after)) {
        api_cluster_changed(api, report.cluster);
    }
    http_reply_empty(exchange, 204);
    promote_tick(api->options.engine);
}

/* ---- monitoring ---- */

void show_health(struct http_exchange *exchange, void *context)
{
    (void)context;
    http_reply_bytes(exchange, 200, "text/plain", slice_of("ok\n"));
}

void show_ready(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    if (!api->unready[0]) {
        http_reply_bytes(exchange, 200, "text/plain", slice_of("ok\n"));
        return;
    }
    AUTO_STR(text, REASON_BYTES + 1);
    str_addf(&text, "%s\n", api->unready);
    http_reply_bytes(exchange, 503, "text/plain", str_slice(&text));
}

static void add_metric(struct str *out, const char *name, const char *type, const char *help,
                       int64_t value)
{
    str_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type, name,
             (long long)value);
}

static int64_t count_active(struct api *api)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_list active = {0};
    struct err err = {0};
    return store_release_active(api->options.store, arena, &active, &err) ? (int64_t)active.count
                                                                          : 0;
}

static int64_t count_reachable(struct api *api)
{
    const struct git_view *view = promote_git(api->options.engine);
    int64_t count = 0;
    for (size_t i = 0; view && i < view->target_count; i++) {
        count += is_reachable(
            api, promote_cluster(api->options.engine, view->targets[i].target->cluster));
    }
    return count;
}

static int64_t requests_of(const struct discover_host_status *host, int64_t now_ms)
{
    (void)now_ms;
    return (int64_t)host->requests;
}

static int64_t refusals_of(const struct discover_host_status *host, int64_t now_ms)
{
    (void)now_ms;
    return (int64_t)host->refusals;
}

static int64_t wait_of(const struct discover_host_status *host, int64_t now_ms)
{
    return host->waits_until_ms > now_ms ? (host->waits_until_ms - now_ms + 999) / 1000 : 0;
}

static int64_t is_spent(const struct discover_host_status *host, int64_t now_ms)
{
    (void)now_ms;
    return host->is_spent;
}

static const struct {
    const char *name, *type, *help;
    int64_t (*value)(const struct discover_host_status *host, int64_t now_ms);
} registry_metrics[] = {
    {"heddle_registry_requests_total", "counter", "Requests sent to a registry.", requests_of},
    {"heddle_registry_refusals_total", "counter", "Times that a registry answered 429.",
     refusals_of},
    {"heddle_registry_wait_seconds", "gauge",
     "For how long a registry still wants not to be asked.", wait_of},
    {"heddle_registry_budget_spent", "gauge",
     "1 while polls wait since a registry has had its requests of the hour.", is_spent},
};

/* A host needs no escaping: image_parse() lets no quote into it. */
static void add_of_registries(struct api *api, struct str *out)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_host_status *hosts = NULL;
    size_t count = discover_hosts(api->options.discover, arena, &hosts);
    int64_t now_ms = env_now_ms(api->options.env);
    for (size_t i = 0; i < COUNT_OF(registry_metrics); i++) {
        str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", registry_metrics[i].name,
                 registry_metrics[i].help, registry_metrics[i].name, registry_metrics[i].type);
        for (size_t n = 0; n < count && n < SHOWN_REGISTRIES_MAX; n++) {
            str_addf(out, "%s{registry=\"%s\"} %lld\n", registry_metrics[i].name, hosts[n].host,
                     (long long)registry_metrics[i].value(&hosts[n], now_ms));
        }
    }
}

void show_metrics(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO_STR(out, 65536);
    add_metric(&out, "heddle_releases_active", "gauge", "Releases that are not over.",
               count_active(api));
    add_metric(&out, "heddle_clusters_reachable", "gauge",
               "Clusters of the pipeline whose agent has reported within 45 s.",
               count_reachable(api));
    add_metric(&out, "heddle_event_readers", "gauge", "Open event streams of people.",
               (int64_t)sse_reader_count(api->events));
    add_metric(&out, "heddle_requests_total", "counter", "HTTP requests.", api->requests);
    add_metric(&out, "heddle_requests_refused_total", "counter",
               "Requests without sufficient credentials.", api->refused);
    add_metric(&out, "heddle_reports_total", "counter", "Reports of agents.", api->reports);
    add_metric(&out, "heddle_hooks_total", "counter", "Webhooks with a good signature.",
               api->hooks);
    add_of_registries(api, &out);
    add_metric(&out, "heddle_start_time_seconds", "gauge", "Start, in seconds since 1970.",
               api->started_ms / 1000);
    http_reply_bytes(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", str_slice(&out));
}
