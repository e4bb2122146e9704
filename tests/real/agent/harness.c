#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "kube/connection.h"
#include "model/report.h"

#define POLL_MS 20
#define SECRET "suite-agent-token"

/* ---- the world's own small things ---- */

static void run_git(const struct world *world, const char *folder, const char *const *arguments)
{
    const char *argv[16] = {"git", "-C", folder};
    size_t count = 3;
    for (; *arguments && count < COUNT_OF(argv) - 1; arguments++) {
        argv[count++] = *arguments;
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("HOME", world->folder, 1);
        setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
        setenv("GIT_AUTHOR_NAME", "suite", 1);
        setenv("GIT_AUTHOR_EMAIL", "suite@example.org", 1);
        setenv("GIT_COMMITTER_NAME", "suite", 1);
        setenv("GIT_COMMITTER_EMAIL", "suite@example.org", 1);
        execvp("git", (char **)(uintptr_t)argv);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) {
        fail_msg("git %s: status %d", argv[3], status);
    }
}

#define GIT(world, folder, ...) run_git((world), (folder), (const char *const[]){__VA_ARGS__, NULL})

static void path_in(const struct world *world, const char *rest, char out[static 512])
{
    snprintf(out, 512, "%s/%s", world->folder, rest);
}

static void replace_namespace(const struct world *world, const char *text, struct str *out)
{
    for (const char *at = NULL; (at = strstr(text, "%NS%")) != NULL; text = at + 4) {
        str_add_bytes(out, text, (size_t)(at - text));
        str_add(out, world->namespace);
    }
    str_add(out, text);
}

/* ---- the server ---- */

/* What is said of one workload must hold together, always: healthy means that what Git wants runs.
 */
static void check_row(const json_t *row)
{
    if (strcmp(json_text_at(row, "state", ""), "healthy") != 0 ||
        json_int_at(row, "wanted", 0) == 0) {
        return;
    }
    const json_t *wanted = json_array_get(json_array_at(row, "wantedImages"), 0);
    const json_t *running = json_array_get(json_array_at(row, "runningImages"), 0);
    const char *wanted_digest = json_text_at(wanted, "image.digest", "");
    if (wanted_digest[0] && strcmp(wanted_digest, json_text_at(running, "image.digest", "")) != 0) {
        AUTO(xfree) char *text = json_text(row);
        fail_msg("healthy, but what Git wants does not run: %s", text);
    }
}

static void drop_workloads(struct world *world)
{
    MAP_EACH (slot, &world->workloads) {
        json_decref(slot->value);
    }
    map_done(&world->workloads);
}

static void keep_report(struct world *world, const json_t *body)
{
    if (json_bool_at(body, "isFull", false)) {
        drop_workloads(world);
        world->has_full = true;
    }
    const json_t *rows = json_array_at(body, "workloads");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        check_row(row);
        json_decref(map_set(&world->workloads, json_text_at(row, "name", "?"), json_incref(row)));
    }
    json_decref(world->last);
    world->last = json_deep_copy(body);
    world->posts++;
}

static void take_report(struct http_exchange *exchange, void *context)
{
    struct world *world = context;
    const json_t *body = http_json_body(exchange);
    const char *bearer = http_request_header(exchange, "Authorization");
    struct err err = {0};
    if (!body) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct report report;
    ASSERT_OK(report_from_json(body, arena, &report, &err), err);
    assert_string_equal(bearer, "Bearer " SECRET);
    assert_string_equal(report.cluster, world->cluster);
    if (world->asks_for_full && !report.is_full) {
        world->asks_for_full = false;
        world->has_full = false;
        err_set(&err, ERR_CONFLICT, "say it all again");
        http_reply_error(exchange, &err);
        return;
    }
    keep_report(world, body);
    http_reply_empty(exchange, 204);
}

static void follow_commands(struct http_exchange *exchange, void *context)
{
    struct world *world = context;
    sse_subscribe(world->commands, exchange, NULL, NULL);
}

