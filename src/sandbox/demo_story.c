/* The story that `heddle demo --script` plays: what a team does in a day, in half a minute. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/http.h"
#include "sandbox/demo.h"

/* One step may take this long before the story does not hold: the slowest waits for a soak and two
 * waves. */
#define STEP_MS 90000
#define LOOK_MS 50

struct story {
    struct demo *demo;
    struct http_client *client;
    char admin[64], mia[64]; /* tokens */
    int64_t release;         /* the one that is followed */
    char last_line[REASON_BYTES];
    struct err err;
    bool holds;
};

/* ---- talking to the server, as the command line does ---- */

static json_t *ask(struct story *story, const char *method, const char *path, const char *token,
                   json_t *take_body)
{
    AUTO_STR(url, 1024);
    str_addf(&url, "%s%s", story->demo->url, path);
    char *body = take_body ? json_text(take_body) : NULL;
    struct http_call call = {.method = method,
                             .url = url.text,
                             .bearer = token,
                             .body = slice_of(body ? body : ""),
                             .content_type = "application/json"};
    struct http_result result = {0};
    json_t *answer = NULL;
    if (http_perform(story->client, &call, &result, &story->err)) {
        struct err ignored = {0};
        answer = result.body.length ? json_parse(str_slice(&result.body), &ignored) : json_object();
        answer = answer ? answer : json_object();
        if (result.status >= 400) {
            err_set(&story->err, ERR_INTERNAL, "%s %s: %s", method, path,
                    json_text_at(answer, "error.message", "refused"));
            json_drop(&answer);
        }
    }
    http_result_done(&result);
    json_decref(take_body);
    free(body);
    return answer;
}

static json_t *get(struct story *story, const char *path)
{
    return ask(story, "GET", path, story->admin, NULL);
}

static bool post(struct story *story, const char *path, const char *token, json_t *take_body)
{
    AUTO_JSON *answer = ask(story, "POST", path, token, take_body);
    return answer != NULL;
}

/* ---- showing ---- */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* Plain posts to the simulated parts. */
static bool push_image(struct story *story, const char *image)
{
    AUTO_STR(url, 512);
    str_addf(&url, "http://%s/sandbox/push/%s", story->demo->registry_host, image);
    struct http_call call = {.method = "POST", .url = url.text};
    struct http_result result = {0};
    bool done = http_perform(story->client, &call, &result, &story->err) &&
                (result.status == 201 ||
                 err_set(&story->err, ERR_INTERNAL, "push %s: HTTP %d", image, result.status));
    http_result_done(&result);
    say("   pushed %s", image);
    return done;
}

static void show_release(struct story *story, const json_t *release)
{
    char line[REASON_BYTES];
    snprintf(line, sizeof(line), "   %s %s to %s, %s: %s", json_text_at(release, "name", "?"),
             json_text_at(release, "kind", "?"), json_text_at(release, "stage", "?"),
             json_text_at(release, "phase", "?"), json_text_at(release, "why", ""));
    if (strcmp(line, story->last_line) != 0) {
        TEXT_COPY_CUT(story->last_line, line);
        say("%s", line);
    }
}

/* ---- waiting ---- */

static void pause_a_little(void)
{
    struct timespec wait = {.tv_nsec = LOOK_MS * 1000000L};
    nanosleep(&wait, NULL);
}

/* Look until `holds` is content, at most STEP_MS; `what` is the claim of the error. */
static bool wait_for(struct story *story, bool (*holds)(struct story *story, void *context),
                     void *context, const char *what)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + STEP_MS;
    while (env_now_mono_ms(env_system()) < end_ms) {
        if (holds(story, context)) {
            return true;
        }
        pause_a_little();
    }
    return err_set(&story->err, ERR_TIMEOUT, "%s: not within %d s; the last seen: %.300s", what,
                   STEP_MS / 1000, story->last_line);
}

static json_t *find_cell(const json_t *board, const char *workload, const char *stage)
{
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (json_array_at(board, "workloads"), i, row) {
        size_t n = 0;
        json_t *cell = NULL;
        json_array_foreach (json_array_at(row, "cells"), n, cell) {
            if (strcmp(json_text_at(row, "name", ""), workload) == 0 &&
                strcmp(json_text_at(cell, "stage", ""), stage) == 0) {
                return cell;
            }
        }
    }
    return NULL;
}

