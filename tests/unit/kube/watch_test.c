/* A watch against an API server that answers what the test says. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "http/http.h"
#include "kube/kube.h"

#define PATIENCE_MS 10000
#define REQUESTS_MAX 8

/* What the server answers to the n-th request. */
struct answer {
    int status;
    const char *body;
    bool stays_open;
};

struct rig {
    struct loop *loop;
    struct http_server *server;
    struct kube *kube;
    struct kube_watch *watch;
    const struct answer *answers;
    size_t answer_count, asked;
    char queries[REQUESTS_MAX][256]; /* "watch=1 version=7 continue=" */
    struct str seen;
    const char *until;
    bool is_late;
    char kubeconfig[64];
};

static void closed(void *context)
{
    (void)context;
}

static const char *query(const struct http_exchange *exchange, const char *name)
{
    const char *value = http_query(exchange, name);
    return value ? value : "";
}

static void answer(struct http_exchange *exchange, void *context)
{
    struct rig *rig = context;
    static const struct answer nothing = {200, "", true};
    const struct answer *next =
        rig->asked < rig->answer_count ? &rig->answers[rig->asked] : &nothing;
    if (rig->asked < REQUESTS_MAX) {
        snprintf(rig->queries[rig->asked], sizeof(rig->queries[0]),
                 "watch=%s version=%s continue=%s", query(exchange, "watch"),
                 query(exchange, "resourceVersion"), query(exchange, "continue"));
    }
    rig->asked++;
    struct http_body *body =
        http_reply_stream(exchange, next->status, "application/json", 1U << 20, closed, NULL);
    if (body && next->body[0]) {
        http_body_write(body, slice_of(next->body));
    }
    if (body && !next->stays_open) {
        http_body_end(body);
    }
}

static bool allow(struct http_exchange *exchange, int permission, void *context)
{
    (void)exchange;
    (void)permission;
    (void)context;
    return true;
}

static void note(struct rig *rig, const char *text)
{
    str_add(&rig->seen, text);
    str_add(&rig->seen, " ");
    if (strcmp(rig->seen.text, rig->until) == 0) {
        loop_stop(rig->loop);
    }
}

static void on_list(void *context)
{
    note(context, "list");
}

static void on_object(void *context, enum kube_change change, const json_t *object)
{
    static const char *const names[] = {"listed", "changed", "deleted"};
    AUTO_STR(text, 256);
    str_addf(&text, "%s:%s/%s", names[change], json_text_at(object, "kind", "?"),
             json_text_at(object, "metadata.name", "?"));
    note(context, text.text);
}

static void on_listed(void *context)
{
    note(context, "whole");
}

static void on_trouble(void *context, const struct err *err)
{
    note(context, err->kind == ERR_NONE ? "fine" : "trouble");
}

static void give_up(void *context)
{
    struct rig *rig = context;
    rig->is_late = true;
    loop_stop(rig->loop);
}

static void start(struct rig *rig)
{
    static const struct http_route routes[] = {{HTTP_GET, "/api/v1/pods", 1, answer, "pods", 0}};
    struct http_server_options options = {.loop = rig->loop,
                                          .address = "127.0.0.1",
                                          .routes = routes,
                                          .route_count = 1,
                                          .authorize = allow,
                                          .context = rig};
    struct err err = {0};
    ASSERT_OK(http_server_start(&options, &rig->server, &err), err);
    AUTO_STR(config, 1024);
    str_addf(
        &config,
        "{\"current-context\": \"t\", \"contexts\": [{\"name\": \"t\", \"context\": {\"cluster\": "
        "\"t\", \"user\": \"t\"}}], \"clusters\": [{\"name\": \"t\", \"cluster\": {\"server\": "
        "\"http://127.0.0.1:%d/\"}}], \"users\": [{\"name\": \"t\", \"user\": {\"token\": "
        "\"secret\"}}]}\n",
        http_server_port(rig->server));
    snprintf(rig->kubeconfig, sizeof(rig->kubeconfig), "/tmp/heddle-watch-XXXXXX");
    int fd = mkstemp(rig->kubeconfig);
    assert_true(fd >= 0);
    ASSERT_OK(file_replace(rig->kubeconfig, str_slice(&config), 0600, &err), err);
    struct kube_options kube_options = {.kubeconfig = rig->kubeconfig, .env = env_system()};
    ASSERT_OK(kube_open(&kube_options, &rig->kube, &err), err);
}

