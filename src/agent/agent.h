/*
 * agent: the wiring of `heddle agent`: one cluster, one path, one server to tell about it.
 *
 * It needs no inbound port: reports are posted, commands come over a long answer.  The server may
 * be away for as long as it likes: syncing and putting back changes by hand do not ask it.  Which
 * repository and path it follows stands in its own options; the server cannot point it elsewhere.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "git/git.h"
#include "loop/loop.h"

struct agent_options {
    const char *server;     /* URL */
    const char *cluster;    /* its name there */
    const char *token_file; /* from `heddle cluster add`; read again when the server refuses it */
    const char *ca_file;    /* of the server's certificate; NULL: the system's */
    const char *repository; /* URL or path of the config repository */
    const char *branch;     /* NULL: "main" */
    const char *path;       /* in it: "clusters/dev" */
    const char *pipeline_file; /* in it, as the server has it; NULL: "heddle.yaml" */
    const char *kubeconfig;    /* NULL: the service account of the pod it runs in */
    const char *context;       /* of the kubeconfig; NULL: its current one */
    const char *data;    /* folder for the mirror and caches; NULL: /var/lib/heddle-agent/CLUSTER */
    int64_t interval_ms; /* between looks at Git; 0: 30 s */
    int64_t capacity_ms; /* between measurements of nodes and usage; 0: 30 s */
    struct git_options git; /* its credentials, and whom to trust; the rest comes from above */
    bool allow_prune_all;   /* delete what left Git, however much it is */
    const struct env *env;  /* NULL: the system's clock */
};

struct agent;
/* Start on the caller's loop; several may share one.  Errors are those of the options; a server, a
   repository or a cluster that is away is tried again and again. */
bool agent_start(struct loop *loop, const struct agent_options *options, struct agent **out,
                 struct err *err) MUST_CHECK;
/* Jobs under way end by themselves on the loop. */
void agent_stop(struct agent **agent);

/* The command: start, work until SIGTERM or SIGINT, stop. */
bool agent_run(const struct agent_options *options, struct err *err) MUST_CHECK;

/* The YAML that installs the agent of a cluster: namespace, account, rights, settings, Deployment.
   Of the options it reads server, cluster, repository, branch and path; what is missing is left as
   a word in capitals.  `image` NULL: the release's own. */
void agent_manifest(const struct agent_options *options, const char *image, struct str *out);
