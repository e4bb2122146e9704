#include "server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/file.h"
#include "base/log.h"
#include "model/chart.h"
#include "policy/policy.h"
#include "render/render.h"
#include "server/acts.h"
#include "server/app_token.h"
#include "server/look.h"
#include "server/outages.h"
#include "server/repositories.h"

#define POLL_MS_DEFAULT 30000
#define TICK_MS 1000
/* The mirror is packed once a day; not at the start, when there is other work. */
#define TIDY_FIRST_MS 3600000
#define TIDY_MS 86400000
/* A hook, a push of ours and a person's wish within this time are one fetch. */
#define FETCH_SOON_MS 20
#define SETTING_PIPELINE "git.pipeline"
#define PIPELINE_BYTES_MAX (1U << 20)
#define BASE_PATH_BYTES_MAX 100

struct server {
    struct loop *loop;
    const struct env *env;
    struct server_options options;
    struct store *store;
    struct repositories repositories; /* used on the Git queue only, but for their names */
    struct app_tokens *app_tokens;
    struct render_cache *chart_cache; /* used on the Git queue only */
    struct loop_queue *git_queue;
    struct acts *acts;
    struct promote *engine;
    struct discover *discover;
    struct api *api;
    struct http_server *http;
    struct loop_timer *tick_timer, *poll_timer, *fetch_timer, *wake_timer, *tidy_timer;
    int64_t wake_at_ms;
    bool is_looking; /* a look is with a worker */
    bool look_again; /* asked for while one was under way */
    bool accept_rewrite;
    bool is_stopping;
    char *good_pipeline;
    struct seen_heads seen;          /* while a look is under way, it has them */
    char last_problem[REASON_BYTES]; /* of Git; logged once per change */
    char hook_secret[4097];
    char admin_token[AUTH_TOKEN_BYTES];
};

/* ---- looking at Git ---- */

static void start_look(struct server *server);

/* What is known from before the restart need not be resolved again. */
static void remember_versions(struct server *server)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct version_list all = {0};
    struct err err = {0};
    if (!store_versions_list(server->store, NULL, arena, &all, &err)) {
        log_warn("versions.read", "%s", err.text);
        return;
    }
    for (size_t first = 0, next = 0; first < all.count; first = next) {
        while (next < all.count &&
               strcmp(all.rows[next].repository, all.rows[first].repository) == 0) {
            next++;
        }
        discover_remember(server->discover, all.rows[first].repository, &all.rows[first],
                          next - first);
    }
}

static void remember_signatures(struct server *server)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct signature_list all = {0};
    struct err err = {0};
    if (!store_signatures_list(server->store, NULL, arena, &all, &err)) {
        log_warn("signatures.read", "%s", err.text);
    }
    for (size_t i = 0; i < all.count; i++) {
        discover_remember_signature(server->discover, &all.rows[i]);
    }
}

struct image_repositories {
    struct map seen;
    VEC(struct discover_repository) found;
};

static void add_repositories(struct image_repositories *all, const struct pipeline *pipeline,
                             const struct scan_workload *workload)
{
    for (size_t i = 0; i < workload->place_count; i++) {
        const char *repository = workload->places[i].image.repository;
        bool is_askable = repository[0] && !chart_is_out_of_sight(repository);
        if (is_askable && !map_has(&all->seen, repository)) {
            map_set(&all->seen, repository, NULL);
            *VEC_ADD(&all->found) =
                (struct discover_repository){repository, policy_rule_for(pipeline, repository)};
        }
    }
}

static void use_repositories(struct server *server)
{
    const struct git_view *view = promote_git(server->engine);
    struct image_repositories all = {0};
    for (size_t i = 0; i < view->target_count; i++) {
        const struct scan *scan = view->targets[i].scan;
        for (size_t n = 0; scan && n < scan->workload_count; n++) {
            add_repositories(&all, view->pipeline, &scan->workloads[n]);
        }
    }
    discover_set_repositories(server->discover, all.found.items, all.found.count);
    VEC_DONE(&all.found);
    map_done(&all.seen);
    remember_versions(server);
    remember_signatures(server);
}

