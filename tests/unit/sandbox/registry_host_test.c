#include "../testing.h"

#include <pthread.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "http/client.h"
#include "http/server.h"
#include "sandbox/registry_host.h"

#define SECRET "a-shared-secret"

/* What a webhook was sent; written by the loop's thread. */
struct heard {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int count;
    char signature[128];
    char body[4096];
};

struct house {
    struct loop *loop;
    struct sandbox_registry *registry;
    struct http_server *listener;
    struct http_client *client;
    struct heard heard;
    pthread_t thread;
};

static void hear(struct http_exchange *exchange, void *context)
{
    struct heard *heard = context;
    struct slice body = http_body_of(exchange);
    const char *signature = http_request_header(exchange, "X-Hub-Signature-256");
    pthread_mutex_lock(&heard->lock);
    snprintf(heard->body, sizeof(heard->body), "%.*s", (int)body.length, body.bytes);
    TEXT_COPY_CUT(heard->signature, signature ? signature : "");
    heard->count++;
    pthread_cond_signal(&heard->came);
    pthread_mutex_unlock(&heard->lock);
    http_reply_empty(exchange, 202);
}

static bool let_in(struct http_exchange *exchange, int permission, void *context)
{
    (void)exchange;
    (void)permission;
    (void)context;
    return true;
}

static const struct http_route routes[] = {{HTTP_POST, "/hook", 1, hear, "Hear", 0}};

static void *run(void *context)
{
    loop_run(context);
    return NULL;
}

static void push(struct house *house, const char *repository, const char *tag,
                 char digest[static SANDBOX_DIGEST_BYTES])
{
    sandbox_registry_push(house->registry, repository, tag);
    assert_true(sandbox_registry_digest(house->registry, repository, tag, digest));
}

static void house_open(struct house *house)
{
    struct err err;
    char digest[SANDBOX_DIGEST_BYTES];
    *house = (struct house){.loop = loop_new(), .client = http_client_new("tester")};
    pthread_mutex_init(&house->heard.lock, NULL);
    pthread_cond_init(&house->heard.came, NULL);
    struct sandbox_registry_options options = {.loop = house->loop, .notify_secret = SECRET};
    ASSERT_OK(sandbox_registry_start(&options, &house->registry, &err), err);
    struct http_server_options listener = {.loop = house->loop,
                                           .address = "127.0.0.1",
                                           .routes = routes,
                                           .route_count = COUNT_OF(routes),
                                           .authorize = let_in,
                                           .context = &house->heard};
    ASSERT_OK(http_server_start(&listener, &house->listener, &err), err);
    for (int i = 1; i <= 5; i++) {
        char tag[16];
        snprintf(tag, sizeof(tag), "1.%d.0", i);
        push(house, "shop/web", tag, digest);
    }
}

static void start(struct house *house)
{
    assert_int_equal(pthread_create(&house->thread, NULL, run, house->loop), 0);
}

static void stop(void *context)
{
    loop_stop(context);
}

static void house_close(struct house *house)
{
    loop_post(house->loop, stop, house->loop);
    pthread_join(house->thread, NULL);
    http_server_stop(&house->listener);
    sandbox_registry_stop(&house->registry);
    loop_free(&house->loop);
    http_client_free(&house->client);
    pthread_cond_destroy(&house->heard.came);
    pthread_mutex_destroy(&house->heard.lock);
}

static struct http_result get(struct house *house, const char *method, const char *path)
{
    struct err err;
    struct http_result result = {0};
    AUTO_STR(url, 1024);
    str_addf(&url, "http://127.0.0.1:%d%s", sandbox_registry_port(house->registry), path);
    struct http_call call = {.method = method, .url = url.text};
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    return result;
}

static void check_header(const struct http_result *result, const char *name, const char *wanted)
{
    AUTO_STR(value, 1024);
    assert_true(http_result_header(result, name, &value));
    assert_string_equal(value.text, wanted);
}

