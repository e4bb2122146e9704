#include "house.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "discover/discover.h"

static const char *const clusters[] = {"dev", "staging", "prod-eu", "prod-us"};
static const char *const workloads[] = {"cart", "orders", "web"};

static const char *const pipeline = "apiVersion: heddle.dev/v1\n"
                                    "kind: Pipeline\n"
                                    "metadata: {name: shop}\n"
                                    "spec:\n"
                                    "  pin: always\n"
                                    "  stages:\n"
                                    "    - name: dev\n"
                                    "      targets: [{cluster: dev, path: clusters/dev}]\n"
                                    "      automatic: true\n"
                                    "    - name: staging\n"
                                    "      from: [dev]\n"
                                    "      targets: [{cluster: staging, path: clusters/staging}]\n"
                                    "      automatic: true\n"
                                    "      gates: [{soak: 10s}]\n"
                                    "    - name: prod\n"
                                    "      from: [staging]\n"
                                    "      targets:\n"
                                    "        - {cluster: prod-eu, path: clusters/prod-eu}\n"
                                    "        - {cluster: prod-us, path: clusters/prod-us}\n"
                                    "      waves: [[prod-eu], [prod-us]]\n"
                                    "      gates: [{approval: {count: 1}}]\n";

/* ---- the clock ---- */

static int64_t turned_now(void *context)
{
    struct house *house = context;
    return env_now_ms(env_system()) + atomic_load(&house->ahead_ms);
}

static int64_t turned_mono(void *context)
{
    struct house *house = context;
    int64_t stood_ms = atomic_load(&house->stood_mono_ms);
    return (stood_ms ? stood_ms : env_now_mono_ms(env_system())) + atomic_load(&house->ahead_ms);
}

static void real_random(void *context, void *out, size_t length)
{
    (void)context;
    env_system()->random(env_system()->context, out, length);
}

void house_pass(struct house *house, int64_t ms)
{
    atomic_fetch_add(&house->ahead_ms, ms);
}

void house_stop_clock(struct house *house)
{
    atomic_store(&house->stood_mono_ms, env_now_mono_ms(env_system()));
}

/* ---- the loop ---- */

static void *run_loop(void *context)
{
    loop_run(context);
    return NULL;
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

struct errand {
    struct house *house;
    void (*act)(struct house *house, void *context);
    void *context;
    sem_t done;
};

static void run_errand(void *context)
{
    struct errand *errand = context;
    errand->act(errand->house, errand->context);
    sem_post(&errand->done);
}

void house_do(struct house *house, void (*act)(struct house *house, void *context), void *context)
{
    struct errand errand = {.house = house, .act = act, .context = context};
    sem_init(&errand.done, 0, 0);
    loop_post(house->loop, run_errand, &errand);
    while (sem_wait(&errand.done) != 0 && errno == EINTR) {
    }
    sem_destroy(&errand.done);
}

/* ---- the repository ---- */

const char *house_manifest(struct house *house, const char *workload, const char *tag)
{
    return arena_printf(house->arena,
                        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: %s\n"
                        "  namespace: shop\nspec:\n  replicas: 2\n  template:\n    spec:\n"
                        "      containers:\n        - name: %s\n          image: %s/shop/%s:%s\n",
                        workload, workload, house->address, workload, tag);
}

static void write_shop(struct house *house)
{
    struct remote_file files[COUNT_OF(clusters) * COUNT_OF(workloads) + 1] = {
        {"heddle.yaml", pipeline}};
    size_t count = 1;
    for (size_t i = 0; i < COUNT_OF(clusters); i++) {
        for (size_t n = 0; n < COUNT_OF(workloads); n++) {
            files[count++] = (struct remote_file){
                arena_printf(house->arena, "clusters/%s/%s.yaml", clusters[i], workloads[n]),
                house_manifest(house, workloads[n], "1.0.0")};
        }
    }
    remote_commit(&house->remote, "main", files, count);
}

void house_commit(struct house *house, const struct remote_file *files, size_t count)
{
    const char *commit = remote_commit(&house->remote, "main", files, count);
    house_post(house, "/api/v1/sync", "{}");
    house_await(house, "/api/v1/board", "commit", commit);
}

/* ---- the server ---- */

static bool start(struct house *house, struct err *err)
{
    const char *folder = house->remote.folder;
    const char **insecure = ARENA_NEW(house->arena, const char *);
    *insecure = house->address;
    struct server_options options = {
        .repository = house->remote.url,
        .data = arena_printf(house->arena, "%s/data", folder),
        .listen = "127.0.0.1:0",
        .poll_registry_ms = 3600000,
        .poll_git_ms = 3600000,
        .registry_insecure = insecure,
        .registry_insecure_count = 1,
        .hook_secret_file = arena_printf(house->arena, "%s/hook-secret", folder),
        .admin_token_file = arena_printf(house->arena, "%s/admin-token", folder),
        .env = &house->env,
    };
    if (house->is_deaf) {
        options.hook_secret_file = NULL;
    } else if (!file_replace(options.hook_secret_file, slice_of(HOOK_SECRET "\n"), 0600, err)) {
        return false;
    }
    if (!server_start(house->loop, &options, &house->server, err)) {
        return false;
    }
    house->port = server_port(house->server);
    return true;
}

static void stop(struct house *house)
{
    loop_post(house->loop, stop_loop, house->loop);
    pthread_join(house->thread, NULL);
    server_stop(&house->server);
    sandbox_registry_stop(&house->registry);
    loop_free(&house->loop);
}

static void await_versions(struct house *house, size_t count)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    const char *path = "/api/v1/versions";
    while (json_array_size(json_array_at(house_get(house, path), "items")) < count) {
        assert_true(env_now_mono_ms(env_system()) < end_ms);
        usleep(5000);
    }
}

