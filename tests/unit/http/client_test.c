#include "house.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

/* A server of one connection that answers with fixed bytes and closes. */
struct bare_server {
    int listener, port;
    const char *answer;
    bool stays_silent; /* keeps the connection open after the answer */
    pthread_t thread;
    atomic_bool may_end;
};

static void *answer_once(void *context)
{
    struct bare_server *bare = context;
    char request[4096];
    int fd = accept(bare->listener, NULL, NULL);
    if (fd >= 0) {
        (void)!recv(fd, request, sizeof(request), 0);
        send(fd, bare->answer, strlen(bare->answer), MSG_NOSIGNAL);
        while (bare->stays_silent && !atomic_load(&bare->may_end)) {
            usleep(1000);
        }
        close(fd);
    }
    return NULL;
}

static void bare_start(struct bare_server *bare, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bare->answer = answer;
    bare->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(bare->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(bare->listener, 1), 0);
    getsockname(bare->listener, (struct sockaddr *)&address, &length);
    bare->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&bare->thread, NULL, answer_once, bare), 0);
}

static void bare_stop(struct bare_server *bare)
{
    atomic_store(&bare->may_end, true);
    pthread_join(bare->thread, NULL);
    close(bare->listener);
}

/* GET from the bare server; false and err as http_perform(). */
static bool bare_get(const char *answer, struct http_result *out, struct err *err)
{
    char url[64];
    struct bare_server bare = {0};
    struct http_client *client = http_client_new("heddle-test");
    bare_start(&bare, answer);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/x?token=hidden", bare.port);
    bool succeeded = http_perform(client, &(struct http_call){.url = url}, out, err);
    bare_stop(&bare);
    http_client_free(&client);
    return succeeded;
}

static void a_half_answer_is_unavailable(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct http_result result = {0};
        struct err err = {0};
        assert_false(bare_get(answers[i], &result, &err));
        if (err.kind != ERR_UNAVAILABLE) {
            fail_msg("%zu: %s", i, err.text);
        }
        /* Queries may hold secrets. */
        assert_null(strstr(err.text, "hidden"));
        assert_non_null(strstr(err.text, "GET http://127.0.0.1"));
    }
}

static void interim_answers_and_their_headers_are_skipped(void **state)
{
    (void)state;
    struct http_result result = {0};
    struct err err = {0};
    AUTO_STR(value, 100);
    ASSERT_OK(bare_get("HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n"
                       "HTTP/1.1 404 Not Found\r\nX-Last:  a b \r\nContent-Length: 2\r\n\r\nno",
                       &result, &err),
              err);
    assert_int_equal(result.status, 404);
    assert_string_equal(result.body.text, "no");
    assert_false(http_result_header(&result, "X-Early", &value));
    assert_true(http_result_header(&result, "x-last", &value));
    assert_string_equal(value.text, "a b");
    http_result_done(&result);
}

static void redirects_are_answers(void **state)
{
    (void)state;
    struct http_result result = {0};
    struct err err = {0};
    ASSERT_OK(bare_get("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                       "Content-Length: 0\r\n\r\n",
                       &result, &err),
              err);
    assert_int_equal(result.status, 302);
    http_result_done(&result);
}

static void nobody_listening_is_unavailable(void **state)
{
    struct house *house = *state;
    struct http_result result = {0};
    struct err err = {0};
    ASSERT_FAILS(http_perform(house->client, &(struct http_call){.url = "http://127.0.0.1:1/"},
                              &result, &err),
                 err, ERR_UNAVAILABLE, "http://127.0.0.1:1/");
    assert_null(strstr(err.text, " after ")); /* so many milliseconds */
}

static void bad_requests_are_refused_before_they_are_sent(void **state)
{
    struct house *house = *state;
    static const struct http_header split[] = {{"X-A", "b\r\nX-Injected: yes"}};
    static const struct http_header named[] = {{"X-A: b\r\nX-C", "d"}};
    const struct http_call calls[] = {
        {.url = "file:///etc/passwd"},
        {.url = "ftp://127.0.0.1/"},
        {.url = "http://127.0.0.1/a\r\nHost: b"},
        {.url = "http://127.0.0.1/", .headers = split, .header_count = 1},
        {.url = "http://127.0.0.1/", .headers = named, .header_count = 1},
        {.url = "http://127.0.0.1/", .bearer = "a\r\nX-Injected: yes"},
    };
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        struct http_result result = {0};
        struct err err = {0};
        assert_false(http_perform(house->client, &calls[i], &result, &err));
        if (err.kind != ERR_INVALID) {
            fail_msg("%zu: %s", i, err.text);
        }
    }
}