static void tags_come_in_pages(void **state)
{
    (void)state;
    struct house house;
    house_open(&house);
    start(&house);
    struct http_result page = get(&house, "GET", "/v2/shop/web/tags/list?n=3");
    assert_string_equal(page.body.text,
                        "{\"name\":\"shop/web\",\"tags\":[\"1.1.0\",\"1.2.0\",\"1.3.0\"]}");
    check_header(&page, "Link", "</v2/shop/web/tags/list?last=1.3.0&n=3>; rel=\"next\"");
    http_result_done(&page);

    page = get(&house, "GET", "/v2/shop/web/tags/list?last=1.3.0&n=3");
    AUTO_STR(link, 1024);
    assert_string_equal(page.body.text, "{\"name\":\"shop/web\",\"tags\":[\"1.4.0\",\"1.5.0\"]}");
    assert_false(http_result_header(&page, "Link", &link));
    http_result_done(&page);
    house_close(&house);
}

static void a_manifest_is_found_by_tag_and_by_digest(void **state)
{
    (void)state;
    struct house house;
    char digest[SANDBOX_DIGEST_BYTES];
    char hex[SHA256_HEX_BYTES];
    char path[256];
    house_open(&house);
    push(&house, "shop/web", "2.0.0", digest);
    start(&house);

    struct http_result head = get(&house, "HEAD", "/v2/shop/web/manifests/2.0.0");
    assert_int_equal(head.status, 200);
    check_header(&head, "Docker-Content-Digest", digest);
    check_header(&head, "Content-Type", "application/vnd.oci.image.manifest.v1+json");
    http_result_done(&head);

    snprintf(path, sizeof(path), "/v2/shop/web/manifests/%s", digest);
    struct http_result manifest = get(&house, "GET", path);
    crypto_sha256_hex(str_slice(&manifest.body), hex);
    assert_string_equal(hex, digest + strlen("sha256:"));
    struct err err;
    AUTO_JSON *content = json_parse(str_slice(&manifest.body), &err);
    http_result_done(&manifest);

    snprintf(path, sizeof(path), "/v2/shop/web/blobs/%s",
             json_text_at(content, "config.digest", ""));
    struct http_result config = get(&house, "GET", path);
    assert_non_null(strstr(config.body.text, "\"created\":\"2026-01-01T00:00:00Z\""));
    http_result_done(&config);
    house_close(&house);
}

static void a_moved_tag_has_another_digest_and_the_same_story_the_same_digests(void **state)
{
    (void)state;
    struct house house;
    struct house twin;
    char digests[2][SANDBOX_DIGEST_BYTES];
    char again[SANDBOX_DIGEST_BYTES];
    house_open(&house);
    house_open(&twin);
    push(&house, "shop/web", "edge", digests[0]);
    push(&house, "shop/web", "edge", digests[1]);
    assert_string_not_equal(digests[0], digests[1]);
    for (size_t i = 0; i < 2; i++) {
        push(&twin, "shop/web", "edge", again);
        assert_string_equal(again, digests[i]);
    }
    start(&house);
    start(&twin);
    house_close(&house);
    house_close(&twin);
}

static void what_is_not_there_is_told_as_the_specification_says(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
        const char *code;
    } rows[] = {
        {"/v2/", 200, "{}"},
        {"/v2/nobody/here/tags/list", 404, "NAME_UNKNOWN"},
        {"/v2/shop/web/manifests/9.9.9", 404, "MANIFEST_UNKNOWN"},
        {"/v2/shop/web/blobs/sha256:00", 404, "BLOB_UNKNOWN"},
        {"/v2/shop/web/uploads", 404, "UNSUPPORTED"},
    };
    struct house house;
    house_open(&house);
    sandbox_registry_untag(house.registry, "shop/web", "9.9.9");
    start(&house);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct http_result result = get(&house, "GET", rows[i].path);
        if (result.status != rows[i].status || !strstr(result.body.text, rows[i].code)) {
            fail_msg("%s: %d %s", rows[i].path, result.status, result.body.text);
        }
        http_result_done(&result);
    }
    house_close(&house);
}