static bool start_registry(struct house *house, struct err *err)
{
    struct sandbox_registry_options options = {.loop = house->loop};
    if (!sandbox_registry_start(&options, &house->registry, err)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        char repository[64];
        snprintf(repository, sizeof(repository), "shop/%s", workloads[i]);
        sandbox_registry_push(house->registry, repository, "1.0.0");
    }
    snprintf(house->address, sizeof(house->address), "127.0.0.1:%d",
             sandbox_registry_port(house->registry));
    return true;
}

static void start_again(struct house *house, void *context)
{
    struct err *err = context;
    server_stop(&house->server);
    (void)start(house, err);
}

void house_restart(struct house *house)
{
    struct err err = {0};
    house_do(house, start_again, &err);
    ASSERT_OK(house->server, err);
}

int house_open(void **state)
{
    struct house *house = xcalloc(1, sizeof(*house));
    struct err err = {0};
    log_setup(LOG_ERROR, "test");
    house->began_ms = env_now_ms(env_system());
    remote_init(&house->remote);
    house->arena = arena_new();
    house->loop = loop_new();
    house->client = http_client_new("heddle-test");
    house->env = (struct env){turned_now, turned_mono, real_random, house};
    if (!start_registry(house, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    write_shop(house);
    if (!start(house, &err) || pthread_create(&house->thread, NULL, run_loop, house->loop) != 0) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    AUTO_STR(token, AUTH_TOKEN_BYTES);
    ASSERT_OK(file_read_secret(arena_printf(house->arena, "%s/admin-token", house->remote.folder),
                               &token, &err),
              err);
    TEXT_COPY_CUT(house->admin, token.text);
    house_await(house, "/api/v1/pipeline", "name", "shop");
    await_versions(house, COUNT_OF(workloads));
    for (size_t i = 0; i < COUNT_OF(clusters); i++) {
        house_sync(house, clusters[i], NULL);
    }
    *state = house;
    return 0;
}

int house_close(void **state)
{
    struct house *house = *state;
    stop(house);
    VEC_EACH (struct answer *, answer, &house->answers) {
        json_decref((*answer)->body);
        http_result_done(&(*answer)->raw);
    }
    VEC_DONE(&house->answers);
    map_done(&house->agents);
    http_client_free(&house->client);
    arena_free(&house->arena);
    remote_done(&house->remote);
    free(house);
    return 0;
}

/* ---- asking ---- */

void house_url(const struct house *house, const char *path, char out[static 512])
{
    snprintf(out, 512, "http://127.0.0.1:%d%s", house->port, path);
}

static void perform(struct house *house, const struct ask *ask, struct http_result *out)
{
    char url[512];
    struct err err = {0};
    house_url(house, ask->path, url);
    const char *token = ask->token ? ask->token : house->admin;
    const struct http_call call = {.method = ask->method,
                                   .url = url,
                                   .bearer = token[0] ? token : NULL,
                                   .headers = ask->headers,
                                   .header_count = ask->header_count,
                                   .content_type = ask->content_type,
                                   .body = ask->body ? slice_of(ask->body) : ask->bytes,
                                   .timeout_ms = DEADLINE_MS};
    ASSERT_OK(http_perform(house->client, &call, out, &err), err);
}

const struct answer *house_ask(struct house *house, const struct ask *ask)
{
    struct answer *answer = ARENA_NEW(house->arena, struct answer);
    struct err ignored = {0};
    perform(house, ask, &answer->raw);
    answer->status = answer->raw.status;
    answer->body = json_parse(str_slice(&answer->raw.body), &ignored);
    *VEC_ADD(&house->answers) = answer;
    if (house->on_answer) {
        house->on_answer(house, ask, answer);
    }
    return answer;
}

static const json_t *ask_well(struct house *house, const struct ask *ask)
{
    const struct answer *answer = house_ask(house, ask);
    if (answer->status < 200 || answer->status > 299) {
        fail_msg("%s %s %s: %d %s", ask->method, ask->path, ask->body ? ask->body : "",
                 answer->status, answer->raw.body.text);
    }
    return answer->body;
}

const json_t *house_get(struct house *house, const char *path)
{
    return ask_well(house, &(struct ask){.method = "GET", .path = path});
}

const json_t *house_post(struct house *house, const char *path, const char *body)
{
    return ask_well(house, &(struct ask){.method = "POST", .path = path, .body = body});
}

static bool has_text(const json_t *body, const char *key, const char *wanted)
{
    char digits[24];
    const json_t *found = json_at(body, key);
    snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(found));
    return strcmp(json_is_integer(found) ? digits : json_text_at(body, key, ""), wanted) == 0;
}

const json_t *house_await(struct house *house, const char *path, const char *key,
                          const char *wanted)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    for (;;) {
        const struct answer *answer = ASK(house, "GET", path);
        if (answer->status == 200 && has_text(answer->body, key, wanted)) {
            return answer->body;
        }
        if (env_now_mono_ms(env_system()) > end_ms) {
            fail_msg("%s: %s is not \"%s\": %s", path, key, wanted, answer->raw.body.text);
        }
        usleep(5000);
    }
}