static void note_problem(struct server *server, const char *problem)
{
    if (strcmp(server->last_problem, problem) == 0) {
        return;
    }
    TEXT_COPY_CUT(server->last_problem, problem);
    if (problem[0]) {
        log_warn("git.problem", "%s", problem);
    } else {
        log_info("git.well", "the repository can be read again");
    }
}

static void remember_heads(struct server *server)
{
    struct err err = {0};
    if (!seen_heads_store(server->store, &server->seen, &err) ||
        (server->good_pipeline &&
         !store_setting_put(server->store, SETTING_PIPELINE, server->good_pipeline, &err))) {
        log_warn("store.problem", "%s", err.text);
    }
}

/* The first thing that a person should know. */
static void note_problems(struct server *server, const struct git_view *view)
{
    char text[REASON_BYTES];
    TEXT_COPY_CUT(text, view->pipeline_problem);
    for (size_t i = 0; i < view->ref_count; i++) {
        const struct ref_view *ref = &view->refs[i];
        if (ref->is_rewritten) {
            snprintf(text, sizeof(text),
                     "the history of the branch %s was rewritten; automation waits for `heddle "
                     "sync`",
                     ref->branch);
        } else if (ref->problem[0] && !text[0]) {
            TEXT_COPY_CUT(text, ref->problem);
        }
    }
    note_problem(server, text);
}

static void take_view(struct server *server, struct look *look)
{
    log_info("git.head", "commit=%.12s branches=%zu targets=%zu people=%zu",
             look->view->refs[0].head, look->view->ref_count, look->view->target_count,
             look->view->change_count);
    note_problems(server, look->view);
    /* The engine stores what people's commits mean before the head moves on: nothing is lost
     * between. */
    promote_set_git(server->engine, look->view);
    remember_heads(server);
    use_repositories(server);
    api_set_unready(server->api, NULL);
    promote_tick(server->engine);
}

static void take_look(struct server *server, struct look *look)
{
    outages_note_look(server->api, &server->repositories, look);
    if (look->has_failed) {
        note_problem(server, look->err.text);
        if (!promote_git(server->engine)) {
            api_set_unready(server->api, look->err.text);
        }
    } else if (look->view) {
        take_view(server, look);
    } else {
        note_problems(server, promote_git(server->engine));
    }
}

static void look_done(void *context, bool is_stopping)
{
    struct look *look = context;
    struct server *server = look->server;
    server->is_looking = false;
    free(server->good_pipeline);
    server->good_pipeline = TAKE(look->good_pipeline);
    server->seen = look->seen;
    if (is_stopping || server->is_stopping) {
        git_view_free(&look->view);
    } else {
        take_look(server, look);
    }
    free(look);
    if (server->look_again && !server->is_stopping) {
        server->look_again = false;
        start_look(server);
    }
}

static struct chart_renderer charts_of(const struct server *server)
{
    return (struct chart_renderer){render_charts, server->chart_cache};
}

static void start_look(struct server *server)
{
    if (server->is_looking) {
        server->look_again = true;
        return;
    }
    struct look *look = xcalloc(1, sizeof(*look));
    look->server = server;
    look->repositories = server->repositories.items;
    look->repository_count = server->repositories.count;
    look->env = server->env;
    look->rest_until_ms = server->repositories.rest_until_ms;
    look->charts = charts_of(server);
    look->pipeline_file = server->options.pipeline_file;
    look->accept_rewrite = server->accept_rewrite;
    look->before = promote_git(server->engine);
    look->good_pipeline = TAKE(server->good_pipeline);
    look->seen = server->seen;
    server->seen = (struct seen_heads){0};
    server->accept_rewrite = false;
    server->is_looking = true;
    loop_work(server->loop, server->git_queue, look_run, look_done, look);
}

/* ---- tidying the mirrors ---- */

struct tidy_job {
    struct server *server; /* not for the worker */
    const struct repositories *repositories;
    bool succeeded;
    struct err err;
};

static void run_tidy(void *context)
{
    struct tidy_job *job = context;
    job->succeeded = repositories_maintain(job->repositories, &job->err);
}

static void tidy_done(void *context, bool is_stopping)
{
    struct tidy_job *job = context;
    if (!job->succeeded && !is_stopping && !job->server->is_stopping) {
        log_warn("git.tidy", "%s; it is tried again tomorrow", job->err.text);
    }
    free(job);
}

