/* house: a simulated cluster on its own thread, and a client that talks to it. */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "http/client.h"
#include "sandbox/cluster.h"

struct house {
    struct loop *loop;
    struct sandbox_cluster *cluster;
    pthread_t thread;
    struct http_client *client;
    const char *token; /* sent with each request; NULL: none */
    int port;
};

/* Fails the test when the cluster does not start.  loop is filled in. */
void house_open(struct house *house, struct sandbox_cluster_options options);
void house_close(struct house *house);

/* One request; the answer's JSON, or NULL when it was none.  The caller owns it.  `type` is that of
   the body; both may be NULL. */
json_t *house_call(struct house *house, const char *method, const char *path, const char *type,
                   const char *body, int *out_status);
/* The same, of which the status is asserted. */
json_t *house_expect(struct house *house, int status, const char *method, const char *path,
                     const char *body);
/* GET until the value at `at` is as wanted (text, or number as text); fails after ten seconds. */
void house_wait(struct house *house, const char *path, const char *at, const char *wanted);
void house_wait_gone(struct house *house, const char *path);
/* Read a watch until it ends; its events, in order. */
json_t *house_watch(struct house *house, const char *path);

/* "Deployment" and so on, with these replicas, for a service account of tests: JSON text from the
 * arena. */
const char *house_workload(struct arena *arena, const char *kind, const char *name, int replicas,
                           const char *image);