static bool allow(struct http_exchange *exchange, int permission, void *context)
{
    (void)exchange;
    (void)permission;
    (void)context;
    return true;
}

static void start_server(struct world *world)
{
    static const struct http_route routes[] = {
        {HTTP_POST, "/api/v1/agent/report", 1, take_report, "report", 32U << 20},
        {HTTP_GET, "/api/v1/agent/commands", 1, follow_commands, "commands", 0},
    };
    struct http_server_options options = {.loop = world->loop,
                                          .address = "127.0.0.1",
                                          .port = world->server_port,
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .authorize = allow,
                                          .context = world};
    struct err err = {0};
    world->commands = sse_hub_new(world->loop);
    ASSERT_OK(http_server_start(&options, &world->server, &err), err);
    world->server_port = http_server_port(world->server);
}

void world_stop_server(struct world *world)
{
    if (world->server) {
        sse_hub_free(&world->commands);
        http_server_stop(&world->server);
    }
}

/* ---- life ---- */

static void make_repository(struct world *world)
{
    char work[512], bare[512], file[512];
    struct err err = {0};
    path_in(world, "work", work);
    path_in(world, "config.git", bare);
    path_in(world, "work/README", file);
    GIT(world, world->folder, "init", "--quiet", "--bare", "--initial-branch=main", bare);
    GIT(world, world->folder, "init", "--quiet", "--initial-branch=main", work);
    GIT(world, work, "remote", "add", "origin", bare);
    ASSERT_OK(file_replace(file, slice_of("the suite's\n"), 0644, &err), err);
}

