/*
 * server: the wiring of `heddle server`: what starts, in which order, and what stops.
 *
 * One loop thread owns the store, the engine and all connections; Git and registries are
 * asked by workers.  SIGTERM ends it; SIGKILL is as good: everything goes on at the next start.
 */
#pragma once

#include "base/clock.h"
#include "git/git.h"
#include "loop/loop.h"
#include "promote/promote.h"

struct server_options {
    const char *repository;    /* URL or path of the config repository; required */
    const char *branch;        /* NULL: "main" */
    const char *repositories;  /* a file that names further ones; NULL: none */
    const char *pipeline_file; /* in the repository; NULL: "heddle.yaml" */
    const char *data;          /* folder for the store and the mirror; required */
    const char *listen;        /* "ADDRESS:PORT"; NULL: "127.0.0.1:8080" */
    const char *tls_cert_file, *tls_key_file;
    const char *base_path;                /* "/heddle", when a proxy serves it there; NULL: "" */
    int64_t poll_registry_ms;             /* 0: 30 s */
    int64_t poll_git_ms;                  /* 0: 30 s */
    int64_t registry_requests;            /* per hour and registry; 0: 36000 */
    const char *registry_config;          /* Docker's config.json, or NULL */
    const char *const *registry_insecure; /* hosts spoken to by plain HTTP */
    size_t registry_insecure_count;
    const char *const *registry_mirrors; /* "HOST=URL" each */
    size_t registry_mirror_count;
    const char *hook_secret_file; /* NULL: webhooks are refused */
    struct git_options git;       /* its credentials and keys; the rest comes from above */
    const char *forge_token_file; /* of the Git host's API; NULL: no pull requests, no statuses */
    const char *github_app_id, *github_app_key_file; /* instead of passwords and tokens; or NULL */
    const char *forge, *forge_url; /* its kind and address; NULL: told from the repository's URL */
    const char *public_url;        /* how people reach this server, for links; or NULL */
    struct promote_patience patience; /* zero: the defaults */
    const char
        *admin_token_file; /* where the first admin token is written (0600); NULL: printed once */
    const struct env *env; /* clock and randomness; NULL: the machine's */
};

struct server;
/* Start on the caller's loop. */
bool server_start(struct loop *loop, const struct server_options *options, struct server **out,
                  struct err *err) MUST_CHECK;
void server_stop(struct server **server);
int server_port(const struct server *server);
/* The first admin token, when this start made one; else "". */
const char *server_admin_token(const struct server *server);
/* A token for a cluster's agent, as `heddle cluster add` makes it; for the sandbox. */
bool server_add_cluster(struct server *server, const char *name, char *out_secret, size_t size,
                        struct err *err) MUST_CHECK;

/* The command: start, serve until a signal, stop. */
bool server_run(const struct server_options *options, struct err *err) MUST_CHECK;
