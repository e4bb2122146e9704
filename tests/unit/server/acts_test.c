/* Acts at Git hosts: each host for itself. */
#include "../testing.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../registry/script.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "server/acts.h"

#define OID "1111111111111111111111111111111111111111"
#define DEADLINE_MS 15000 /* before the host that hangs is given up */

struct scene {
    struct loop *loop;
    struct loop_queue *git_queue;
    struct config_repository repositories[3];
    struct script host; /* answers */
    int silent;         /* takes connections, and never says anything */
    struct acts *acts;
    int64_t done[4]; /* releases, as their acts came back */
    size_t done_count;
    size_t awaited;
    int64_t end_ms;
    char token_file[64];
};

static int listen_silently(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void note(void *context, struct promote_act *act)
{
    struct scene *scene = context;
    scene->done[scene->done_count++] = act->release;
    arena_free(&act->arena);
    free(act);
}

static void open_repository(struct scene *scene, size_t index, const char *name, int port)
{
    char url[64];
    struct err err = {0};
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/shop/%s.git", port, name[0] ? name : "config");
    const struct forge_options options = {
        .kind = "gitea", .repository = url, .token_file = scene->token_file};
    scene->repositories[index] = (struct config_repository){.name = name, .branch = "main"};
    ASSERT_OK(forge_open(&options, &scene->repositories[index].forge, &err), err);
}

static int open_scene(void **state)
{
    static struct script_rule rules[] = {
        {.when = "POST /api/v1/repos/shop/", .status = "201 Created", .headers = "", .body = "{}"}};
    struct scene *scene = xcalloc(1, sizeof(*scene));
    struct err err = {0};
    int port = 0;
    log_setup(LOG_ERROR, "test");
    snprintf(scene->token_file, sizeof(scene->token_file), "/tmp/heddle-acts-%d", (int)getpid());
    ASSERT_OK(file_replace(scene->token_file, slice_of("secret\n"), 0600, &err), err);
    script_start(&scene->host, rules, COUNT_OF(rules));
    scene->silent = listen_silently(&port);
    scene->loop = loop_new();
    scene->git_queue = loop_queue_new(scene->loop);
    open_repository(scene, 0, "", port);
    open_repository(scene, 1, "europe", port);
    open_repository(scene, 2, "america", scene->host.port);
    const struct acts_options options = {.loop = scene->loop,
                                         .git_queue = scene->git_queue,
                                         .repositories = scene->repositories,
                                         .repository_count = COUNT_OF(scene->repositories),
                                         .public_url = "",
                                         .on_done = note,
                                         .context = scene};
    scene->acts = acts_new(&options);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    close(scene->silent); /* whoever waits for it is told */
    acts_stop(scene->acts);
    loop_queue_free(&scene->git_queue);
    acts_free(&scene->acts);
    for (size_t i = 0; i < COUNT_OF(scene->repositories); i++) {
        forge_close(&scene->repositories[i].forge);
    }
    loop_free(&scene->loop);
    script_stop(&scene->host);
    unlink(scene->token_file);
    free(scene);
    return 0;
}

static void show(struct scene *scene, int64_t release, const char *repository)
{
    struct promote_act *act = xcalloc(1, sizeof(*act));
    *act = (struct promote_act){
        .kind = ACT_STATUS, .release = release, .arena = arena_new(), .text = "R-1 runs in prod."};
    TEXT_COPY_CUT(act->repository, repository);
    TEXT_COPY_CUT(act->status.oid, OID);
    TEXT_COPY_CUT(act->status.stage, "prod");
    TEXT_COPY_CUT(act->status.wanted, "success");
    acts_start(scene->acts, act);
}

static void check_done(void *context)
{
    struct scene *scene = context;
    if (scene->done_count >= scene->awaited || env_now_mono_ms(env_system()) > scene->end_ms) {
        loop_stop(scene->loop);
    }
}

static void await(struct scene *scene, size_t count)
{
    scene->awaited = count;
    scene->end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    struct loop_timer *timer = loop_timer_start(scene->loop, 1, 10, check_done, scene);
    loop_run(scene->loop);
    loop_timer_stop(&timer);
}

static void a_host_that_hangs_keeps_nobody_from_another(void **state)
{
    struct scene *scene = *state;
    show(scene, 1, "");
    show(scene, 2, "europe");
    show(scene, 3, "america");
    show(scene, 4, "america");
    await(scene, 2);
    assert_int_equal(scene->done_count, 2);
    assert_int_equal(scene->done[0], 3);
    assert_int_equal(scene->done[1], 4);
    assert_int_equal(script_count(&scene->host, "POST /api/v1/repos/shop/america/statuses/" OID),
                     2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_that_hangs_keeps_nobody_from_another, open_scene,
                                        close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