const char *house_token(struct house *house, const char *name, const char *role)
{
    const char *body =
        arena_printf(house->arena, "{\"name\": \"%s\", \"role\": \"%s\"}", name, role);
    return json_text_at(house_post(house, "/api/v1/tokens", body), "token", "");
}

struct agent {
    char token[AUTH_TOKEN_BYTES];
    int64_t sequence; /* of its last report */
};

static struct agent *agent_of(struct house *house, const char *cluster)
{
    struct agent *agent = map_get(&house->agents, cluster);
    if (!agent) {
        const char *body = arena_printf(house->arena, "{\"name\": \"%s\"}", cluster);
        const json_t *made = house_post(house, "/api/v1/clusters", body);
        agent = ARENA_NEW(house->arena, struct agent);
        TEXT_COPY_CUT(agent->token, json_text_at(made, "token", ""));
        map_set(&house->agents, cluster, agent);
    }
    return agent;
}

const char *house_agent(struct house *house, const char *cluster)
{
    return agent_of(house, cluster)->token;
}

/* ---- the registry ---- */

struct push {
    char repository[64];
    const char *tag;
    int64_t created_ms;
};

static void push_image(struct house *house, void *context)
{
    const struct push *push = context;
    if (push->created_ms) {
        sandbox_registry_push_created(house->registry, push->repository, push->tag,
                                      push->created_ms);
    } else {
        sandbox_registry_push(house->registry, push->repository, push->tag);
    }
}