void world_open(struct world *world, const char *name)
{
    static int worlds;
    *world = (struct world){.loop = loop_new()};
    struct err err = {0};
    char token[512];
    snprintf(world->folder, sizeof(world->folder), "/tmp/heddle-agent-suite-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->cluster, sizeof(world->cluster), "t%d-%d", (int)getpid(), ++worlds);
    snprintf(world->namespace, sizeof(world->namespace), "%s-%d-%d", name, (int)getpid(), worlds);
    path_in(world, "token", token);
    ASSERT_OK(file_replace(token, slice_of(SECRET "\n"), 0600, &err), err);
    struct kube_options options = {.kubeconfig = cluster_kubeconfig(), .env = env_system()};
    ASSERT_OK(kube_open(&options, &world->hands, &err), err);
    make_repository(world);
    start_server(world);
}

bool is_listening(struct world *world, const void *nothing)
{
    (void)nothing;
    return sse_reader_count(world->commands) > 0;
}

void world_start_agent(struct world *world)
{
    char token[512], bare[512], data[512], url[64];
    struct err err = {0};
    path_in(world, "token", token);
    path_in(world, "config.git", bare);
    path_in(world, "data", data);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", world->server_port);
    struct agent_options options = {
        .server = url,
        .cluster = world->cluster,
        .token_file = token,
        .repository = bare,
        .path = "clusters/test",
        .kubeconfig = cluster_kubeconfig(),
        .data = data,
        .interval_ms = 3600000, /* so that only the server's word makes it look */
    };
    ASSERT_OK(agent_start(world->loop, &options, &world->agent, &err), err);
    if (world->server) {
        eventually(world, "the agent listens", is_listening, NULL, 10000);
    }
}

void world_stop_agent(struct world *world)
{
    agent_stop(&world->agent);
}

static void delete_namespace(struct world *world)
{
    char path[256];
    snprintf(path, sizeof(path), "/api/v1/namespaces/%s", world->namespace);
    AUTO_STR(url, 1024);
    str_addf(&url, "%s%s", world->hands->server, path);
    struct http_call call = kube_call(world->hands, "DELETE", url.text);
    AUTO(http_result_done) struct http_result result = {0};
    struct err err = {0};
    ASSERT_OK(http_perform(world->hands->client, &call, &result, &err), err);
}

void world_close(struct world *world)
{
    struct err err = {0};
    world_stop_agent(world);
    delete_namespace(world);
    kube_close(&world->hands);
    world_stop_server(world);
    loop_free(&world->loop);
    drop_workloads(world);
    json_decref(world->last);
    ASSERT_OK(file_remove_tree(world->folder, &err), err);
}

/* ---- the repository ---- */

void world_write(struct world *world, const char *file, const char *text)
{
    char path[512], folder[512];
    struct err err = {0};
    AUTO_STR(content, 1U << 20);
    path_in(world, "work/clusters/test/", path);
    strncat(path, file, sizeof(path) - strlen(path) - 1);
    TEXT_COPY_CUT(folder, path);
    *strrchr(folder, '/') = '\0';
    ASSERT_OK(file_make_folder(folder, &err), err);
    replace_namespace(world, text, &content);
    ASSERT_OK(file_replace(path, str_slice(&content), 0644, &err), err);
}

void world_remove(struct world *world, const char *file)
{
    char path[512];
    path_in(world, "work/clusters/test/", path);
    strncat(path, file, sizeof(path) - strlen(path) - 1);
    assert_int_equal(unlink(path), 0);
}

const char *world_push(struct world *world)
{
    static char commit[128];
    char work[512], head[512];
    path_in(world, "work", work);
    path_in(world, "work/.git/refs/heads/main", head);
    GIT(world, work, "add", "--all", ".");
    GIT(world, work, "commit", "--quiet", "--message", "a change");
    GIT(world, work, "push", "--quiet", "origin", "main");
    AUTO_STR(text, sizeof(commit) - 1);
    struct err err = {0};
    ASSERT_OK(file_read_secret(head, &text, &err), err);
    TEXT_COPY_CUT(commit, text.text);
    if (world->server) {
        sse_publish(world->commands, "sync", world->cluster, json_object());
    }
    return commit;
}

void world_hide_repository(struct world *world, bool is_hidden)
{
    char bare[512], hidden[512];
    path_in(world, "config.git", bare);
    path_in(world, "hidden.git", hidden);
    assert_int_equal(is_hidden ? rename(bare, hidden) : rename(hidden, bare), 0);
}

void world_write_deployment(struct world *world, const char *name, int replicas, const char *image)
{
    AUTO_STR(text, 4096);
    char file[64];
    snprintf(file, sizeof(file), "%s.yaml", name);
    str_addf(&text,
             "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n  namespace: %%NS%%\n"
             "spec:\n  replicas: %d\n  selector:\n    matchLabels: {app: %s}\n  template:\n"
             "    metadata:\n      labels: {app: %s}\n    spec:\n      containers:\n"
             "        - name: main\n          image: %s\n",
             name, replicas, name, name, image);
    world_write(world, file, text.text);
}

/* ---- waiting ---- */

struct wait {
    struct world *world;
    condition holds;
    const void *argument;
    int64_t until_ms;
    bool was_true;
};

static int64_t mono_ms(void)
{
    return env_now_mono_ms(env_system());
}

static void poll_condition(void *context)
{
    struct wait *wait = context;
    wait->was_true = wait->holds(wait->world, wait->argument);
    if (wait->was_true || mono_ms() > wait->until_ms) {
        loop_stop(wait->world->loop);
    }
}

static bool run_until(struct world *world, condition holds, const void *argument, int64_t for_ms)
{
    struct wait wait = {world, holds, argument, mono_ms() + for_ms, false};
    struct loop_timer *timer = loop_timer_start(world->loop, 0, POLL_MS, poll_condition, &wait);
    loop_run(world->loop);
    loop_timer_stop(&timer);
    return wait.was_true;
}

static void fail_with_report(struct world *world, const char *what, int64_t within_ms)
{
    AUTO(xfree) char *text = world->last ? json_text_pretty(world->last) : xstrdup("none");
    MAP_EACH (slot, &world->workloads) {
        AUTO(xfree) char *row = json_text(slot->value);
        print_error("%s\n", row);
    }
    fail_msg("not within %d ms: %s; the last report: %s", (int)within_ms, what, text);
}

void eventually(struct world *world, const char *what, condition holds, const void *argument,
                int64_t within_ms)
{
    int64_t start_ms = mono_ms();
    if (!run_until(world, holds, argument, within_ms)) {
        fail_with_report(world, what, within_ms);
    }
    print_message("    %-60s %6d ms\n", what, (int)(mono_ms() - start_ms));
}

void meanwhile(struct world *world, const char *what, condition never, const void *argument,
               int64_t for_ms)
{
    if (run_until(world, never, argument, for_ms)) {
        fail_msg("it must not be: %s", what);
    }
}

/* ---- conditions ---- */

bool is_applied(struct world *world, const void *commit)
{
    return strcmp(json_text_at(world->last, "appliedCommit", ""), commit) == 0;
}

const json_t *world_workload(const struct world *world, const char *name)
{
    return map_get(&world->workloads, name);
}

static bool has_state(const struct world *world, const char *name, const char *state)
{
    return strcmp(json_text_at(world_workload(world, name), "state", ""), state) == 0;
}

bool is_healthy(struct world *world, const void *workload)
{
    return has_state(world, workload, "healthy");
}

bool is_stuck(struct world *world, const void *workload)
{
    return has_state(world, workload, "stuck");
}

bool has_problem(struct world *world, const void *wanted_problem)
{
    const struct wanted_problem *wanted = wanted_problem;
    const json_t *problems = json_array_at(world->last, "problems");
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const json_t *problem = json_array_get(problems, i);
        if (strstr(json_text_at(problem, "file", ""), wanted->file) &&
            strstr(json_text_at(problem, "text", ""), wanted->text)) {
            return true;
        }
    }
    return false;
}

