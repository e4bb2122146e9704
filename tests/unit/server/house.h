/*
 * house: `heddle server` as a whole, in this process on a loop of its own: a real repository, a
 * simulated registry, real HTTP.  The test is everyone else: people, CI, the agents; and it turns
 * the server's clock.
 */
#pragma once

#include "../testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "../git/remote.h"
#include "auth/auth.h"
#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "http/http.h"
#include "model/report.h"
#include "sandbox/registry_host.h"
#include "server/server.h"

#define DEADLINE_MS 20000
#define HOOK_SECRET "a secret that hooks share"

struct house;

/* A request; only method and path must be given. */
struct ask {
    const char *method, *path;
    const char *token; /* NULL: the admin's; "": none */
    const char *body;
    const char *content_type;
    const struct http_header *headers;
    size_t header_count;
    struct slice bytes; /* a body that is no text */
};

/* Lives as long as the house. */
struct answer {
    int status;
    json_t *body; /* NULL when it is not JSON */
    struct http_result raw;
};

struct house {
    struct remote remote; /* the config repository, and the server's data beside it */
    struct loop *loop;
    pthread_t thread;
    struct sandbox_registry *registry;
    struct server *server;
    struct http_client *client;
    struct arena *arena;
    struct env env;
    bool is_deaf;          /* to hooks: the server has no secret for them, from its next start on */
    atomic_llong ahead_ms; /* of the server's clock, before the machine's */
    atomic_llong stood_mono_ms; /* where the machine's stood when house_stop_clock() was called */
    int port;
    char address[32]; /* of the registry: "127.0.0.1:4711" */
    char admin[AUTH_TOKEN_BYTES];
    int64_t began_ms;
    VEC(struct answer *) answers;
    struct map agents; /* cluster → its agent */
    /* Sees every answer that house_ask() got; or NULL. */
    void (*on_answer)(struct house *house, const struct ask *ask, const struct answer *answer);
};

/* The repository has the shop: cart, orders and web in dev, staging, prod-eu and prod-us; staging
   soaks 10 s, prod needs one approval and goes in two waves.  Its images, all at 1.0.0, are in the
   registry, and every agent has reported that they run.  cmocka's setup and teardown. */
int house_open(void **state);
int house_close(void **state);
/* The same server on the same data, killed and started again. */
void house_restart(struct house *house);
/* Run `act` on the loop's thread and wait for it. */
void house_do(struct house *house, void (*act)(struct house *house, void *context), void *context);
/* Turn the server's clock on; its timers are asked by the next tick, within a second. */
void house_pass(struct house *house, int64_t ms);
/* From now on only house_pass() moves its monotonic clock: for what is measured by it. */
void house_stop_clock(struct house *house);

const struct answer *house_ask(struct house *house, const struct ask *ask);
#define ASK(house, ...) house_ask((house), &(const struct ask){__VA_ARGS__})
/* As the admin; the answer must be a success. */
const json_t *house_get(struct house *house, const char *path);
const json_t *house_post(struct house *house, const char *path, const char *body);
/* Ask again and again until `key` of the answer has this text (of a number: its digits). */
const json_t *house_await(struct house *house, const char *path, const char *key,
                          const char *wanted);
void house_url(const struct house *house, const char *path, char out[static 512]);

/* Make a token for a person. */
const char *house_token(struct house *house, const char *name, const char *role);
/* The token of a cluster's agent. */
const char *house_agent(struct house *house, const char *cluster);

/* Push an image to the registry, tell the server by its hook, and wait until it knows. */
void house_push(struct house *house, const char *workload, const char *tag);
/* The same with the time at which it says it was built; 0: the registry's own. */
void house_push_created(struct house *house, const char *workload, const char *tag,
                        int64_t created_ms);
/* A person commits these files; wait until the server has seen it. */
void house_commit(struct house *house, const struct remote_file *files, size_t count);
#define HOUSE_COMMIT(house, ...)                                                                   \
    house_commit((house), (const struct remote_file[]){__VA_ARGS__},                               \
                 sizeof((const struct remote_file[]){__VA_ARGS__}) / sizeof(struct remote_file))
/* The text of a workload's manifest. */
const char *house_manifest(struct house *house, const char *workload, const char *tag);

/* What goes wrong with one workload of a report. */
struct trouble {
    const char *workload;
    enum workload_state state;
    struct diagnosis diagnosis;
    const char *chart; /* the one that is installed instead of Git's; NULL: what is wrong is else */
};
/* The agent of a cluster has nothing new to say. */
void house_beat(struct house *house, const char *cluster);
/* Its agent has measured this; the arrays are the report's `uses` and `drifts`. */
struct measured {
    struct capacity *capacity; /* NULL: nothing new of the nodes */
    struct report_use *uses;
    size_t use_count;
    struct report_drift *drifts;
    size_t drift_count;
};
void house_measure(struct house *house, const char *cluster, const struct measured *measured);
/* It reports that all that Git says runs there, but for this trouble. */
void house_sync(struct house *house, const char *cluster, const struct trouble *trouble);
/* The same again and again until the release is in this phase. */
const json_t *house_sync_until(struct house *house, const char *cluster,
                               const struct trouble *trouble, int64_t release, const char *phase);
/* All agents report that all is well, again and again, until the release is in this phase. */
const json_t *house_reach(struct house *house, int64_t release, const char *phase);
