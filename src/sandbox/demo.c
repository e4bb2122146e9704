/* The wiring of `heddle demo`: what starts, in which order, and what stops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "sandbox/demo.h"

#define POLL_MS 2000
#define NODES 3

static double speed_of(const struct demo *demo)
{
    return demo->options.speed > 0 ? demo->options.speed : 1;
}

static void in_folder(const struct demo *demo, char out[static DEMO_PATH_BYTES], const char *name)
{
    snprintf(out, DEMO_PATH_BYTES, "%.400s/%.100s", demo->folder, name);
}

static bool make_folder(struct demo *demo, struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    snprintf(demo->folder, sizeof(demo->folder), "%.300s/heddle-demo-XXXXXX",
             temporary ? temporary : "/tmp");
    if (!mkdtemp(demo->folder)) {
        return err_set(err, ERR_UNAVAILABLE, "cannot make a folder %s", demo->folder);
    }
    in_folder(demo, demo->repository, "config.git");
    in_folder(demo, demo->token_file, "admin.token");
    return true;
}

static bool start_registry(struct demo *demo, const char *hook_secret, struct err *err)
{
    struct sandbox_registry_options options = {.loop = demo->loop, .notify_secret = hook_secret};
    if (!sandbox_registry_start(&options, &demo->registry, err)) {
        return false;
    }
    snprintf(demo->registry_host, sizeof(demo->registry_host), "127.0.0.1:%d",
             sandbox_registry_port(demo->registry));
    for (size_t i = 0; i < demo->workload_count; i++) {
        char repository[DEMO_REPOSITORY_BYTES];
        demo_name_repository(i, repository);
        sandbox_registry_push(demo->registry, repository, "1.0.0");
    }
    return true;
}

static bool start_cluster(struct demo *demo, size_t index, struct err *err)
{
    struct sandbox_cluster_options options = {.loop = demo->loop,
                                              .name = demo_clusters[index],
                                              .nodes = NODES,
                                              .speed = speed_of(demo),
                                              .has_flux = true};
    if (!sandbox_cluster_start(&options, &demo->clusters[index], err)) {
        return false;
    }
    AUTO_STR(kubeconfig, 8192);
    sandbox_cluster_kubeconfig(demo->clusters[index], &kubeconfig);
    AUTO_STR(name, 100);
    str_addf(&name, "%s.kubeconfig", demo_clusters[index]);
    in_folder(demo, demo->kubeconfigs[index], name.text);
    return file_replace(demo->kubeconfigs[index], str_slice(&kubeconfig), 0600, err);
}

static bool start_server(struct demo *demo, const char *secret_file, struct err *err)
{
    char data[DEMO_PATH_BYTES];
    in_folder(demo, data, "server");
    struct server_options options = {
        .repository = demo->repository,
        .data = data,
        .listen = demo->options.listen ? demo->options.listen : "127.0.0.1:0",
        .poll_registry_ms = POLL_MS,
        .poll_git_ms = POLL_MS,
        .hook_secret_file = secret_file,
        .admin_token_file = demo->token_file,
        .patience = {.stuck_ms = (int64_t)(60000 / speed_of(demo))},
    };
    if (!server_start(demo->loop, &options, &demo->server, err)) {
        return false;
    }
    demo->port = server_port(demo->server);
    snprintf(demo->url, sizeof(demo->url), "http://127.0.0.1:%d", demo->port);
    AUTO_STR(hook, 128);
    str_addf(&hook, "%s/hooks/registry", demo->url);
    sandbox_registry_notify(demo->registry, hook.text);
    return true;
}

static bool start_agent(struct demo *demo, size_t index, struct err *err)
{
    char secret[AUTH_TOKEN_BYTES];
    char data[DEMO_PATH_BYTES];
    const char *cluster = demo_clusters[index];
    AUTO_STR(name, 100);
    str_addf(&name, "%s.token", cluster);
    in_folder(demo, demo->token_files[index], name.text);
    str_clear(&name);
    str_addf(&name, "agent-%s", cluster);
    in_folder(demo, data, name.text);
    AUTO_STR(path, 64);
    str_addf(&path, "clusters/%s", cluster);
    if (!server_add_cluster(demo->server, cluster, secret, sizeof(secret), err) ||
        !file_replace(demo->token_files[index], slice_of(secret), 0600, err)) {
        return false;
    }
    crypto_wipe(secret, sizeof(secret));
    struct agent_options options = {
        .server = demo->url,
        .cluster = cluster,
        .token_file = demo->token_files[index],
        .repository = demo->repository,
        .path = path.text,
        .kubeconfig = demo->kubeconfigs[index],
        .data = data,
        .interval_ms = POLL_MS,
        .capacity_ms = POLL_MS,
    };
    return agent_start(demo->loop, &options, &demo->agents[index], err);
}

static bool start_all(struct demo *demo, struct err *err)
{
    char secret[44];
    char secret_file[DEMO_PATH_BYTES];
    crypto_random_text(secret, sizeof(secret) - 1);
    if (!make_folder(demo, err)) {
        return false;
    }
    in_folder(demo, secret_file, "hook.secret");
    if (!file_replace(secret_file, slice_of(secret), 0600, err) ||
        !start_registry(demo, secret, err) || !demo_make_repository(demo, err)) {
        return false;
    }
    for (size_t i = 0; i < DEMO_CLUSTERS; i++) {
        if (!start_cluster(demo, i, err)) {
            return false;
        }
    }
    if (!start_server(demo, secret_file, err)) {
        return false;
    }
    for (size_t i = 0; i < DEMO_CLUSTERS; i++) {
        if (!start_agent(demo, i, err)) {
            return false;
        }
    }
    return true;
}

static void stop_all(struct demo *demo)
{
    for (size_t i = 0; i < DEMO_CLUSTERS; i++) {
        agent_stop(&demo->agents[i]);
    }
    server_stop(&demo->server);
    for (size_t i = 0; i < DEMO_CLUSTERS; i++) {
        sandbox_cluster_stop(&demo->clusters[i]);
    }
    sandbox_registry_stop(&demo->registry);
    loop_free(&demo->loop);
    struct err err = {0};
    if (demo->folder[0] && !file_remove_tree(demo->folder, &err)) {
        log_warn("demo.litter", "%s", err.text);
    }
}

static void invite(const struct demo *demo)
{
    printf("heddle demo: a shop of %zu workloads in 4 simulated clusters, with a real Git "
           "repository.\n\n",
           demo->workload_count);
    printf("  server      %s\n", demo->url);
    printf("  web UI      %s/sign-in#token=%s\n", demo->url, server_admin_token(demo->server));
    printf("  admin token %s\n", server_admin_token(demo->server));
    printf("  repository  %s\n", demo->repository);
    printf("  registry    %s (simulated)\n\n", demo->registry_host);
    printf("In another terminal:\n\n");
    printf("  export HEDDLE_SERVER=%s HEDDLE_TOKEN_FILE=%s\n\n", demo->url, demo->token_file);
    printf("  heddle get board                                      # what is where\n");
    printf("  curl -X POST http://%s/sandbox/push/shop/cart:1.1.0   # CI pushes a version\n",
           demo->registry_host);
    printf("  heddle get releases                                   # it moves by itself to "
           "staging\n");
    printf(
        "  heddle promote cart --to prod                         # see the diff, agree, watch\n");
    printf("  heddle why cart -s prod                               # and what it waits for\n\n");
    printf("`heddle demo --script` plays the whole story. Ctrl-C ends it and leaves nothing "
           "behind.\n");
    fflush(stdout);
}

bool sandbox_demo(const struct demo_options *options, struct err *err)
{
    int64_t count = options->workloads ? options->workloads : (int64_t)demo_shop_count;
    if (count < (int64_t)demo_shop_count || count > DEMO_WORKLOADS_MAX) {
        return err_set(err, ERR_INVALID, "--workloads %lld: the demo can have %zu to %d",
                       (long long)count, demo_shop_count, DEMO_WORKLOADS_MAX);
    }
    struct demo *demo = xcalloc(1, sizeof(*demo));
    demo->options = *options;
    demo->workload_count = (size_t)count;
    demo->loop = loop_new();
    log_setup(LOG_WARN, "demo");
    bool done = loop_stop_on_signals(demo->loop, err) && start_all(demo, err);
    if (done && options->script) {
        demo_start_story(demo);
    } else if (done) {
        invite(demo);
    }
    if (done) {
        loop_run(demo->loop);
    }
    stop_all(demo);
    if (demo->has_failed) {
        *err = demo->story_err;
        done = false;
    }
    free(demo);
    return done;
}