static void on_tidy(void *context)
{
    struct server *server = context;
    struct tidy_job *job = xcalloc(1, sizeof(*job));
    *job = (struct tidy_job){.server = server, .repositories = &server->repositories};
    loop_work(server->loop, server->git_queue, run_tidy, tidy_done, job);
}

static void on_poll(void *context)
{
    start_look(context);
}

static void on_fetch(void *context)
{
    struct server *server = context;
    server->fetch_timer = NULL;
    start_look(server);
}

static void fetch_soon(void *context)
{
    struct server *server = context;
    if (!server->fetch_timer) {
        server->fetch_timer = loop_timer_start(server->loop, FETCH_SOON_MS, 0, on_fetch, server);
    }
}

/* A person's `heddle sync` also accepts a rewritten history: they have looked. */
static void fetch_for_person(void *context)
{
    struct server *server = context;
    server->accept_rewrite = true;
    fetch_soon(server);
}

/* A Git host's hook: a push, a review, a merge. */
static void hear_host(void *context)
{
    struct server *server = context;
    fetch_soon(server);
    promote_look_at_pulls(server->engine);
}

/* ---- what the engine needs of the outside ---- */

static void act_done(void *context, struct promote_act *act)
{
    struct server *server = context;
    /* The branch has something for them: by our push, or by a merge. */
    if (act->succeeded && (act->kind == ACT_PUSH || act->kind == ACT_CHECK)) {
        api_tell_agents(server->api, "");
    }
    outages_note_act(server->api, &server->repositories, act);
    promote_act_done(server->engine, act);
}

static void start_act(void *context, struct promote_act *act)
{
    struct server *server = context;
    acts_start(server->acts, act);
}

static void release_changed(void *context, const struct release *release)
{
    struct server *server = context;
    if (release->phase_ms == env_now_ms(server->env)) {
        log_debug("release", "release=R-%lld stage=%s phase=%s", (long long)release->id,
                  release->stage, release_phase_name(release->phase));
    }
    if (server->api) {
        api_release_changed(server->api, release->id);
    }
}

static void cell_changed(void *context, const char *stage, const char *workload)
{
    struct server *server = context;
    if (server->api) {
        api_cell_changed(server->api, stage, workload);
    }
}

static void board_changed(void *context)
{
    struct server *server = context;
    if (server->api) {
        api_board_changed(server->api);
    }
}

static void on_wake(void *context)
{
    struct server *server = context;
    server->wake_timer = NULL;
    server->wake_at_ms = 0;
    promote_tick(server->engine);
}

static void wake_at(void *context, int64_t time_ms)
{
    struct server *server = context;
    if (server->wake_timer && server->wake_at_ms <= time_ms) {
        return;
    }
    loop_timer_stop(&server->wake_timer);
    int64_t delay_ms = time_ms - env_now_ms(server->env);
    server->wake_at_ms = time_ms;
    server->wake_timer =
        loop_timer_start(server->loop, delay_ms > 0 ? delay_ms : 1, 0, on_wake, server);
}

static const char *host_of(void *context, const char *name)
{
    const struct server *server = context;
    const struct config_repository *repository =
        config_repository_find(server->repositories.items, server->repositories.count, name);
    return repository && repository->forge ? forge_host_name(repository->forge) : NULL;
}

static int64_t versions_until(void *context)
{
    struct server *server = context;
    return server->discover ? discover_expects_until(server->discover) : 0;
}

static void on_tick(void *context)
{
    struct server *server = context;
    promote_tick(server->engine);
    api_tick(server->api);
}

/* ---- versions ---- */

static void on_versions(void *context, const char *repository, const struct version_row *rows,
                        size_t count)
{
    struct server *server = context;
    bool changed = false;
    struct err err = {0};
    if (!store_versions_put(server->store, repository, rows, count, env_now_ms(server->env),
                            &changed, &err)) {
        log_warn("versions.store", "repository=%s %s", repository, err.text);
        discover_again(server->discover, repository);
        return;
    }
    if (!changed) {
        return;
    }
    log_info("versions.changed", "repository=%s tags=%zu", repository, count);
    if (!promote_versions_changed(server->engine, repository, &err)) {
        log_warn("versions.read", "repository=%s %s", repository, err.text);
        return;
    }
    api_version_changed(server->api, repository);
    promote_tick(server->engine);
}