static bool all_healthy(struct story *story, void *context)
{
    (void)context;
    AUTO_JSON *board = get(story, "/api/v1/board");
    size_t cells = 0;
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (json_array_at(board, "workloads"), i, row) {
        size_t n = 0;
        const json_t *cell = NULL;
        json_array_foreach (json_array_at(row, "cells"), n, cell) {
            if (strcmp(json_text_at(cell, "state", ""), "healthy") != 0) {
                snprintf(story->last_line, sizeof(story->last_line), "%s in %s: %s",
                         json_text_at(row, "name", ""), json_text_at(cell, "stage", ""),
                         json_text_at(cell, "summary", ""));
                return false;
            }
            cells++;
        }
    }
    return cells == story->demo->workload_count * 3;
}

/* A workload in a stage runs a version, in all of its clusters. */
struct running {
    const char *workload, *stage, *version;
};

static bool is_running(struct story *story, void *context)
{
    const struct running *wanted = context;
    AUTO_JSON *board = get(story, "/api/v1/board");
    const json_t *cell = find_cell(board, wanted->workload, wanted->stage);
    size_t i = 0;
    const json_t *target = NULL;
    json_array_foreach (json_array_at(cell, "targets"), i, target) {
        if (strcmp(json_text_at(target, "running", ""), wanted->version) != 0 ||
            strcmp(json_text_at(target, "state", ""), "healthy") != 0) {
            return false;
        }
    }
    return i > 0;
}

static bool has_newest_release(struct story *story, void *context)
{
    const char *stage = context;
    AUTO_STR(path, 256);
    str_addf(&path, "/api/v1/releases?stage=%s&limit=1", stage);
    AUTO_JSON *list = get(story, path.text);
    const json_t *newest = json_array_get(json_array_at(list, "items"), 0);
    int64_t id = json_int_at(newest, "id", 0);
    if (id > story->release) {
        story->release = id;
        return true;
    }
    return false;
}

struct phase_wanted {
    const char *phase;
};

static bool is_in_phase(struct story *story, void *context)
{
    const struct phase_wanted *wanted = context;
    AUTO_STR(path, 64);
    str_addf(&path, "/api/v1/releases/%lld", (long long)story->release);
    AUTO_JSON *release = get(story, path.text);
    if (release) {
        show_release(story, release);
    }
    return strcmp(json_text_at(release, "phase", ""), wanted->phase) == 0;
}

static bool follow(struct story *story, const char *phase)
{
    struct phase_wanted wanted = {phase};
    return wait_for(story, is_in_phase, &wanted, "the release");
}

static bool next_release(struct story *story, const char *stage, const char *phase)
{
    return wait_for(story, has_newest_release, (void *)(uintptr_t)stage, "a new release") &&
           follow(story, phase);
}

/* ---- the steps ---- */

static bool begin(struct story *story)
{
    AUTO_JSON *body = json_object();
    json_put_text(body, "name", "mia");
    json_put_text(body, "role", "approve");
    AUTO_JSON *answer = ask(story, "POST", "/api/v1/tokens", story->admin, json_incref(body));
    TEXT_COPY_CUT(story->mia, json_text_at(answer, "token", ""));
    return answer && wait_for(story, all_healthy, NULL, "every workload is healthy");
}

static bool push_a_version(struct story *story)
{
    struct running in_dev = {"cart", "dev", "1.1.0"};
    return push_image(story, "shop/cart:1.1.0") && next_release(story, "dev", "done") &&
           wait_for(story, is_running, &in_dev, "dev runs cart 1.1.0");
}

static bool soak_into_staging(struct story *story)
{
    struct running in_staging = {"cart", "staging", "1.1.0"};
    return next_release(story, "staging", "done") &&
           wait_for(story, is_running, &in_staging, "staging runs cart 1.1.0");
}

static bool follow_automation(struct story *story, const char *image, const char *workload,
                              const char *version)
{
    struct running in_staging = {workload, "staging", version};
    return push_image(story, image) &&
           wait_for(story, is_running, &in_staging, "staging runs the new version");
}

static json_t *promotion(void)
{
    static const char *const names[] = {"cart", "orders", "web"};
    json_t *body = json_object();
    json_t *workloads = json_array();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_array_append_new(workloads, json_string(names[i]));
    }
    json_put_text(body, "to", "prod");
    json_put_text(body, "from", "staging");
    json_put(body, "workloads", workloads);
    return body;
}