static void silence_ends_in_a_timeout(void **state)
{
    struct house *house = *state;
    char url[256];
    struct http_result result = {0};
    struct err err = {0};
    house_url(house, "/kept", url);
    const struct http_call call = {.url = url, .timeout_ms = 50};
    ASSERT_FAILS(http_perform(house->client, &call, &result, &err), err, ERR_TIMEOUT, "/kept");
}

static void answers_have_a_largest_size_after_decoding(void **state)
{
    struct house *house = *state;
    char url[256];
    struct http_result result = {0};
    struct err err = {0};
    house_url(house, "/big?bytes=100000", url);
    struct http_call call = {.url = url, .body_bytes_max = 100000};
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    assert_int_equal(result.body.length, 100000);
    http_result_done(&result);
    call.body_bytes_max = 99999;
    ASSERT_FAILS(http_perform(house->client, &call, &result, &err), err, ERR_INVALID, "99999");

    house_url(house, "/gzip", url);
    call.body_bytes_max = 9;
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    assert_string_equal(result.body.text, "squeezed\n");
    http_result_done(&result);
    call.body_bytes_max = 8;
    ASSERT_FAILS(http_perform(house->client, &call, &result, &err), err, ERR_INVALID, "8 bytes");
}

static void headers_credentials_and_bodies_arrive(void **state)
{
    struct house *house = *state;
    static const struct http_header headers[] = {{"X-Test", "1"}, {"X-Empty", ""}};
    char url[256];
    struct http_result result = {0};
    struct err err = {0};
    house_url(house, "/things/a", url);
    const struct http_call call = {.url = url, .headers = headers, .header_count = 2};
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    assert_non_null(strstr(result.body.text, "\"x\":\"1\""));
    http_result_done(&result);
    for (int i = 0; i < 3; i++) {
        house_call(house, "PUT", "/bytes", i ? "12345" : NULL, &result);
        assert_string_equal(result.body.text, i ? "{\"bytes\":5}" : "{\"bytes\":0}");
        http_result_done(&result);
    }
}

static void a_server_may_say_when_to_come_back(void **state)
{
    struct http_result result = {0};
    house_call(*state, "GET", "/busy", NULL, &result);
    assert_int_equal(result.status, 429);
    assert_int_equal(result.retry_after_ms, 7000);
    http_result_done(&result);
}

/* Streams that block. */

struct taker {
    size_t bytes, stop_at;
    int status;
};

static bool take(void *context, int status, struct slice bytes)
{
    struct taker *taker = context;
    taker->status = status;
    taker->bytes += bytes.length;
    return taker->bytes < taker->stop_at;
}

static void a_stream_is_read_until_its_end_or_until_enough(void **state)
{
    struct house *house = *state;
    char url[256];
    int status = 0;
    struct err err = {0};
    house_url(house, "/big?bytes=3000000", url);
    const struct http_call call = {.url = url};
    struct taker all = {.stop_at = SIZE_MAX};
    ASSERT_OK(http_perform_stream(house->client, &call, take, &all, &status, &err), err);
    assert_int_equal(all.bytes, 3000000);
    assert_int_equal(all.status, 200);
    assert_int_equal(status, 200);
    struct taker some = {.stop_at = 1000};
    ASSERT_OK(http_perform_stream(house->client, &call, take, &some, &status, &err), err);
    assert_true(some.bytes >= 1000 && some.bytes < 3000000);
    assert_int_equal(house_status(house, "GET", "/hello", NULL), 200);
}

static void a_silent_stream_ends_in_a_timeout(void **state)
{
    struct house *house = *state;
    char url[256];
    int status = 0;
    struct err err = {0};
    house_url(house, "/stream", url);
    struct taker taker = {.stop_at = SIZE_MAX};
    const struct http_call call = {.url = url, .timeout_ms = 50};
    ASSERT_FAILS(http_perform_stream(house->client, &call, take, &taker, &status, &err), err,
                 ERR_TIMEOUT, "/stream");
    assert_int_equal(taker.bytes, strlen("begin\n"));
}

