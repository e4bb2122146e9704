/*
 * api: routes, JSON views and the event stream; what docs/api.md says.
 *
 * The web UI and the command line are its clients and have no other way in.  Everything runs on
 * the loop's thread; a plan's diff is made by a worker on the git queue.
 */
#pragma once

#include "auth/auth.h"
#include "discover/discover.h"
#include "http/http.h"
#include "promote/promote.h"

struct api_options {
    struct loop *loop;
    const struct env *env;
    struct store *store;
    struct promote *engine;
    struct discover *discover;
    /* The first one is the server's own.  Used on the queue only, but for what is shown. */
    const struct config_repository *repositories;
    size_t repository_count;
    struct chart_renderer charts; /* as well */
    struct loop_queue *git_queue;
    const char *base_path; /* "" or "/heddle": where people's browsers find this server */
    bool is_tls;
    const char *hook_secret; /* NULL: webhooks are refused */
    /* Look at Git now, and at what waits on its host; a person who asks for it also accepts a
     * history that was rewritten. */
    void (*fetch_soon)(void *context);
    void (*fetch_for_person)(void *context);
    void *context;
};

struct api;
struct api *api_new(const struct api_options *options);
void api_free(struct api **api);

/* For http_server_options: the routes, the gate before them, and their context, which is the api.
 */
extern const struct http_route api_routes[];
extern const size_t api_route_count;
/* On every answer: it is for programs, and never a page's part. */
extern const struct http_header_text api_headers[];
extern const size_t api_header_count;
bool api_authorize(struct http_exchange *exchange, int permission, void *context);

/* Something changed; people hear of it within API_FLUSH_MS, once. */
#define API_FLUSH_MS 50
void api_release_changed(struct api *api, int64_t release);
void api_cell_changed(struct api *api, const char *stage, const char *workload);
void api_cluster_changed(struct api *api, const char *cluster);
void api_version_changed(struct api *api, const char *repository);
void api_board_changed(struct api *api);
/* Tell agents to look at Git: those of one cluster, or all ("") . */
void api_tell_agents(struct api *api, const char *cluster);
/* About once a second: clusters that have fallen silent are told, and streams of tokens that have
   expired end. */
void api_tick(struct api *api);
/* A server that is not ready says why on /readyz; NULL: it is. */
void api_set_unready(struct api *api, const char *why);
/* Why a config repository cannot be fetched, or its Git host's API not be asked; NULL: it can.
   `repository` counts in api_options.repositories. */
enum api_outage { API_OUTAGE_GIT, API_OUTAGE_HOST, API_OUTAGE_COUNT };
void api_set_outage(struct api *api, enum api_outage kind, size_t repository, const char *why);
