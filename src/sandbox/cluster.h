/*
 * cluster: a simulated Kubernetes cluster, served over HTTP on the loop.
 *
 * The API server keeps objects in memory and answers as a real one does for what agents and kubectl
 * ask: discovery, get, list in pages, watch with bookmarks and 410, create, update, patch,
 * server-side apply with field managers, delete with owners.  Controllers and kubelets are
 * simulated too: workloads become pods, pods become ready 1 to 4 s after they were scheduled.  The
 * tag of a container's image chooses another fate: bad* crashes, oom* is killed for memory,
 * missing* cannot be pulled, slow* never passes its probe, fail* makes a Job's pod fail.  Where the
 * kinds of Flux are defined, HelmReleases become pods, too: see flux.h.
 *
 * Everything runs on the loop's thread.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"
#include "loop/loop.h"

struct sandbox_cluster;

struct sandbox_cluster_options {
    struct loop *loop;
    const struct env *env; /* NULL: env_system() */
    const char *name;      /* context and cluster of the kubeconfig */
    int nodes;             /* 0: 3; each with 8 CPUs, 32 GiB and 110 pods */
    double speed;          /* pod timings are divided by it; 0: 1 */
    int port;              /* 0: the system chooses */
    bool is_open;          /* ask for no token: kubectl sends none over plain http */
    bool has_flux;         /* the kinds of Flux are defined: what is released by charts runs */
    size_t history_max;    /* changes that a watch can go back; 0: 4096 */
    int64_t bookmark_ms;   /* between bookmarks of a watch; 0: 5 s */
};

/* Listens on 127.0.0.1.  There are the namespaces default and kube-system, and the nodes. */
bool sandbox_cluster_start(const struct sandbox_cluster_options *options,
                           struct sandbox_cluster **out, struct err *err) MUST_CHECK;
void sandbox_cluster_stop(struct sandbox_cluster **cluster); /* ends open watches */

int sandbox_cluster_port(const struct sandbox_cluster *cluster);
/* The bearer token that every request must carry. */
const char *sandbox_cluster_token(const struct sandbox_cluster *cluster);
/* A kubeconfig file's text: plain http with the token. */
void sandbox_cluster_kubeconfig(const struct sandbox_cluster *cluster, struct str *out);

/* Look at an object, or NULL; borrowed until the loop runs on.  `namespace` "" for objects of the
   whole cluster. */
const json_t *sandbox_cluster_object(const struct sandbox_cluster *cluster, const char *api_version,
                                     const char *kind, const char *namespace, const char *name);
/* As `kubectl edit` by somebody else would: a strategic merge patch (lists by their names) with
 * that manager. */
bool sandbox_cluster_edit(struct sandbox_cluster *cluster, const char *manager, const json_t *patch,
                          struct err *err) MUST_CHECK;