/* Run a watch against these answers until exactly this was seen. */
static void play(struct rig *rig, const struct answer *answers, size_t count, const char *until)
{
    static const struct kube_watch_events events = {on_list, on_object, on_listed, on_trouble};
    *rig =
        (struct rig){.loop = loop_new(), .answers = answers, .answer_count = count, .until = until};
    str_init(&rig->seen, 4096);
    start(rig);
    struct kube_watch_options options = {.path = "/api/v1/pods",
                                         .api_version = "v1",
                                         .kind = "Pod",
                                         .events = &events,
                                         .context = rig};
    rig->watch = kube_watch_open(rig->kube, rig->loop, &options);
    struct loop_timer *late = loop_timer_start(rig->loop, PATIENCE_MS, 0, give_up, rig);
    loop_run(rig->loop);
    if (!rig->is_late) {
        loop_timer_stop(&late);
    }
    kube_watch_close(&rig->watch);
    kube_close(&rig->kube);
    http_server_stop(&rig->server);
    loop_free(&rig->loop);
    unlink(rig->kubeconfig);
    AUTO_STR(seen, 4096);
    str_add(&seen, rig->seen.text);
    str_done(&rig->seen);
    assert_string_equal(seen.text, until);
}

#define LIST(version, items)                                                                       \
    "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items   \
    "]}"
#define POD(name, version)                                                                         \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" POD(name, version) "}\n"
#define GONE                                                                                       \
    "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old resource "     \
    "version\"}"

static void a_list_is_followed_from_its_version(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200, LIST("5", POD("a", "4") "," POD("b", "5")), false},
        {200, EVENT("ADDED", "c", "6") EVENT("DELETED", "a", "7"), true},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers),
         "list listed:Pod/a listed:Pod/b whole changed:Pod/c deleted:Pod/a ");
    assert_string_equal(rig.queries[0], "watch= version= continue=");
    assert_string_equal(rig.queries[1], "watch=1 version=5 continue=");
}

static void pages_are_one_list(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200,
         "{\"metadata\":{\"resourceVersion\":\"5\",\"continue\":\"a/b=\"},\"items\":[" POD(
             "a", "1") "]}",
         false},
        {200, LIST("5", POD("b", "2")), false},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list listed:Pod/a listed:Pod/b whole ");
    assert_string_equal(rig.queries[1], "watch= version= continue=a/b=");
}

static void after_a_cut_it_resumes_from_the_last_bookmark(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200, LIST("5", ""), false},
        {200, EVENT("ADDED", "a", "6") EVENT("BOOKMARK", "", "9") "{\"type\":\"ADD", false},
        {200, EVENT("MODIFIED", "a", "10"), true},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list whole changed:Pod/a changed:Pod/a ");
    assert_string_equal(rig.queries[2], "watch=1 version=9 continue=");
}

static void a_version_gone_inside_the_stream_means_a_new_list(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200, LIST("5", POD("a", "4")), false},
        {200, "{\"type\":\"ERROR\",\"object\":" GONE "}\n", false},
        {200, LIST("9", POD("b", "8")), false},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list listed:Pod/a whole list listed:Pod/b whole ");
    assert_string_equal(rig.queries[2], "watch= version= continue=");
}

static void a_version_gone_by_its_status_means_a_new_list(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200, LIST("5", POD("a", "4")), false},
        {410, GONE, false},
        {200, LIST("9", POD("b", "8")), false},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list listed:Pod/a whole list listed:Pod/b whole ");
}

static void a_list_forgotten_between_two_pages_begins_again(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {200, "{\"metadata\":{\"continue\":\"x\"},\"items\":[" POD("a", "1") "]}", false},
        {410, GONE, false},
        {200, LIST("9", POD("a", "1")), false},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list listed:Pod/a list listed:Pod/a whole ");
}

static void trouble_is_told_at_the_second_failure_and_its_end_too(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {503, "", false},
        {200, "<html>", false},
        {200, LIST("5", ""), false},
    };
    struct rig rig;
    play(&rig, answers, COUNT_OF(answers), "list list trouble list fine whole ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_followed_from_its_version),
        cmocka_unit_test(pages_are_one_list),
        cmocka_unit_test(after_a_cut_it_resumes_from_the_last_bookmark),
        cmocka_unit_test(a_version_gone_inside_the_stream_means_a_new_list),
        cmocka_unit_test(a_version_gone_by_its_status_means_a_new_list),
        cmocka_unit_test(a_list_forgotten_between_two_pages_begins_again),
        cmocka_unit_test(trouble_is_told_at_the_second_failure_and_its_end_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