static bool promote_a_batch(struct story *story)
{
    if (!follow_automation(story, "shop/orders:1.2.0", "orders", "1.2.0") ||
        !follow_automation(story, "shop/web:2.0.0", "web", "2.0.0")) {
        return false;
    }
    AUTO_JSON *plan = ask(story, "POST", "/api/v1/plans", story->admin, promotion());
    if (!plan) {
        return false;
    }
    say("   the plan: %s", json_text_at(plan, "summary", ""));
    json_t *body = promotion();
    json_put_text(body, "planDigest", json_text_at(plan, "digest", ""));
    json_put_text(body, "reason", "the demo's release");
    AUTO_JSON *release = ask(story, "POST", "/api/v1/releases", story->admin, body);
    story->release = json_int_at(release, "id", 0);
    return release && follow(story, "needs_approval");
}

static bool approve_it(struct story *story)
{
    struct running in_prod = {"web", "prod", "2.0.0"};
    AUTO_STR(path, 64);
    str_addf(&path, "/api/v1/releases/%lld/approve", (long long)story->release);
    json_t *body = json_object();
    json_put_text(body, "message", "looks good");
    return post(story, path.text, story->mia, body) && follow(story, "done") &&
           wait_for(story, is_running, &in_prod, "both prod clusters run web 2.0.0");
}

static bool is_diagnosed(struct story *story, void *context)
{
    (void)context;
    AUTO_JSON *cell = get(story, "/api/v1/cells/dev/cart");
    const char *what = json_text_at(cell, "diagnosis.what", NULL);
    bool is_stuck = strcmp(json_text_at(cell, "state", ""), "stuck") == 0;
    if (what && is_stuck) {
        say("   %s %s", json_text_at(cell, "diagnosis.code", ""), what);
        say("   %s", json_text_at(cell, "diagnosis.effect", ""));
        say("   %s", json_text_at(cell, "diagnosis.action", ""));
    }
    return what && is_stuck;
}

static bool ship_a_bad_version(struct story *story)
{
    json_t *body = json_object();
    json_t *workloads = json_array();
    json_array_append_new(workloads, json_string("cart"));
    json_put_text(body, "to", "dev");
    json_put(body, "workloads", workloads);
    json_put_text(body, "version", "bad-2");
    struct running seen = {"cart", "dev", "1.1.0"};
    if (!push_image(story, "shop/cart:bad-2") || !is_running(story, &seen)) {
        return false;
    }
    /* The registry is polled, or heard: the tag is known a moment later. */
    for (int i = 0; i < STEP_MS / LOOK_MS; i++) {
        AUTO_JSON *release =
            ask(story, "POST", "/api/v1/releases", story->admin, json_deep_copy(body));
        story->release = json_int_at(release, "id", story->release);
        if (release) {
            json_decref(body);
            return wait_for(story, is_diagnosed, NULL, "the cause of the crash is named");
        }
        pause_a_little();
    }
    json_decref(body);
    return false;
}

static bool is_held(struct story *story, void *context)
{
    (void)context;
    AUTO_JSON *cell = get(story, "/api/v1/cells/dev/cart");
    return strcmp(json_text_at(cell, "state", ""), "held") == 0;
}

static bool roll_it_back(struct story *story)
{
    struct running again = {"cart", "dev", "1.1.0"};
    json_t *body = json_object();
    json_put_text(body, "stage", "dev");
    json_put_text(body, "workload", "cart");
    json_put_text(body, "reason", "crashes");
    AUTO_JSON *release = ask(story, "POST", "/api/v1/rollbacks", story->admin, body);
    story->release = json_int_at(release, "id", story->release);
    return release && follow(story, "done") &&
           wait_for(story, is_running, &again, "dev runs cart 1.1.0 again") &&
           wait_for(story, is_held, NULL, "cart is held in dev");
}

static bool resume_by_a_newer_version(struct story *story)
{
    json_t *body = json_object();
    json_put_text(body, "stage", "dev");
    json_put_text(body, "workload", "cart");
    struct running in_dev = {"cart", "dev", "1.2.0"};
    struct running in_staging = {"cart", "staging", "1.2.0"};
    return post(story, "/api/v1/holds/end", story->admin, body) &&
           push_image(story, "shop/cart:1.2.0") && next_release(story, "dev", "done") &&
           wait_for(story, is_running, &in_dev, "dev runs cart 1.2.0") &&
           next_release(story, "staging", "done") &&
           wait_for(story, is_running, &in_staging, "staging runs cart 1.2.0");
}

static bool move_a_chart(struct story *story)
{
    struct running in_staging = {"search", "staging", "1.1.0"};
    return push_image(story, "charts/search:1.1.0") && next_release(story, "dev", "done") &&
           next_release(story, "staging", "done") &&
           wait_for(story, is_running, &in_staging, "staging runs chart 1.1.0 of search");
}

