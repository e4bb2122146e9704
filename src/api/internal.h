/* internal: what the files of api/ share. */
#pragma once

#include "api/api.h"
#include "base/map.h"

struct api {
    struct api_options options;
    struct sse_hub *events;      /* to people */
    struct sse_hub *commands;    /* to agents */
    struct loop_timer *flush;    /* running while something waits to be published */
    struct map changed_releases; /* "7" */
    struct map changed_cells;    /* "dev/cart" */
    struct map changed_clusters;
    struct map changed_versions;
    bool is_board_changed;
    struct map cluster_names;   /* name → its own copy, for streams */
    struct map doubles;         /* cluster → int64_t: when two agents last reported as it */
    char unready[REASON_BYTES]; /* "" : ready */
    int64_t started_ms;
    int64_t reports, requests, hooks, refused;
};

/* An agent that is silent for longer is unreachable: three heartbeats of 15 s. */
#define API_SILENT_MS 45000

/* Two agents of one name are a problem for this long after the last refused report. */
#define API_DOUBLE_MS 60000

const struct principal *asking(const struct http_exchange *exchange);

/* Views: JSON of what the engine and the store know; new references. */
json_t *view_image(const struct image *image);
json_t *view_cell(struct api *api, const char *stage,
                  const char *workload); /* NULL: no such cell */
json_t *view_board(struct api *api);
json_t *view_cell_detail(struct api *api, const char *stage, const char *workload, struct err *err);
enum release_detail { RELEASE_ROW, RELEASE_WITH_ITEMS, RELEASE_WHOLE };
json_t *view_release(struct api *api, const struct release *release, enum release_detail detail);
json_t *view_gates(const struct gate_answer *answers, const bool *applies);
json_t *view_cluster(struct api *api, const char *name,
                     bool with_workloads); /* NULL: no such cluster */
json_t *view_pipeline(struct api *api);
json_t *view_hold(const struct hold *hold);
json_t *view_report_diagnosis(const struct diagnosis *diagnosis, int64_t since_ms);
bool is_reachable(const struct api *api, const struct cluster_view *cluster);

/* A request to promote, from a body; texts live in the arena. */
bool read_promote_request(struct http_exchange *exchange, const json_t *body, struct arena *arena,
                          struct promote_request *out, struct err *err) MUST_CHECK;

/* A tag outside of the policies is listed without its digest.  True when the registry is being
   asked for one that this request needs: `handle` is called again with the answer known, or the
   exchange has been refused. */
bool resolve_first(struct api *api, struct http_exchange *exchange,
                   const struct promote_request *request, http_handler handle);

/* Who did what; a failure to write it fails the request that did it. */
bool audit(struct api *api, const char *actor, const char *verb, const char *object,
           const char *text, struct err *err) MUST_CHECK;

/* Handlers, one file per subject. */
void show_whoami(struct http_exchange *exchange, void *context);
void show_board(struct http_exchange *exchange, void *context);
void show_cell(struct http_exchange *exchange, void *context);
void show_pipeline(struct http_exchange *exchange, void *context);
void list_releases(struct http_exchange *exchange, void *context);
void show_release(struct http_exchange *exchange, void *context);
void show_release_diff(struct http_exchange *exchange, void *context);
void list_clusters(struct http_exchange *exchange, void *context);
void show_cluster(struct http_exchange *exchange, void *context);
void list_versions(struct http_exchange *exchange, void *context);
void list_holds(struct http_exchange *exchange, void *context);
void list_audit(struct http_exchange *exchange, void *context);
void follow_events(struct http_exchange *exchange, void *context);
void make_plan(struct http_exchange *exchange, void *context);
void make_release(struct http_exchange *exchange, void *context);
void approve_release(struct http_exchange *exchange, void *context);
void reject_release(struct http_exchange *exchange, void *context);
void stop_release(struct http_exchange *exchange, void *context);
void retry_release(struct http_exchange *exchange, void *context);
void make_rollback(struct http_exchange *exchange, void *context);
void make_hold(struct http_exchange *exchange, void *context);
void end_hold(struct http_exchange *exchange, void *context);
void sync_now(struct http_exchange *exchange, void *context);
void add_cluster(struct http_exchange *exchange, void *context);
void list_tokens(struct http_exchange *exchange, void *context);
void make_token(struct http_exchange *exchange, void *context);
void revoke_token(struct http_exchange *exchange, void *context);
void take_report(struct http_exchange *exchange, void *context);
void follow_commands(struct http_exchange *exchange, void *context);
void hear_registry(struct http_exchange *exchange, void *context);
void hear_git(struct http_exchange *exchange, void *context);
void show_health(struct http_exchange *exchange, void *context);
void show_ready(struct http_exchange *exchange, void *context);
void show_metrics(struct http_exchange *exchange, void *context);
void show_openapi(struct http_exchange *exchange, void *context);