void house_push(struct house *house, const char *workload, const char *tag)
{
    house_push_created(house, workload, tag, 0);
}

void house_push_created(struct house *house, const char *workload, const char *tag,
                        int64_t created_ms)
{
    struct push push = {.tag = tag, .created_ms = created_ms};
    snprintf(push.repository, sizeof(push.repository), "shop/%s", workload);
    house_do(house, push_image, &push);
    house_pass(house, DISCOVER_HINT_GAP_MS); /* or the hint would have to wait for so long */
    const struct http_header header = {"Authorization", "Bearer " HOOK_SECRET};
    const char *body = arena_printf(house->arena,
                                    "{\"events\": [{\"action\": \"push\","
                                    " \"target\": {\"repository\": \"%s\", \"tag\": \"%s\"}}]}",
                                    push.repository, tag);
    const struct answer *told = ASK(house, "POST", "/hooks/registry", .token = "", .body = body,
                                    .headers = &header, .header_count = 1);
    assert_int_equal(told->status, 202);
    const char *path = arena_printf(house->arena, "/api/v1/versions?repository=%s/%s",
                                    house->address, push.repository);
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    for (bool is_known = false; !is_known; usleep(5000)) {
        const json_t *items = json_array_at(house_get(house, path), "items");
        for (size_t i = 0; i < json_array_size(items); i++) {
            is_known =
                is_known || strcmp(json_text_at(json_array_get(items, i), "tag", ""), tag) == 0;
        }
        assert_true(env_now_mono_ms(env_system()) < end_ms);
    }
}

/* ---- the agents ---- */

static void read_image(struct house *house, const json_t *target, const char *workload,
                       struct workload_image *out)
{
    snprintf(out->container, sizeof(out->container), "%s", workload);
    snprintf(out->image.repository, sizeof(out->image.repository), "%s/shop/%s", house->address,
             workload);
    TEXT_COPY_CUT(out->image.tag, json_text_at(target, "version", ""));
    TEXT_COPY_CUT(out->image.digest, json_text_at(target, "digest", ""));
}

/* A HelmRelease without pods, as an agent tells of it. */
static void observe_chart(struct house *house, const struct trouble *trouble,
                          struct report_workload *out)
{
    out->kind = WORKLOAD_HELM_RELEASE;
    out->wanted = out->updated = out->ready = 0;
    TEXT_COPY_CUT(out->wanted_images->container, "chart");
    out->running_images = ARENA_NEW(house->arena, struct workload_image);
    *out->running_images = *out->wanted_images;
    if (trouble && trouble->chart) {
        TEXT_COPY_CUT(out->running_images->image.tag, trouble->chart);
    }
}

static void observe(struct house *house, const char *name, const json_t *target,
                    const struct trouble *trouble, struct report_workload *out)
{
    TEXT_COPY_CUT(out->name, name);
    TEXT_COPY_CUT(out->namespace, "shop");
    out->since_ms = house->began_ms;
    out->state = WORKLOAD_HEALTHY;
    out->wanted = out->updated = out->ready = 2;
    out->wanted_images = ARENA_NEW(house->arena, struct workload_image);
    out->wanted_count = out->running_count = 1;
    out->running_images = out->wanted_images;
    read_image(house, target, name, out->wanted_images);
    bool is_troubled = trouble && strcmp(trouble->workload, name) == 0;
    if (json_bool_at(target, "isChart", false)) {
        observe_chart(house, is_troubled ? trouble : NULL, out);
    }
    if (is_troubled && trouble->chart) {
        out->state = trouble->state;
    } else if (is_troubled) {
        out->state = trouble->state;
        out->ready = 1;
        out->old_ready = 1;
        out->running_count = 0;
        out->diagnosis = trouble->diagnosis;
        out->diagnosis_since_ms = trouble->diagnosis.code[0] ? out->since_ms : 0;
    }
}

