/*
 * harness: a cluster, a Git repository and a server around one agent.
 *
 * The cluster is whatever HEDDLE_TEST_KUBECONFIG names, or else a real control plane from
 * HEDDLE_TEST_RIG (build/rig) that is started once.  The agent runs in this process, on the
 * test's loop, and cannot tell: it speaks HTTP and Git to everything.
 */
#pragma once

#include "../../unit/testing.h"

#include "agent/agent.h"
#include "base/json.h"
#include "base/map.h"
#include "http/http.h"
#include "kube/kube.h"

/* cmocka's group fixtures. */
int cluster_start(void **state);
int cluster_stop(void **state);
const char *cluster_kubeconfig(void);

struct world {
    struct loop *loop;
    struct kube *hands; /* what a person would do with kubectl */
    struct http_server *server;
    struct sse_hub *commands;
    int server_port;
    struct agent *agent;
    char folder[128]; /* of everything below */
    char cluster[32]; /* a name that no other test has */
    char namespace[32];
    struct map workloads; /* name → json_t of its last report */
    json_t *last;         /* the last report, whole */
    unsigned posts;       /* reports taken */
    bool asks_for_full;   /* answer the next report with "conflict" */
    bool has_full;        /* a full report came since */
};

/* A fresh world with an empty repository; the agent is not started. */
void world_open(struct world *world, const char *name);
void world_close(struct world *world);
void world_start_agent(struct world *world);
void world_stop_agent(struct world *world);
/* The server's way of being away. */
void world_stop_server(struct world *world);

/* Files under the agent's path; %NS% in the text becomes the world's namespace. */
void world_write(struct world *world, const char *file, const char *text);
void world_remove(struct world *world, const char *file);
/* Commit what was written, push, and tell the agent to look.  The commit stays valid until the
   next call. */
const char *world_push(struct world *world);
void world_hide_repository(struct world *world, bool is_hidden);

/* Run the loop until the condition holds; fail after `within_ms`, with the last report. */
typedef bool (*condition)(struct world *world, const void *argument);
void eventually(struct world *world, const char *what, condition holds, const void *argument,
                int64_t within_ms);
/* Let things happen that must not; `never` is asked all the time. */
void meanwhile(struct world *world, const char *what, condition never, const void *argument,
               int64_t for_ms);

/* Often used conditions; the argument is the commit, or the name of a workload. */
bool is_listening(struct world *world, const void *nothing);
bool is_applied(struct world *world, const void *commit);
bool is_healthy(struct world *world, const void *workload);
bool is_stuck(struct world *world, const void *workload);
/* A problem whose file and text have these parts. */
struct wanted_problem {
    const char *file, *text;
};
bool has_problem(struct world *world, const void *wanted_problem);
bool has_no_problem(struct world *world, const void *nothing);

const json_t *world_workload(const struct world *world, const char *name);

/* What a person does; paths are relative to the namespace: "apis/apps/v1 deployments/web". */
json_t *hand_get(struct world *world, const char *api, const char *rest); /* NULL: there is none */
void hand_apply(struct world *world, const char *api, const char *rest, const char *manager,
                const char *object);
void hand_delete(struct world *world, const char *api, const char *rest);

/* A Deployment (and nothing else) of one container "main". */
void world_write_deployment(struct world *world, const char *name, int replicas, const char *image);