static void on_signature(void *context, const char *repository, const char *digest,
                         const char *rule, const struct signature_verdict *verdict)
{
    struct server *server = context;
    bool changed = false;
    struct err err = {0};
    const struct signature_row row = {.repository = repository,
                                      .digest = digest,
                                      .rule = rule,
                                      .verdict = *verdict,
                                      .found_ms = env_now_ms(server->env)};
    if (!store_signature_put(server->store, &row, &changed, &err) ||
        (changed && !promote_versions_changed(server->engine, repository, &err))) {
        log_warn("signature.store", "repository=%s %s", repository, err.text);
        return;
    }
    if (changed) {
        log_info("signature.checked", "repository=%s digest=%s %s", repository, digest,
                 verdict->state == SIGNATURE_GOOD ? "It is good." : verdict->why);
        api_version_changed(server->api, repository);
        promote_tick(server->engine);
    }
}

static void want_signature(void *context, const char *repository, const char *digest)
{
    const struct server *server = context;
    if (server->discover) {
        discover_want_signature(server->discover, repository, digest);
    }
}

static void on_registry_error(void *context, const char *repository, const struct err *why,
                              int64_t retry_at_ms)
{
    struct server *server = context;
    log_warn("registry.problem", "repository=%s again_in=%llds %s", repository,
             (long long)((retry_at_ms - env_now_ms(server->env)) / 1000), why->text);
}

/* ---- start ---- */

static bool open_store(struct server *server, struct err *err)
{
    AUTO_STR(path, 4096);
    str_addf(&path, "%s/heddle.db", server->options.data);
    bool created = false;
    if (!file_make_folder(server->options.data, err) ||
        !store_open(path.text, &server->store, err) ||
        !auth_bootstrap(server->store, server->env, &created, server->admin_token, err)) {
        return false;
    }
    seen_heads_load(server->store, server->options.branch, &server->seen);
    struct err none = {0};
    AUTO_STR(pipeline, PIPELINE_BYTES_MAX);
    if (store_setting_get(server->store, SETTING_PIPELINE, &pipeline, &none)) {
        server->good_pipeline = str_take(&pipeline);
    }
    if (created && server->options.admin_token_file) {
        return file_replace(server->options.admin_token_file, slice_of(server->admin_token), 0600,
                            err);
    }
    return true;
}

static bool check_public_url(const char *url, struct err *err)
{
    bool is_web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    return !url[0] || (is_web && !strpbrk(url, " \"<>()\\")) ||
           err_set(err, ERR_INVALID,
                   "--public-url \"%.80s\": write it like https://heddle.example.org", url);
}

static bool open_git(struct server *server, struct err *err)
{
    const struct server_options *options = &server->options;
    if (!check_public_url(options->public_url, err) ||
        !repositories_open(options, &server->repositories, err)) {
        return false;
    }
    struct acts_options acts = {.loop = server->loop,
                                .git_queue = server->git_queue,
                                .repositories = server->repositories.items,
                                .repository_count = server->repositories.count,
                                .charts = charts_of(server),
                                .public_url = options->public_url,
                                .on_done = act_done,
                                .context = server};
    server->acts = acts_new(&acts);
    server->app_tokens = app_tokens_new(server->loop, server->env, server->repositories.apps,
                                        server->repositories.app_count, fetch_soon, server);
    return true;
}

static bool open_engine(struct server *server, struct err *err)
{
    struct promote_ports ports = {.start_act = start_act,
                                  .release_changed = release_changed,
                                  .cell_changed = cell_changed,
                                  .board_changed = board_changed,
                                  .fetch_soon = fetch_soon,
                                  .wake_at = wake_at,
                                  .want_signature = want_signature,
                                  .host_of = host_of,
                                  .versions_until = versions_until,
                                  .context = server};
    return promote_open(server->store, server->env, &ports, &server->options.patience,
                        &server->engine, err);
}

static bool open_discover(struct server *server, struct err *err)
{
    struct discover_options options = {
        .loop = server->loop,
        .env = server->env,
        .registry = {.config_file = server->options.registry_config,
                     .insecure_hosts = server->options.registry_insecure,
                     .insecure_host_count = server->options.registry_insecure_count,
                     .mirrors = server->options.registry_mirrors,
                     .mirror_count = server->options.registry_mirror_count},
        .poll_ms = server->options.poll_registry_ms,
        .requests_per_hour = server->options.registry_requests,
        .on_versions = on_versions,
        .on_signature = on_signature,
        .on_error = on_registry_error,
        .context = server,
    };
    return discover_new(&options, &server->discover, err);
}