/* Many at once. */

struct batch {
    char url[256];
    int64_t next_tag, end_tag;
    int answers[2000];
    int good, bad;
    bool adds_more;
};

static int64_t next_call(void *context, struct http_call *out)
{
    struct batch *batch = context;
    if (batch->next_tag == batch->end_tag) {
        return -1;
    }
    out->url = batch->next_tag % 10 == 9 ? "http://127.0.0.1:1/" : batch->url;
    out->timeout_ms = DEADLINE_MS;
    return batch->next_tag++;
}

static void count_answer(void *context, int64_t tag, struct http_result *result,
                         const struct err *err)
{
    struct batch *batch = context;
    batch->answers[tag]++;
    if (err->kind == ERR_NONE && result->status == 200 && strstr(result->body.text, "world")) {
        batch->good++;
    } else if (err->kind == ERR_UNAVAILABLE) {
        batch->bad++;
    }
    /* An answer makes another question, as a page of a list does. */
    if (batch->adds_more && batch->end_tag < 2000) {
        batch->end_tag++;
    }
}

static void many_requests_are_each_answered_once(void **state)
{
    struct house *house = *state;
    struct batch batch = {.end_tag = 1000, .adds_more = true};
    house_url(house, "/hello", batch.url);
    http_perform_many(house->client, 32, next_call, count_answer, &batch);
    assert_int_equal(batch.next_tag, 2000);
    for (size_t i = 0; i < COUNT_OF(batch.answers); i++) {
        assert_int_equal(batch.answers[i], 1);
    }
    assert_int_equal(batch.good, 1800);
    assert_int_equal(batch.bad, 200);
    /* The client serves single calls as before. */
    assert_int_equal(house_status(house, "GET", "/hello", NULL), 200);
}

/* TLS. */

static void tls_checks_who_answers(void **state)
{
    struct house *house = *state;
    struct http_result result = {0};
    struct err err = {0};
    char url[256];
    AUTO_STR(pem, 65536);
    house_url(house, "/hello", url);
    struct http_tls tls = {0};
    const struct http_call call = {.url = url, .tls = &tls};
    ASSERT_FAILS(http_perform(house->client, &call, &result, &err), err, ERR_UNAVAILABLE,
                 "certificate");
    tls.insecure = true;
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    http_result_done(&result);
    tls.insecure = false;
    ASSERT_OK(file_read(house_cert_file(), &pem, &err), err);
    tls.ca_pem = pem.text;
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    assert_int_equal(result.status, 200);
    http_result_done(&result);
}

static void streams_and_late_answers_pass_through_tls(void **state)
{
    struct house *house = *state;
    char url[256];
    int status = 0;
    struct err err = {0};
    struct taker taker = {.stop_at = 1};
    const struct http_tls tls = {.insecure = true};
    house_url(house, "/stream", url);
    const struct http_call stream = {.url = url, .tls = &tls};
    ASSERT_OK(http_perform_stream(house->client, &stream, take, &taker, &status, &err), err);
    assert_int_equal(taker.bytes, strlen("begin\n"));

    struct http_result result = {0};
    house_url(house, "/later", url);
    const struct http_call late = {.url = url, .tls = &tls};
    ASSERT_OK(http_perform(house->client, &late, &result, &err), err);
    assert_string_equal(result.body.text, "late");
    http_result_done(&result);

    house_url(house, "/big?bytes=3000000", url);
    const struct http_call big = {.url = url, .tls = &tls};
    ASSERT_OK(http_perform(house->client, &big, &result, &err), err);
    assert_int_equal(result.body.length, 3000000);
    http_result_done(&result);
}

/* Streams on a loop; the test's own loop, beside the house's. */

struct listener {
    struct loop *loop;
    struct http_stream *stream;
    int status, status_calls, ends, closes_at;
    size_t got_bytes;
    struct err err;
};

static void hear_status(void *context, int status)
{
    struct listener *listener = context;
    listener->status = status;
    listener->status_calls++;
}

static void hear_data(void *context, struct slice bytes)
{
    struct listener *listener = context;
    assert_int_equal(listener->status_calls, 1);
    listener->got_bytes += bytes.length;
    if (listener->closes_at && listener->got_bytes >= (size_t)listener->closes_at) {
        http_stream_close(&listener->stream);
        assert_null(listener->stream);
        loop_stop(listener->loop);
    }
}