static void a_registry_in_trouble_says_so(void **state)
{
    (void)state;
    static const struct {
        enum sandbox_registry_mood mood;
        int status;
    } rows[] = {{SANDBOX_REGISTRY_DOWN, 503}, {SANDBOX_REGISTRY_LIMITING, 429}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct house house;
        house_open(&house);
        sandbox_registry_set_mood(house.registry, rows[i].mood);
        start(&house);
        struct http_result result = get(&house, "GET", "/v2/shop/web/tags/list");
        assert_int_equal(result.status, rows[i].status);
        assert_int_equal(result.retry_after_ms > 0, rows[i].status == 429);
        http_result_done(&result);
        house_close(&house);
    }
}

static void a_tag_that_is_taken_away_is_gone_but_not_its_manifest(void **state)
{
    (void)state;
    struct house house;
    char digest[SANDBOX_DIGEST_BYTES];
    char path[256];
    house_open(&house);
    push(&house, "shop/web", "2.0.0", digest);
    sandbox_registry_untag(house.registry, "shop/web", "2.0.0");
    snprintf(path, sizeof(path), "/v2/shop/web/manifests/%s", digest);
    assert_false(sandbox_registry_digest(house.registry, "shop/web", "2.0.0", digest));
    start(&house);
    struct http_result by_tag = get(&house, "GET", "/v2/shop/web/manifests/2.0.0");
    struct http_result by_digest = get(&house, "GET", path);
    struct http_result tags = get(&house, "GET", "/v2/shop/web/tags/list");
    assert_int_equal(by_tag.status, 404);
    assert_int_equal(by_digest.status, 200);
    assert_null(strstr(tags.body.text, "2.0.0"));
    http_result_done(&by_tag);
    http_result_done(&by_digest);
    http_result_done(&tags);
    house_close(&house);
}

static void pushes_are_told_and_signed(void **state)
{
    (void)state;
    struct house house;
    struct err err;
    char url[128];
    char hex[SHA256_HEX_BYTES];
    char digest[SANDBOX_DIGEST_BYTES];
    house_open(&house);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/hook", http_server_port(house.listener));
    sandbox_registry_notify(house.registry, url);
    push(&house, "shop/web", "3.0.0", digest);
    start(&house);

    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 10;
    pthread_mutex_lock(&house.heard.lock);
    while (house.heard.count == 0) {
        assert_int_equal(pthread_cond_timedwait(&house.heard.came, &house.heard.lock, &deadline),
                         0);
    }
    crypto_hmac_sha256_hex(slice_of(SECRET), slice_of(house.heard.body), hex);
    assert_string_equal(house.heard.signature + strlen("sha256="), hex);
    AUTO_JSON *envelope = json_parse(slice_of(house.heard.body), &err);
    const json_t *event = json_array_get(json_array_at(envelope, "events"), 0);
    assert_string_equal(json_text_at(event, "action", ""), "push");
    assert_string_equal(json_text_at(event, "target.repository", ""), "shop/web");
    assert_string_equal(json_text_at(event, "target.tag", ""), "3.0.0");
    assert_string_equal(json_text_at(event, "target.digest", ""), digest);
    pthread_mutex_unlock(&house.heard.lock);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_come_in_pages),
        cmocka_unit_test(a_manifest_is_found_by_tag_and_by_digest),
        cmocka_unit_test(a_moved_tag_has_another_digest_and_the_same_story_the_same_digests),
        cmocka_unit_test(what_is_not_there_is_told_as_the_specification_says),
        cmocka_unit_test(a_registry_in_trouble_says_so),
        cmocka_unit_test(a_tag_that_is_taken_away_is_gone_but_not_its_manifest),
        cmocka_unit_test(pushes_are_told_and_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