static bool read_hook_secret(struct server *server, struct err *err)
{
    if (!server->options.hook_secret_file) {
        return true;
    }
    AUTO_STR(secret, sizeof(server->hook_secret) - 1);
    if (!file_read_secret(server->options.hook_secret_file, &secret, err)) {
        return err_wrap(err, "--hook-secret-file");
    }
    log_secret(secret.text);
    TEXT_COPY_CUT(server->hook_secret, secret.text);
    return true;
}

/* "127.0.0.1:8080", "[::1]:8080" or ":8080". */
static bool split_listen(const char *listen, char *out_address, size_t size, int *out_port,
                         struct err *err)
{
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;
    if (!colon || end == colon + 1 || *end != '\0' || port < 0 || port > 65535) {
        return err_set(err, ERR_INVALID,
                       "--listen \"%.60s\": write ADDRESS:PORT, such as 127.0.0.1:8080", listen);
    }
    AUTO_STR(address, 128);
    str_add_bytes(&address, listen, (size_t)(colon - listen));
    *out_port = (int)port;
    return text_copy(out_address, size, address.length ? address.text : "0.0.0.0") ||
           err_set(err, ERR_INVALID, "--listen \"%.60s\" has too long an address", listen);
}

/* It becomes a part of every link and of the cookie's path, so it is plain. */
static bool check_base_path(const char *path, struct err *err)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/";
    size_t length = strlen(path);
    bool is_good = path[0] == '/' && path[length - 1] != '/' && !strstr(path, "//") &&
                   length <= BASE_PATH_BYTES_MAX && strspn(path, plain) == length;
    return length == 0 || is_good ||
           err_set(err, ERR_INVALID,
                   "--base-path \"%.60s\": write /words such as /heddle, of letters, digits, - "
                   "and _, without a slash at the end",
                   path);
}

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "[::1]") == 0 ||
           strcmp(address, "localhost") == 0;
}

static void open_api(struct server *server)
{
    struct api_options options = {
        .loop = server->loop,
        .env = server->env,
        .store = server->store,
        .engine = server->engine,
        .discover = server->discover,
        .repositories = server->repositories.items,
        .repository_count = server->repositories.count,
        .charts = charts_of(server),
        .git_queue = server->git_queue,
        .base_path = server->options.base_path,
        .is_tls = server->options.tls_cert_file != NULL,
        .hook_secret = server->hook_secret[0] ? server->hook_secret : NULL,
        .fetch_soon = hear_host,
        .fetch_for_person = fetch_for_person,
        .context = server,
    };
    server->api = api_new(&options);
    api_set_unready(server->api, "The config repository has not been read yet.");
}

static bool open_http(struct server *server, struct err *err)
{
    char address[128];
    int port = 0;
    if (!check_base_path(server->options.base_path, err) ||
        !split_listen(server->options.listen, address, sizeof(address), &port, err)) {
        return false;
    }
    if (!is_loopback(address) && !server->options.tls_cert_file) {
        return err_set(err, ERR_INVALID,
                       "--listen %s is open to others: give --tls-cert-file and --tls-key-file, or "
                       "listen on 127.0.0.1 behind a proxy",
                       server->options.listen);
    }
    struct http_server_options options = {
        .loop = server->loop,
        .address = address,
        .port = port,
        .tls_cert_file = server->options.tls_cert_file,
        .tls_key_file = server->options.tls_key_file,
        .routes = api_routes,
        .route_count = api_route_count,
        .base_path = server->options.base_path,
        .authorize = api_authorize,
        .context = server->api,
        .headers = api_headers,
        .header_count = api_header_count,
    };
    return http_server_start(&options, &server->http, err);
}

