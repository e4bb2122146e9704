/* What the files of the simulated cluster share. */
#pragma once

#include "http/server.h"
#include "sandbox/agenda.h"
#include "sandbox/cluster.h"
#include "sandbox/control.h"
#include "sandbox/managed.h"
#include "sandbox/objects.h"
#include "sandbox/selector.h"
#include "sandbox/watch.h"

#define RESOURCE_NAME_BYTES 254 /* DNS subdomain: 253 characters */
#define NAME_SUFFIX_BYTES 6
#define CLUSTER_ROUTES 40 /* eight lengths of paths, five methods */

struct sandbox_cluster {
    struct loop *loop;
    const struct env *env;
    char name[64];
    char token[44];
    bool is_open;
    double speed;
    int node_count;
    int64_t bookmark_ms;
    struct http_route routes[CLUSTER_ROUTES];
    struct http_server *server;
    struct kinds kinds;
    struct objects *objects;
    struct watches watches;
    struct agenda *agenda;
    struct control control;
};

int64_t cluster_now_ms(const struct sandbox_cluster *cluster);
/* A time of pods, made shorter by the cluster's speed. */
int64_t cluster_paced_ms(const struct sandbox_cluster *cluster, int64_t ms);
uint32_t cluster_random(const struct sandbox_cluster *cluster, uint32_t below);
/* Five characters, as Kubernetes makes names unique. */
void cluster_suffix(const struct sandbox_cluster *cluster, char out[static NAME_SUFFIX_BYTES]);
struct kind *cluster_kind(const struct sandbox_cluster *cluster, const char *kind);

/* What a request is about. */
struct request {
    struct sandbox_cluster *cluster;
    struct http_exchange *exchange;
    struct kind *kind;
    char namespace[RESOURCE_NAME_BYTES]; /* "": all, or of the cluster */
    char name[RESOURCE_NAME_BYTES];      /* "": the collection */
    char subresource[64];
};

/* The one handler of all paths. */
void cluster_handle(struct http_exchange *exchange, void *context);
bool cluster_authorize(struct http_exchange *exchange, int permission, void *context);
void cluster_refuse(struct http_exchange *exchange, json_t *take_refusal);
/* What the subresource scale shows of an object. */
json_t *scale_of(const json_t *object);
/* read.c, change.c, usage.c, discovery.c */
void serve_get(struct request *request);
void serve_list(struct request *request);
void serve_create(struct request *request);
void serve_replace(struct request *request);
void serve_patch(struct request *request);
void serve_delete(struct request *request);
void serve_delete_all(struct request *request);
void serve_usage(struct request *request);
void serve_discover(struct http_exchange *exchange, const struct sandbox_cluster *cluster,
                    const char *path);

/* Complete and check `take_next` (defaults, uid, generation): a new value, or NULL and a refusal.
 */
json_t *write_prepare(struct sandbox_cluster *cluster, const struct kind *kind, const json_t *live,
                      json_t *take_next, json_t **out_refusal);
/* Store what was prepared, unless it is equal to `live`; what is stored then, borrowed. */
json_t *write_store(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                    json_t *take_next);
/* Both for controllers: a write that would be refused is dropped. */
json_t *write_own(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                  json_t *take_next);
/* Delete as Kubernetes does: pods and objects with finalizers are only marked first, owned objects
   follow unless orphaned.  Borrowed last state, or NULL when it is gone. */
enum propagation { PROPAGATE_BACKGROUND, PROPAGATE_FOREGROUND, PROPAGATE_ORPHAN };
json_t *delete_object(struct sandbox_cluster *cluster, struct kind *kind, json_t *live,
                      enum propagation propagation, bool at_once);
/* Take it out of the store, and what it owned with it. */
void delete_now(struct sandbox_cluster *cluster, struct kind *kind, json_t *live);
/* A namespace that is ending goes when nothing is in it any more. */
void namespace_sweep(struct sandbox_cluster *cluster, json_t *namespace);
