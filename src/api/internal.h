/* internal: what the files of api/ share. */
#pragma once

#include "api/api.h"
#include "base/map.h"
#include "crypto/crypto.h"

#define ADDRESS_BYTES 46 /* an IPv6 address as text */

/* Where hooks come from, and when it has paid for those that it sent. */
struct hook_source {
    char address[ADDRESS_BYTES];
    int64_t due_ms; /* monotonic */
};
#define HOOK_SOURCES_MAX 64

struct renders;

struct outage {
    int64_t since_ms;
    char problem[REASON_BYTES]; /* "" : there is none */
};

/* A plan that was shown, for the words of its refusal when it is no longer true. */
struct seen_plan {
    char digest[SHA256_HEX_BYTES];
    json_t *plan;
};
#define SEEN_PLANS_MAX 64

struct api {
    struct api_options options;
    json_t *document;            /* OpenAPI */
    struct sse_hub *events;      /* to people */
    struct sse_hub *commands;    /* to agents */
    struct loop_timer *flush;    /* running while something waits to be published */
    struct map changed_releases; /* "7" */
    struct map changed_cells;    /* "dev/cart" */
    struct map changed_clusters;
    struct map changed_versions;
    bool is_board_changed;
    struct map doubles; /* cluster → int64_t: when two agents last reported as it */
    struct hook_source hook_sources[HOOK_SOURCES_MAX];
    struct seen_plan seen[SEEN_PLANS_MAX]; /* a ring */
    size_t seen_count;                     /* since the start */
    int64_t streams_checked_ms;
    struct map reachable; /* clusters that were, when that was last looked at */
    json_t *outages;      /* as people were told */
    struct outage *outages_of[API_OUTAGE_COUNT]; /* of each repository */
    struct renders *renders;                     /* for the git queue */
    char unready[REASON_BYTES];                  /* "" : ready */
    char *page;                                  /* the UI's, with its base path */
    char page_etag[40];
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
/* Where the pipeline has a cluster's target: repository, branch and path; NULL: nowhere. */
json_t *view_place(const struct api *api, const char *cluster);
json_t *view_cluster(struct api *api, const char *name,
                     bool with_workloads); /* NULL: no such cluster */
json_t *view_pipeline(struct api *api);
json_t *view_hold(const struct hold *hold);
json_t *view_report_diagnosis(const struct diagnosis *diagnosis, int64_t since_ms);
bool is_reachable(const struct api *api, const struct cluster_view *cluster);

/* Whose session is it?  Gives the browser its next cookie when that is due, and refuses writes that
   did not come from a page of ours. */
bool identify_browser(struct api *api, struct http_exchange *exchange, struct principal *out,
                      struct err *err) MUST_CHECK;
/* The UI's page, with the base path filled in. */
void page_prepare(struct api *api);

/* The OpenAPI document; a new reference. */
json_t *openapi_read(void);
/* Is the query one that the document describes?  Else it is answered. */
bool check_query(struct api *api, struct http_exchange *exchange);
/* The body, as the document describes it; NULL when it is not, and then it is answered. */
const json_t *read_body(struct api *api, struct http_exchange *exchange);

/* A request to promote, from a body; texts live in the arena. */
bool read_promote_request(struct http_exchange *exchange, const json_t *body, struct arena *arena,
                          struct promote_request *out, struct err *err) MUST_CHECK;

/* A tag outside of the policies is listed without its digest.  True when the registry is being
   asked for one that this request needs: `handle` is called again with the answer known, or the
   exchange has been refused. */
bool resolve_first(struct api *api, struct http_exchange *exchange,
                   const struct promote_request *request, http_handler handle);

/* Tell which clusters have fallen silent, which sends nothing that could say so, or came back. */
void watch_clusters(struct api *api);
/* Tell what cannot be reached any more, and what can again. */
void watch_outages(struct api *api);
/* End the streams of tokens that are no longer in force. */
void end_streams(struct api *api);

/* Remember a plan that people see; refuse a release of one that is another now, naming the first
   line that differs. */
void remember_plan(struct api *api, const char *digest, const json_t *plan);
bool check_seen_plan(struct api *api, const struct promote_request *request,
                     struct err *err) MUST_CHECK;
void forget_plans(struct api *api);

/* The Idempotency-Key of a request, bound to who sends it and to what is sent; "" when there is
   none. */
#define REQUEST_KEY_BYTES ((size_t)SHA256_HEX_BYTES * 2)
bool read_request_key(const struct http_exchange *exchange, char out[static REQUEST_KEY_BYTES],
                      struct err *err) MUST_CHECK;
/* True when the request has been answered: its key made a release before, or it is of another
   request. */
bool answer_again(struct api *api, struct http_exchange *exchange);
/* The same for a plan that this person has under way. */
bool answer_same_plan(struct api *api, struct http_exchange *exchange,
                      const struct promote_request *request);
void reply_release(struct api *api, struct http_exchange *exchange, int status, int64_t id);
/* "R-7" or "7" of the path; 0, which no release has, for all else. */
int64_t release_id_of(const struct http_exchange *exchange);

/* Who did what; a failure to write it fails the request that did it. */
bool audit(struct api *api, const char *actor, const char *verb, const char *object,
           const char *text, struct err *err) MUST_CHECK;

/* Handlers, one file per subject. */
void show_whoami(struct http_exchange *exchange, void *context);
void list_sessions(struct http_exchange *exchange, void *context);
void sign_in(struct http_exchange *exchange, void *context);
void sign_out(struct http_exchange *exchange, void *context);
void sign_out_everywhere(struct http_exchange *exchange, void *context);
void show_page(struct http_exchange *exchange, void *context);
void show_board(struct http_exchange *exchange, void *context);
void show_cell(struct http_exchange *exchange, void *context);
void show_pipeline(struct http_exchange *exchange, void *context);
void list_releases(struct http_exchange *exchange, void *context);
void show_release(struct http_exchange *exchange, void *context);
void show_release_diff(struct http_exchange *exchange, void *context);
void show_release_impact(struct http_exchange *exchange, void *context);
void list_clusters(struct http_exchange *exchange, void *context);
void show_cluster(struct http_exchange *exchange, void *context);
void list_versions(struct http_exchange *exchange, void *context);
void list_outages(struct http_exchange *exchange, void *context);
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
/* Addresses of hooks: what a key is made for. */
#define HOOK_REGISTRY "/hooks/registry"
#define HOOK_GIT "/hooks/git"
void hear_registry(struct http_exchange *exchange, void *context);
void hear_git(struct http_exchange *exchange, void *context);
void show_health(struct http_exchange *exchange, void *context);
void show_ready(struct http_exchange *exchange, void *context);
void show_metrics(struct http_exchange *exchange, void *context);
void show_openapi(struct http_exchange *exchange, void *context);