static void hear_end(void *context, const struct err *err)
{
    struct listener *listener = context;
    listener->ends++;
    listener->err = *err;
    listener->stream = NULL;
    loop_stop(listener->loop);
}

static void took_too_long(void *context)
{
    (void)context;
    fail_msg("the stream did nothing in %d ms", DEADLINE_MS);
}

static void listen_to(struct listener *listener, const struct http_call *call, int64_t idle_ms)
{
    static const struct http_stream_events events = {hear_status, hear_data, hear_end};
    listener->loop = loop_new();
    struct loop_timer *deadline =
        loop_timer_start(listener->loop, DEADLINE_MS, 0, took_too_long, NULL);
    listener->stream = http_stream_open(listener->loop, call, idle_ms, &events, listener);
    assert_non_null(listener->stream);
    assert_int_equal(listener->ends, 0);
    loop_run(listener->loop);
    loop_timer_stop(&deadline);
    loop_free(&listener->loop);
}

static void a_stream_on_the_loop_hears_status_data_and_end(void **state)
{
    char url[256];
    struct listener listener = {0};
    house_url(*state, "/big?bytes=500000", url);
    listen_to(&listener, &(struct http_call){.url = url}, 0);
    assert_int_equal(listener.status, 200);
    assert_int_equal(listener.ends, 1);
    assert_int_equal(listener.err.kind, ERR_NONE);
    assert_int_equal(listener.got_bytes, 500000);
}

static void a_stream_may_be_closed_from_its_own_data(void **state)
{
    struct house *house = *state;
    char url[256];
    struct listener listener = {.closes_at = 1};
    house_url(house, "/stream", url);
    listen_to(&listener, &(struct http_call){.url = url}, 0);
    assert_int_equal(listener.ends, 0);
    assert_int_equal(listener.status, 200);
}

static void a_silent_stream_on_the_loop_times_out(void **state)
{
    char url[256];
    struct listener listener = {0};
    house_url(*state, "/stream", url);
    listen_to(&listener, &(struct http_call){.url = url}, 50);
    assert_int_equal(listener.status, 200);
    assert_int_equal(listener.err.kind, ERR_TIMEOUT);
}

static void a_stream_that_breaks_says_so(void **state)
{
    (void)state;
    char url[64];
    struct bare_server bare = {0};
    struct listener broken = {0};
    bare_start(&bare, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", bare.port);
    listen_to(&broken, &(struct http_call){.url = url}, 0);
    bare_stop(&bare);
    assert_int_equal(broken.status, 200);
    assert_int_equal(broken.err.kind, ERR_UNAVAILABLE);

    struct listener unsent = {0};
    listen_to(&unsent, &(struct http_call){.url = "http://127.0.0.1:1/", .bearer = "a\nb"}, 0);
    assert_int_equal(unsent.err.kind, ERR_INVALID);
    struct listener refused = {0};
    listen_to(&refused, &(struct http_call){.url = "http://127.0.0.1:1/"}, 0);
    assert_int_equal(refused.err.kind, ERR_UNAVAILABLE);
    assert_int_equal(refused.status_calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)
#define TEST_TLS(name) cmocka_unit_test_setup_teardown(name, house_open_tls, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_answer_is_unavailable),
        cmocka_unit_test(interim_answers_and_their_headers_are_skipped),
        cmocka_unit_test(redirects_are_answers),
        TEST(nobody_listening_is_unavailable),
        TEST(bad_requests_are_refused_before_they_are_sent),
        TEST(silence_ends_in_a_timeout),
        TEST(answers_have_a_largest_size_after_decoding),
        TEST(headers_credentials_and_bodies_arrive),
        TEST(a_server_may_say_when_to_come_back),
        TEST(a_stream_is_read_until_its_end_or_until_enough),
        TEST(a_silent_stream_ends_in_a_timeout),
        TEST(many_requests_are_each_answered_once),
        TEST_TLS(tls_checks_who_answers),
        TEST_TLS(streams_and_late_answers_pass_through_tls),
        TEST(a_stream_on_the_loop_hears_status_data_and_end),
        TEST(a_stream_may_be_closed_from_its_own_data),
        TEST(a_silent_stream_on_the_loop_times_out),
        cmocka_unit_test(a_stream_that_breaks_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
