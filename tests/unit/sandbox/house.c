#include "house.h"

#include <stdio.h>
#include <time.h>

#include "../testing.h"

#define DEADLINE_MS 10000
#define PAUSE_MS 10

static void *run(void *context)
{
    struct house *house = context;
    loop_run(house->loop);
    return NULL;
}

void house_open(struct house *house, struct sandbox_cluster_options options)
{
    struct err err;
    *house = (struct house){.loop = loop_new(), .client = http_client_new("tester/1")};
    options.loop = house->loop;
    ASSERT_OK(sandbox_cluster_start(&options, &house->cluster, &err), err);
    house->token = sandbox_cluster_token(house->cluster);
    house->port = sandbox_cluster_port(house->cluster);
    assert_int_equal(pthread_create(&house->thread, NULL, run, house), 0);
}

static void stop(void *context)
{
    loop_stop(context);
}

void house_close(struct house *house)
{
    loop_post(house->loop, stop, house->loop);
    pthread_join(house->thread, NULL);
    sandbox_cluster_stop(&house->cluster);
    loop_free(&house->loop);
    http_client_free(&house->client);
}

static void fill_call(const struct house *house, const char *path, struct str *url,
                      struct http_call *out)
{
    str_addf(url, "http://127.0.0.1:%d%s", house->port, path);
    out->url = url->text;
    out->bearer = house->token;
    out->timeout_ms = DEADLINE_MS;
}

json_t *house_call(struct house *house, const char *method, const char *path, const char *type,
                   const char *body, int *out_status)
{
    struct err err;
    struct http_result result = {0};
    AUTO_STR(url, 4096);
    struct http_call call = {
        .method = method, .content_type = type, .body = slice_of(body ? body : "")};
    fill_call(house, path, &url, &call);
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    *out_status = result.status;
    json_t *answer = json_loadb(result.body.text, result.body.length, 0, NULL);
    http_result_done(&result);
    return answer;
}

json_t *house_expect(struct house *house, int status, const char *method, const char *path,
                     const char *body)
{
    const char *type = strcmp(method, "PATCH") != 0         ? "application/json"
                       : strstr(path, "fieldManager=apply") ? "application/apply-patch+yaml"
                                                            : "application/merge-patch+json";
    int got = 0;
    json_t *answer = house_call(house, method, path, type, body, &got);
    if (got != status) {
        fail_msg("%s %s: %d %s", method, path, got, json_text_at(answer, "message", ""));
    }
    return answer;
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

static bool has_value(const json_t *object, const char *at, const char *wanted)
{
    const json_t *value = json_at(object, at);
    AUTO(xfree) char *text = json_is_string(value) ? NULL : json_text(value);
    return value && strcmp(text ? text : json_string_value(value), wanted) == 0;
}

void house_wait(struct house *house, const char *path, const char *at, const char *wanted)
{
    const struct env *env = env_system();
    int64_t end_ms = env_now_mono_ms(env) + DEADLINE_MS;
    for (;;) {
        int status = 0;
        AUTO_JSON *object = house_call(house, "GET", path, NULL, NULL, &status);
        if (has_value(object, at, wanted)) {
            return;
        }
        if (env_now_mono_ms(env) > end_ms) {
            AUTO(xfree) char *text = json_text(object);
            fail_msg("%s: %s is not %s: %s", path, at, wanted, text);
        }
        pause_a_little();
    }
}

void house_wait_gone(struct house *house, const char *path)
{
    house_wait(house, path, "code", "404");
}

static bool collect(void *context, int status, struct slice bytes)
{
    (void)status;
    str_add_bytes(context, bytes.bytes, bytes.length);
    return true;
}

json_t *house_watch(struct house *house, const char *path)
{
    struct err err;
    int status = 0;
    AUTO_STR(url, 4096);
    AUTO_STR(text, 16U << 20);
    struct http_call call = {.method = "GET"};
    fill_call(house, path, &url, &call);
    ASSERT_OK(http_perform_stream(house->client, &call, collect, &text, &status, &err), err);
    assert_int_equal(status, 200);
    json_t *events = json_array();
    for (char *line = text.text; *line;) {
        size_t length = strcspn(line, "\n");
        json_array_append_new(events, json_loadb(line, length, 0, NULL));
        line += length + (line[length] == '\n');
    }
    return events;
}

const char *house_workload(struct arena *arena, const char *kind, const char *name, int replicas,
                           const char *image)
{
    bool is_job = strcmp(kind, "Job") == 0;
    char count[48] = "";
    if (replicas >= 0) {
        snprintf(count, sizeof(count), "\"replicas\": %d, ", replicas);
    }
    const char *selector =
        is_job ? ""
               : arena_printf(arena, "\"selector\": {\"matchLabels\": {\"app\": \"%s\"}}, ", name);
    return arena_printf(
        arena,
        "{\"apiVersion\": \"%s\", \"kind\": \"%s\", \"metadata\": {\"name\": \"%s\", "
        "\"namespace\": "
        "\"default\"}, \"spec\": {%s%s%s\"template\": {\"metadata\": {\"labels\": {\"app\": "
        "\"%s\"}}, "
        "\"spec\": {%s\"containers\": [{\"name\": \"app\", \"image\": \"%s\", \"resources\": "
        "{\"limits\": {\"memory\": \"64Mi\"}}}]}}}}",
        is_job ? "batch/v1" : "apps/v1", kind, name, count, selector,
        is_job ? "\"backoffLimit\": 0, " : "", name, is_job ? "\"restartPolicy\": \"Never\", " : "",
        image);
}
