#include "look_scene.h"

#include <stdlib.h>

const char *const scene_pipeline = "apiVersion: heddle.dev/v1\n"
                                   "kind: Pipeline\n"
                                   "metadata: {name: shop}\n"
                                   "spec:\n"
                                   "  stages:\n"
                                   "    - name: dev\n"
                                   "      targets: [{cluster: dev, path: clusters/dev}]\n"
                                   "    - name: prod\n"
                                   "      from: [dev]\n"
                                   "      targets: [{cluster: prod, path: clusters/prod}]\n";

const char *scene_manifest(struct scene *scene, const char *name, const char *image)
{
    return arena_printf(scene->remote.arena,
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\nspec:\n"
                        "  template:\n    spec:\n      containers:\n        - name: %s\n"
                        "          image: %s\n",
                        name, name, image);
}

static void open_mirrors(struct scene *scene)
{
    scene->repositories[0] = (struct config_repository){
        .name = "", .branch = "main", .git = remote_open(&scene->remote)};
    scene->repositories[1] = (struct config_repository){
        .name = "infra", .branch = "main", .git = remote_open(&scene->infra)};
}

int scene_open(void **state)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));
    remote_init(&scene->remote);
    remote_init(&scene->infra);
    COMMIT(scene, {"heddle.yaml", scene_pipeline},
           {"clusters/dev/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.0.0")},
           {"clusters/dev/web.yaml", scene_manifest(scene, "web", "shop/web:1.0.0")},
           {"clusters/prod/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.0.0")});
    open_mirrors(scene);
    struct err err = {0};
    ASSERT_OK(store_open(":memory:", &scene->store, &err), err);
    scene->known = 1;
    *state = scene;
    return 0;
}

int scene_close(void **state)
{
    struct scene *scene = *state;
    git_view_free(&scene->view);
    free(scene->good_pipeline);
    seen_heads_done(&scene->seen);
    store_close(&scene->store);
    for (size_t i = 0; i < COUNT_OF(scene->repositories); i++) {
        git_close(&scene->repositories[i].git);
    }
    remote_done(&scene->remote);
    remote_done(&scene->infra);
    free(scene);
    return 0;
}

enum outcome scene_look_as(struct scene *scene, bool accept_rewrite)
{
    struct look look = {.repositories = scene->repositories,
                        .repository_count = scene->known,
                        .env = env_system(),
                        .rest_until_ms = scene->rest_until_ms,
                        .pipeline_file = "heddle.yaml",
                        .accept_rewrite = accept_rewrite,
                        .before = scene->view,
                        .seen = scene->seen,
                        .good_pipeline = TAKE(scene->good_pipeline)};
    look_run(&look);
    scene->good_pipeline = look.good_pipeline;
    scene->seen = look.seen;
    scene->err = look.err;
    if (look.has_failed || !look.view) {
        assert_null(look.view);
        return look.has_failed ? FAILED : SAME;
    }
    git_view_free(&scene->view);
    scene->view = look.view;
    return NEW;
}

enum outcome scene_look(struct scene *scene)
{
    return scene_look_as(scene, false);
}

void scene_restart(struct scene *scene)
{
    struct err err = {0};
    ASSERT_OK(seen_heads_store(scene->store, &scene->seen, &err), err);
    git_view_free(&scene->view);
    for (size_t i = 0; i < COUNT_OF(scene->repositories); i++) {
        git_close(&scene->repositories[i].git);
    }
    seen_heads_done(&scene->seen);
    seen_heads_load(scene->store, "main", &scene->seen);
    open_mirrors(scene);
}

const struct target_view *scene_target(const struct scene *scene, const char *cluster)
{
    for (size_t i = 0; i < scene->view->target_count; i++) {
        if (strcmp(scene->view->targets[i].target->cluster, cluster) == 0) {
            return &scene->view->targets[i];
        }
    }
    fail_msg("there is no target %s", cluster);
    return NULL;
}

const struct scan *scene_scan(const struct scene *scene, const char *cluster)
{
    return scene_target(scene, cluster)->scan;
}

const struct foreign_change *scene_change(const struct scene *scene)
{
    assert_int_equal(scene->view->change_count, 1);
    return &scene->view->changes[0];
}
