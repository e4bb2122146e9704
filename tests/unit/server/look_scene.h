/* look_scene: two real repositories, and what a server keeps of them between two looks. */
#pragma once

#include "../git/remote.h"

#include "server/look.h"

/* dev and prod, each a path of the server's own branch. */
extern const char *const scene_pipeline;

struct scene {
    struct remote remote; /* the server's own repository */
    struct remote infra;  /* a further one */
    struct config_repository repositories[2];
    int64_t rest_until_ms[2];
    size_t known; /* of them, by the server; 1 at first */
    struct git_view *view;
    struct seen_heads seen;
    struct store *store; /* keeps it */
    char *good_pipeline;
    struct err err; /* of the last look */
};

int scene_open(void **state);
int scene_close(void **state);

#define COMMIT(scene, ...) REMOTE_COMMIT(&(scene)->remote, "main", __VA_ARGS__)
const char *scene_manifest(struct scene *scene, const char *name, const char *image);

enum outcome { SAME, NEW, FAILED };
enum outcome scene_look(struct scene *scene);
enum outcome scene_look_as(struct scene *scene, bool accept_rewrite);
/* A new process: what is not in the store is forgotten. */
void scene_restart(struct scene *scene);

const struct target_view *scene_target(const struct scene *scene, const char *cluster);
const struct scan *scene_scan(const struct scene *scene, const char *cluster);
/* What people changed: one thing. */
const struct foreign_change *scene_change(const struct scene *scene);