static bool change_by_commit(struct story *story)
{
    AUTO_STR(text, 65536);
    const char *path = "clusters/staging/mailer.yaml";
    if (!demo_read_file(story->demo->repository, path, &text, &story->err)) {
        return false;
    }
    char *replicas = strstr(text.text, "replicas: 1");
    if (!replicas) {
        return err_set(&story->err, ERR_INTERNAL, "%s has no replicas: 1", path);
    }
    replicas[strlen("replicas: ")] = '2';
    return demo_commit_file(story->demo->repository, path, text.text, "Give the mailer a twin\n",
                            &story->err) &&
           next_release(story, "staging", "done");
}

static bool was_put_back(struct story *story, void *context)
{
    (void)context;
    AUTO_JSON *cluster = get(story, "/api/v1/clusters/dev");
    size_t i = 0;
    const json_t *workload = NULL;
    json_array_foreach (json_array_at(cluster, "workloads"), i, workload) {
        if (strcmp(json_text_at(workload, "name", ""), "web") == 0 &&
            json_int_at(workload, "driftFixed", 0) > 0) {
            say("   put back; it was changed by %s",
                json_text_at(workload, "driftManager", "someone"));
            return true;
        }
    }
    return false;
}

static bool change_by_hand(struct story *story)
{
    const struct sandbox_cluster *dev = story->demo->clusters[0];
    AUTO_STR(url, 512);
    str_addf(&url,
             "http://127.0.0.1:%d/apis/apps/v1/namespaces/shop/deployments/"
             "web?fieldManager=kubectl-edit",
             sandbox_cluster_port(dev));
    struct http_call call = {.method = "PATCH",
                             .url = url.text,
                             .bearer = sandbox_cluster_token(dev),
                             .body = slice_of("{\"spec\":{\"replicas\":1}}"),
                             .content_type = "application/merge-patch+json"};
    struct http_result result = {0};
    bool done = http_perform(story->client, &call, &result, &story->err) &&
                (result.status == 200 ||
                 err_set(&story->err, ERR_INTERNAL, "the edit by hand: HTTP %d", result.status));
    http_result_done(&result);
    return done && wait_for(story, was_put_back, NULL, "the change by hand is put back");
}

static const struct {
    const char *title;
    bool (*play)(struct story *story);
} steps[] = {
    {"Everything runs 1.0.0, in dev, staging and two prod clusters", begin},
    {"CI pushes cart 1.1.0; dev takes it by itself", push_a_version},
    {"Staging follows after its soak", soak_into_staging},
    {"A batch for prod waits for someone else", promote_a_batch},
    {"Mia approves; prod-eu goes first, then prod-us", approve_it},
    {"A bad version of cart reaches dev, and says why it does not run", ship_a_bad_version},
    {"It is rolled back, and automation is held", roll_it_back},
    {"Automation resumes, and takes the next version", resume_by_a_newer_version},
    {"A chart moves as images do; Flux installs it", move_a_chart},
    {"A commit by a person is followed, too", change_by_commit},
    {"A change by hand is put back", change_by_hand},
};

static void play(void *context)
{
    struct story *story = context;
    story->holds = true;
    int64_t began_ms = env_now_mono_ms(env_system());
    for (size_t i = 0; story->holds && i < COUNT_OF(steps); i++) {
        say("%zu. %s", i + 1, steps[i].title);
        story->err = (struct err){0};
        story->holds = steps[i].play(story);
        if (!story->holds) {
            err_wrap(&story->err, "step %zu (%s)", i + 1, steps[i].title);
        }
    }
    if (story->holds) {
        char took[DURATION_TEXT_BYTES];
        duration_format(env_now_mono_ms(env_system()) - began_ms, took);
        say("Every step held, in %s.", took);
    }
}

static void story_done(void *context, bool is_stopping)
{
    struct story *story = context;
    struct demo *demo = story->demo;
    demo->has_failed = !story->holds;
    demo->story_err = story->err;
    if (demo->has_failed && demo->story_err.kind == ERR_NONE) {
        err_set(&demo->story_err, ERR_INTERNAL, "the story was cut short");
    }
    http_client_free(&story->client);
    free(story);
    if (!is_stopping) {
        loop_stop(demo->loop);
    }
}

void demo_start_story(struct demo *demo)
{
    struct story *story = xcalloc(1, sizeof(*story));
    story->demo = demo;
    story->client = http_client_new("heddle-demo");
    TEXT_COPY_CUT(story->admin, server_admin_token(demo->server));
    loop_work(demo->loop, NULL, play, story_done, story);
}