static void set_defaults(struct server_options *options)
{
    options->branch = options->branch ? options->branch : "main";
    options->pipeline_file = options->pipeline_file ? options->pipeline_file : PIPELINE_FILE;
    options->base_path = options->base_path ? options->base_path : "";
    options->public_url = options->public_url ? options->public_url : "";
    options->listen = options->listen ? options->listen : "127.0.0.1:8080";
    options->poll_git_ms = options->poll_git_ms ? options->poll_git_ms : POLL_MS_DEFAULT;
    options->poll_registry_ms =
        options->poll_registry_ms ? options->poll_registry_ms : POLL_MS_DEFAULT;
}

bool server_start(struct loop *loop, const struct server_options *options, struct server **out,
                  struct err *err)
{
    struct server *server = xcalloc(1, sizeof(*server));
    server->loop = loop;
    server->env = options->env ? options->env : env_system();
    server->options = *options;
    set_defaults(&server->options);
    server->git_queue = loop_queue_new(loop);
    server->chart_cache = render_cache_new();
    if (!read_hook_secret(server, err) || !open_store(server, err) || !open_git(server, err) ||
        !open_engine(server, err) || !open_discover(server, err)) {
        server_stop(&server);
        return false;
    }
    open_api(server);
    if (!open_http(server, err)) {
        server_stop(&server);
        return false;
    }
    server->tick_timer = loop_timer_start(loop, TICK_MS, TICK_MS, on_tick, server);
    server->tidy_timer = loop_timer_start(loop, TIDY_FIRST_MS, TIDY_MS, on_tidy, server);
    server->poll_timer = loop_timer_start(loop, 1, server->options.poll_git_ms, on_poll, server);
    *out = server;
    return true;
}

void server_stop(struct server **server_pointer)
{
    struct server *server = *server_pointer;
    if (!server) {
        return;
    }
    server->is_stopping = true;
    loop_timer_stop(&server->tick_timer);
    loop_timer_stop(&server->poll_timer);
    loop_timer_stop(&server->fetch_timer);
    loop_timer_stop(&server->wake_timer);
    loop_timer_stop(&server->tidy_timer);
    http_server_stop(&server->http);
    discover_free(&server->discover);
    if (server->acts) {
        acts_stop(server->acts);
    }
    loop_queue_free(&server->git_queue); /* waits for the job that runs */
    app_tokens_free(&server->app_tokens);
    api_free(&server->api);
    promote_close(&server->engine);
    acts_free(&server->acts);
    repositories_close(&server->repositories);
    render_cache_free(&server->chart_cache);
    store_close(&server->store);
    free(server->good_pipeline);
    seen_heads_done(&server->seen);
    xfree(server_pointer);
}

int server_port(const struct server *server)
{
    return http_server_port(server->http);
}

const char *server_admin_token(const struct server *server)
{
    return server->admin_token;
}

bool server_add_cluster(struct server *server, const char *name, char *out_secret, size_t size,
                        struct err *err)
{
    char secret[AUTH_TOKEN_BYTES];
    AUTO_STR(token_name, ACTOR_BYTES - 1);
    str_addf(&token_name, "agent %.56s", name);
    const struct token_request request = {
        .name = token_name.text, .role = ROLE_AGENT, .cluster = name};
    return store_cluster_put(server->store, name, env_now_ms(server->env), err) &&
           auth_token_create(server->store, server->env, &request, secret, err) &&
           (text_copy(out_secret, size, secret) ||
            err_set(err, ERR_INTERNAL, "the token is too long"));
}

static void greet(const struct server *server)
{
    log_info("server.ready", "listen=%s repository=%s branch=%s", server->options.listen,
             server->options.repository, server->options.branch);
    if (server->admin_token[0] && !server->options.admin_token_file) {
        /* Once, to whoever started it, and never to the log's readers' files by another way. */
        fprintf(stdout, "The admin token, shown only now: %s\n", server->admin_token);
        fprintf(stdout, "Sign in at http://%s%s/ or with: heddle login --server http://%s%s\n",
                server->options.listen, server->options.base_path, server->options.listen,
                server->options.base_path);
        fflush(stdout);
    }
}

bool server_run(const struct server_options *options, struct err *err)
{
    struct loop *loop = loop_new();
    struct server *server = NULL;
    bool started = loop_stop_on_signals(loop, err) && server_start(loop, options, &server, err);
    if (started) {
        greet(server);
        loop_run(loop);
        log_info("server.stopped", "by a signal");
    }
    server_stop(&server);
    loop_free(&loop);
    return started;
}
