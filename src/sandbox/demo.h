/* demo: what the files of the demonstration share; private to sandbox. */
#pragma once

#include "agent/agent.h"
#include "sandbox/cluster.h"
#include "sandbox/registry_host.h"
#include "sandbox/sandbox.h"
#include "server/server.h"

#define DEMO_CLUSTERS 4
#define DEMO_PATH_BYTES 512
#define DEMO_URL_BYTES 64
#define DEMO_NAME_BYTES 32
#define DEMO_REPOSITORY_BYTES 64
/* What the simulated nodes have room for, twice. */
#define DEMO_WORKLOADS_MAX 100

/* The clusters, in the order of the pipeline. */
extern const char *const demo_clusters[DEMO_CLUSTERS];

struct demo {
    struct demo_options options;
    struct loop *loop;
    char folder[DEMO_PATH_BYTES];     /* temporary; all below it goes at the end */
    char repository[DEMO_PATH_BYTES]; /* the bare Git repository */
    char token_file[DEMO_PATH_BYTES]; /* the admin's */
    char registry_host[DEMO_URL_BYTES];
    char url[DEMO_URL_BYTES]; /* of the server */
    int port;
    size_t workload_count;
    struct sandbox_registry *registry;
    struct sandbox_cluster *clusters[DEMO_CLUSTERS];
    struct server *server;
    struct agent *agents[DEMO_CLUSTERS];
    char token_files[DEMO_CLUSTERS][DEMO_PATH_BYTES];
    char kubeconfigs[DEMO_CLUSTERS][DEMO_PATH_BYTES];
    bool has_failed; /* the story did not hold */
    struct err story_err;
};

/* How many the shop has; whatever comes after them is a service with a number. */
extern const size_t demo_shop_count;
/* The image or the chart of each is at 1.0.0 in the registry. */
void demo_name_workload(size_t index, char out[static DEMO_NAME_BYTES]);
/* Of the registry: "shop/cart", "charts/search". */
void demo_name_repository(size_t index, char out[static DEMO_REPOSITORY_BYTES]);

/* Make the repository with a pipeline, a base, and a folder for each cluster. */
bool demo_make_repository(struct demo *demo, struct err *err) MUST_CHECK;
/* A person's commit: replace a file's text. */
bool demo_commit_file(const char *repository, const char *path, const char *text,
                      const char *message, struct err *err) MUST_CHECK;
/* The text of a file at the head of the branch. */
bool demo_read_file(const char *repository, const char *path, struct str *out,
                    struct err *err) MUST_CHECK;

/* Play the story on a worker, and stop the loop at its end. */
void demo_start_story(struct demo *demo);