static const json_t *target_of(const json_t *row, const char *cluster)
{
    size_t i = 0;
    const json_t *cell = NULL;
    json_array_foreach (json_array_at(row, "cells"), i, cell) {
        size_t n = 0;
        const json_t *target = NULL;
        json_array_foreach (json_array_at(cell, "targets"), n, target) {
            if (strcmp(json_text_at(target, "cluster", ""), cluster) == 0) {
                return target;
            }
        }
    }
    return NULL;
}

static void send_report(struct house *house, const struct report *report)
{
    AUTO_JSON *body = report_to_json(report);
    AUTO(xfree) char *text = json_text(body);
    const struct answer *answer = ASK(house, "POST", "/api/v1/agent/report",
                                      .token = house_agent(house, report->cluster), .body = text);
    if (answer->status != 204) {
        fail_msg("the report of %s: %d %s", report->cluster, answer->status, answer->raw.body.text);
    }
}

static struct report begin_report(struct house *house, const char *cluster, const char *commit)
{
    struct report report = {.sequence = ++agent_of(house, cluster)->sequence,
                            .applied_ms = house->began_ms,
                            .object_count = 9};
    TEXT_COPY_CUT(report.cluster, cluster);
    TEXT_COPY_CUT(report.session, "0123456789abcdef0123456789abcdef");
    TEXT_COPY_CUT(report.agent_version, "0.1.0");
    snprintf(report.path, sizeof(report.path), "clusters/%s", cluster);
    TEXT_COPY_CUT(report.applied_commit, commit);
    TEXT_COPY_CUT(report.seen_commit, commit);
    return report;
}

void house_beat(struct house *house, const char *cluster)
{
    const json_t *board = house_get(house, "/api/v1/board");
    struct report report = begin_report(house, cluster, json_text_at(board, "commit", ""));
    send_report(house, &report);
}

void house_measure(struct house *house, const char *cluster, const struct measured *measured)
{
    const json_t *board = house_get(house, "/api/v1/board");
    struct report report = begin_report(house, cluster, json_text_at(board, "commit", ""));
    report.capacity = measured->capacity;
    report.uses = measured->uses;
    report.use_count = measured->use_count;
    report.drifts = measured->drifts;
    report.drift_count = measured->drift_count;
    send_report(house, &report);
}

void house_sync(struct house *house, const char *cluster, const struct trouble *trouble)
{
    const json_t *board = house_get(house, "/api/v1/board");
    const json_t *rows = json_array_at(board, "workloads");
    struct report report = begin_report(house, cluster, json_text_at(board, "commit", ""));
    report.is_full = true;
    report.workloads = arena_alloc(house->arena, json_array_size(rows), sizeof(*report.workloads));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *target = target_of(row, cluster);
        if (target) {
            observe(house, json_text_at(row, "name", ""), target, trouble,
                    &report.workloads[report.workload_count++]);
        }
    }
    send_report(house, &report);
}

static const json_t *ask_phase(struct house *house, int64_t release, const char *phase,
                               int64_t end_ms)
{
    char path[64];
    snprintf(path, sizeof(path), "/api/v1/releases/%lld", (long long)release);
    const json_t *found = house_get(house, path);
    if (strcmp(json_text_at(found, "phase", ""), phase) == 0) {
        return found;
    }
    if (env_now_mono_ms(env_system()) > end_ms) {
        fail_msg("R-%lld is %s and not %s: %s", (long long)release,
                 json_text_at(found, "phase", ""), phase, json_text_at(found, "why", ""));
    }
    usleep(5000);
    return NULL;
}

const json_t *house_sync_until(struct house *house, const char *cluster,
                               const struct trouble *trouble, int64_t release, const char *phase)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    const json_t *found = NULL;
    while (!found) {
        house_sync(house, cluster, trouble);
        found = ask_phase(house, release, phase, end_ms);
    }
    return found;
}

const json_t *house_reach(struct house *house, int64_t release, const char *phase)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    const json_t *found = NULL;
    while ((found = ask_phase(house, release, phase, end_ms)) == NULL) {
        for (size_t i = 0; i < COUNT_OF(clusters); i++) {
            house_sync(house, clusters[i], NULL);
        }
    }
    return found;
}