bool has_no_problem(struct world *world, const void *nothing)
{
    (void)nothing;
    return world->last && json_array_size(json_array_at(world->last, "problems")) == 0;
}

/* ---- hands ---- */

static void hand_url(const struct world *world, const char *api, const char *rest, struct str *out)
{
    str_addf(out, "%s/%s/namespaces/%s/%s", world->hands->server, api, world->namespace, rest);
}

json_t *hand_get(struct world *world, const char *api, const char *rest)
{
    AUTO_STR(url, 2048);
    hand_url(world, api, rest, &url);
    json_t *object = NULL;
    struct err err = {0};
    if (!kube_get(world->hands, url.text + strlen(world->hands->server), &object, &err)) {
        if (err.kind != ERR_NOT_FOUND) {
            fail_msg("%s", err.text);
        }
        return NULL;
    }
    return object;
}

static void hand_send(struct world *world, const char *method, struct str *url, const char *body)
{
    struct http_call call = kube_call(world->hands, method, url->text);
    call.body = slice_of(body);
    call.content_type = "application/apply-patch+yaml";
    AUTO(http_result_done) struct http_result result = {0};
    struct err err = {0};
    ASSERT_OK(http_perform(world->hands->client, &call, &result, &err), err);
    if (result.status >= 300) {
        fail_msg("%s %s: %d %s", method, url->text, result.status, result.body.text);
    }
}

void hand_apply(struct world *world, const char *api, const char *rest, const char *manager,
                const char *object)
{
    AUTO_STR(url, 2048);
    AUTO_STR(body, 64U << 10);
    hand_url(world, api, rest, &url);
    str_addf(&url, "?fieldManager=%s&force=true", manager);
    replace_namespace(world, object, &body);
    hand_send(world, "PATCH", &url, body.text);
}

void hand_delete(struct world *world, const char *api, const char *rest)
{
    AUTO_STR(url, 2048);
    hand_url(world, api, rest, &url);
    hand_send(world, "DELETE", &url, "");
}
