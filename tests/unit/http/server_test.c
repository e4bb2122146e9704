#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define NEVER_COMES "\x01"

static void assert_json(const struct http_result *result, const char *path, const char *wanted)
{
    struct err err = {0};
    AUTO_JSON *json = json_parse(str_slice(&result->body), &err);
    assert_non_null(json);
    const char *text = json_text_at(json, path, "(missing)");
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s is \"%s\", not \"%s\"", path, text, wanted);
    }
}

static void assert_header(const struct http_result *result, const char *name, const char *wanted)
{
    AUTO_STR(value, 1000);
    http_result_header(result, name, &value);
    assert_string_equal(value.text, wanted);
}

static void every_answer_says_how_it_may_be_used(void **state)
{
    struct http_result result = {0};
    house_call(*state, "GET", "/hello", NULL, &result);
    assert_int_equal(result.status, 200);
    assert_json(&result, "hello", "world");
    assert_header(&result, "content-type", "application/json");
    assert_header(&result, "Cache-Control", "no-store");
    assert_header(&result, "X-Content-Type-Options", "nosniff");
    assert_header(&result, "X-House", "yes");
    http_result_done(&result);
}

static void a_handler_may_choose_its_caching_but_not_inject_headers(void **state)
{
    struct http_result result = {0};
    house_call(*state, "GET", "/inject", NULL, &result);
    assert_int_equal(result.status, 204);
    assert_header(&result, "Cache-Control", "max-age=60");
    assert_header(&result, "X-Injected", "");
    assert_null(strstr(result.headers.text, "no-store"));
    http_result_done(&result);
}

static void errors_are_json_with_a_request_id(void **state)
{
    static const struct {
        const char *method, *path, *body;
        int status;
        const char *code;
    } cases[] = {
        {"GET", "/unknown", NULL, 404, "not_found"},
        {"GET", "/", NULL, 404, "not_found"},
        {"GET", "/hello/", NULL, 404, "not_found"},
        {"GET", "/things/", NULL, 404, "not_found"},
        {"DELETE", "/hello", NULL, 405, "invalid"},
        {"OPTIONS", "/hello", NULL, 405, "invalid"},
        {"BREW", "/hello", NULL, 405, "invalid"},
        {"GET", "/nothing", NULL, 500, "internal"},
        {"GET", "/denied", NULL, 401, "unauthenticated"},
        {"POST", "/denied", "{\"a\":1}", 401, "unauthenticated"},
        {"POST", "/echo", "{\"a\":", 422, "invalid"},
        {"POST", "/echo", "[1]", 422, "invalid"},
        {"POST", "/echo", "", 422, "invalid"},
        {"GET", "/files/a/%2e%2e/b", NULL, 400, "invalid"},
        {"GET", "/files/a%2F..%2Fb", NULL, 400, "invalid"},
        {"GET", "/files/..%5cb", NULL, 400, "invalid"},
        {"GET", "/files/a%00b", NULL, 400, "invalid"},
        {"GET", "/files/a%0ab", NULL, 400, "invalid"},
        {"GET", "/files/a%zz", NULL, 400, "invalid"},
        {"GET", "/files/%c0%ae", NULL, 400, "invalid"},
        {"GET", "/files//a", NULL, 400, "invalid"},
        {"GET", "/things/a?q=%00", NULL, 400, "invalid"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_result result = {0};
        house_call(*state, cases[i].method, cases[i].path, cases[i].body, &result);
        if (result.status != cases[i].status) {
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, result.status);
        }
        assert_json(&result, "error.code", cases[i].code);
        assert_non_null(strstr(result.body.text, "\"requestId\":\"q-"));
        assert_header(&result, "Cache-Control", "no-store");
        http_result_done(&result);
    }
}

static void a_wrong_method_learns_the_right_ones(void **state)
{
    struct http_result result = {0};
    house_call(*state, "DELETE", "/hello", NULL, &result);
    assert_header(&result, "Allow", "GET, HEAD");
    http_result_done(&result);
    /* A catch-all does not hide that the path is known. */
    house_call(*state, "GET", "/files/upload", NULL, &result);
    assert_int_equal(result.status, 405);
    assert_header(&result, "Allow", "POST");
    http_result_done(&result);
}

static void paths_are_decoded_once_and_after_they_are_split(void **state)
{
    static const struct {
        const char *path, *key, *value;
    } cases[] = {
        {"/things/a", "name", "a"},
        {"/things/a%2Fb", "name", "a/b"},
        {"/things/a%252Fb", "name", "a%2Fb"},
        {"/things/a%20b/parts/c+d", "name", "a b"},
        {"/things/a%20b/parts/c+d", "part", "c+d"},
        {"/things/%C3%A4", "name", "\xC3\xA4"},
        {"/things/x/parts/y", "route", "/things/{name}/parts/{part}"},
        {"/things/special", "hello", "world"},
        {"/things/specials", "name", "specials"},
        {"/files/a/b/c.txt", "rest", "a/b/c.txt"},
        {"/files/", "rest", ""},
        {"/files", "rest", ""},
        {"/files/a/", "rest", "a/"},
        {"/things/a?q=1%262+3%2B", "q", "1&2 3+"},
        {"/things/a?q", "q", ""},
        {"/things/a?p=1&q=2", "q", "2"},
        {"/things/a", "remote", "127.0.0.1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_result result = {0};
        house_call(*state, "GET", cases[i].path, NULL, &result);
        assert_json(&result, cases[i].key, cases[i].value);
        http_result_done(&result);
    }
}

static void the_base_path_may_be_there_or_taken_away(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"/hello", 200},
        {"/base/hello", 200},
        {"/base/things/base", 200},
        {"/base/base/hello", 404},
        {"/based/hello", 404},
        {"/basehello", 404},
        {"/base", 404},
        {"/base/", 404},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(house_status(*state, "GET", cases[i].path, NULL), cases[i].status);
    }
}

static void head_is_get_without_a_body(void **state)
{
    struct http_result result = {0};
    house_call(*state, "HEAD", "/hello", NULL, &result);
    assert_int_equal(result.status, 200);
    assert_int_equal(result.body.length, 0);
    assert_header(&result, "Content-Type", "application/json");
    http_result_done(&result);
}

#define JSON_AROUND strlen("{\"text\":\"\"}")

/* GET /json?bytes=N as `accept` takes it; what came, as it came. */
static void ask_for_json(struct house *house, size_t bytes, const char *accept, struct str *out)
{
    AUTO_STR(request, 1000);
    str_addf(&request, "GET /json?bytes=%zu HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", bytes);
    if (accept) {
        str_addf(&request, "Accept-Encoding: %s\r\n", accept);
    }
    str_add(&request, "\r\n");
    raw_exchange(house, request.text, NEVER_COMES, out);
}

static void large_json_is_squeezed_for_clients_that_take_it(void **state)
{
    static const struct {
        const char *accept;
        bool is_squeezed;
    } cases[] = {
        {"gzip", true},
        {"GZIP", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
        {"*", true},
        {"br, *;q=0.5", true},
        {"gzip;q=0, *", false},
        {"*, gzip; q=0", false},
        {"gzip;q=0.000", false},
        {"*;q=0", false},
        {"identity", false},
        {"gzipped, x-gzip", false},
        {"", false},
        {",,;q=1,", false},
        {NULL, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(answer, 100000);
        ask_for_json(*state, 20000, cases[i].accept, &answer);
        assert_non_null(strstr(answer.text, "HTTP/1.1 200"));
        assert_non_null(strstr(answer.text, "Content-Type: application/json\r\n"));
        assert_non_null(strstr(answer.text, "Vary: Accept-Encoding\r\n"));
        bool says = strstr(answer.text, "Content-Encoding: gzip\r\n") != NULL;
        bool is = answer.length < 2000;
        if (says != cases[i].is_squeezed || is != cases[i].is_squeezed) {
            fail_msg("%s: %d, %zu bytes", cases[i].accept ? cases[i].accept : "(none)", says,
                     answer.length);
        }
    }
}

static void small_json_is_sent_as_it_is(void **state)
{
    AUTO_STR(answer, 100000);
    ask_for_json(*state, 4095 - JSON_AROUND, "gzip", &answer);
    assert_null(strstr(answer.text, "Content-Encoding"));
    assert_non_null(strstr(answer.text, "xxx\"}"));
    str_clear(&answer);
    ask_for_json(*state, 4096 - JSON_AROUND, "gzip", &answer);
    assert_non_null(strstr(answer.text, "Content-Encoding: gzip"));
}

static void what_was_squeezed_is_what_was_said(void **state)
{
    static const int sizes[] = {5000, 65536, 1000000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct http_result result = {0};
        char path[64];
        snprintf(path, sizeof(path), "/json?bytes=%d", sizes[i]);
        house_call(*state, "GET", path, NULL, &result); /* the client takes gzip and opens it */
        assert_header(&result, "Content-Encoding", "gzip");
        assert_int_equal(result.body.length, (size_t)sizes[i] + JSON_AROUND);
        struct err err = {0};
        AUTO_JSON *json = json_parse(str_slice(&result.body), &err);
        assert_int_equal(strlen(json_text_at(json, "text", "")), sizes[i]);
        http_result_done(&result);
        house_call(*state, "HEAD", path, NULL, &result);
        assert_header(&result, "Content-Encoding", "gzip");
        assert_int_equal(result.body.length, 0);
        http_result_done(&result);
    }
}

static void a_json_body_must_say_that_it_is_json(void **state)
{
    struct house *house = *state;
    struct http_result result = {0};
    struct err err = {0};
    char url[256];
    house_call(house, "POST", "/echo", "{\"a\":\"b\"}", &result);
    assert_int_equal(result.status, 201);
    assert_json(&result, "a", "b");
    http_result_done(&result);

    house_url(house, "/echo", url);
    const struct http_call call = {
        .method = "POST", .url = url, .body = slice_of("{}"), .content_type = "text/plain"};
    ASSERT_OK(http_perform(house->client, &call, &result, &err), err);
    assert_int_equal(result.status, 422);
    http_result_done(&result);
}

static void bodies_end_at_the_limit_of_their_route(void **state)
{
    struct house *house = *state;
    char body[200001];
    memset(body, 'x', sizeof(body));
    body[1000] = '\0';
    assert_int_equal(house_status(house, "PUT", "/bytes", body), 200);
    body[1000] = 'x';
    body[1001] = '\0';
    assert_int_equal(house_status(house, "PUT", "/bytes", body), 413);
    body[1001] = 'x';
    body[200000] = '\0';
    assert_int_equal(house_status(house, "PUT", "/bytes", body), 413);
    assert_int_equal(atomic_load(&house->handled), 1);
}

static void a_body_in_chunks_has_the_same_limit(void **state)
{
    struct house *house = *state;
    AUTO_STR(request, 100000);
    AUTO_STR(answer, 100000);
    str_add(&request, "PUT /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        str_addf(&request, "64\r\n%0100d\r\n", i);
    }
    str_add(&request, "0\r\n\r\n");
    raw_exchange(house, request.text, "requestId", &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 413"));
    str_clear(&request);
    str_clear(&answer);
    str_add(&request, "PUT /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n");
    raw_exchange(house, request.text, "\"bytes\":8", &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 200"));
}

static void a_client_that_asks_first_is_refused_before_it_sends(void **state)
{
    AUTO_STR(answer, 100000);
    raw_exchange(*state,
                 "PUT /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n"
                 "Expect: 100-continue\r\n\r\n",
                 "requestId", &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 413"));
    assert_null(strstr(answer.text, "100 Continue"));
}

static void ambiguous_requests_end_the_connection(void **state)
{
    static const char *const requests[] = {
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "PUT /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: "
        "5\r\n\r\nabcde",
        "PUT /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PUT /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, "
        "identity\r\n\r\n"
        "0\r\n\r\n",
        "PUT /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "PUT /bytes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "FFFFFFFFFFFFFFFFFF\r\n",
        "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x01\x01\r\n\r\n",
    };
    struct house *house = *state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        AUTO_STR(answer, 100000);
        int fd = raw_connect(house);
        raw_send(fd, requests[i]);
        assert_false(raw_read_until(fd, &answer, NEVER_COMES));
        if (strstr(answer.text, "HTTP/1.1 2")) {
            fail_msg("served: %s", requests[i]);
        }
        close(fd);
    }
    assert_int_equal(atomic_load(&house->handled), 0);
}

static void long_headers_pass_up_to_a_limit(void **state)
{
    struct house *house = *state;
    AUTO_STR(request, 1000000);
    AUTO_STR(answer, 100000);
    /* A bearer token of 12 kB is real. */
    str_addf(&request,
             "GET /hello HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
             "%012000d\r\n\r\n",
             7);
    raw_exchange(house, request.text, "world", &answer);
    str_clear(&request);
    str_clear(&answer);
    str_addf(&request, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Long: %0100000d\r\n\r\n", 7);
    raw_exchange(house, request.text, NEVER_COMES, &answer);
    assert_null(strstr(answer.text, "world"));
    assert_int_equal(atomic_load(&house->handled), 1);
}

static void write_more(struct house *house)
{
    if (house->body) {
        http_body_write(house->body, slice_of("more\n"));
    }
}

static void a_client_that_dribbles_its_headers_is_cut_off(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int silent = raw_connect(house);
    int dribbling = raw_connect(house);
    int served = raw_connect(house);
    raw_send(served, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_send(dribbling, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    for (int i = 0; i < 30; i++) { /* a byte now and then, for longer than the deadline */
        raw_send(dribbling, "x");
        usleep(10000);
    }
    raw_send(dribbling, "\r\n\r\n");
    assert_false(raw_read_until(dribbling, &answer, NEVER_COMES));
    assert_false(raw_read_until(silent, &answer, NEVER_COMES));
    assert_string_equal(answer.text, "");
    /* An answer may take its time. */
    house_do(house, write_more);
    assert_true(raw_read_until(served, &answer, "more"));
    close(silent);
    close(dribbling);
    close(served);
}

static void a_connection_serves_many_requests(void **state)
{
    struct house *house = *state;
    int fd = raw_connect(house);
    for (int i = 0; i < 50; i++) {
        AUTO_STR(answer, 100000);
        raw_send(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(raw_read_until(fd, &answer, "world"));
    }
    close(fd);
}

static void a_deferred_answer_comes_when_it_is_given(void **state)
{
    int64_t begin_ms = env_now_mono_ms(env_system());
    for (int i = 0; i < 20; i++) {
        struct http_result result = {0};
        house_call(*state, "GET", "/later", NULL, &result);
        assert_string_equal(result.body.text, "late");
        assert_header(&result, "X-Late", "yes");
        http_result_done(&result);
    }
    /* Each is deferred by 5 ms; none waits for the server's next look at its deadlines. */
    assert_true(env_now_mono_ms(env_system()) - begin_ms < 5000);
}

static void answer_kept(struct house *house)
{
    http_reply_empty(house->kept, 204);
    house->kept = NULL;
}

static void an_answer_to_a_client_that_left_is_harmless(void **state)
{
    struct house *house = *state;
    int fd = raw_connect(house);
    raw_send(fd, "GET /kept HTTP/1.1\r\nHost: x\r\n\r\n");
    house_await(&house->handled, 1);
    close(fd);
    house_do(house, answer_kept);
    house_await(&house->freed, 1);
    assert_int_equal(house_status(house, "GET", "/hello", NULL), 200);
}

static void end_body(struct house *house)
{
    http_body_end(house->body);
}

static void a_stream_goes_on_until_it_is_ended(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "begin"));
    house_do(house, write_more);
    assert_true(raw_read_until(fd, &answer, "more"));
    house_do(house, write_more);
    house_do(house, end_body);
    assert_true(raw_read_until(fd, &answer, "\r\n0\r\n\r\n"));
    house_await(&house->closed, 1);
    house_await(&house->freed, 1);
    /* The connection is as good as new. */
    str_clear(&answer);
    raw_send(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "world"));
    close(fd);
}

static void a_write_finds_that_the_client_has_left(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "begin"));
    close(fd);
    for (int i = 0; i < 1000 && atomic_load(&house->closed) == 0; i++) {
        usleep(1000);
        house_do(house, write_more);
    }
    assert_int_equal(atomic_load(&house->closed), 1);
}

static void flood(struct house *house)
{
    static char block[65536];
    memset(block, 'x', sizeof(block));
    while (house->body && http_body_write(house->body, (struct slice){block, sizeof(block)})) {
    }
}

static void fill(struct house *house)
{
    static const char block[1024];
    while (http_body_queued(house->body) + sizeof(block) <= STREAM_QUEUE_BYTES) {
        assert_true(http_body_write(house->body, (struct slice){block, sizeof(block)}));
    }
}

static void note_queued(struct house *house)
{
    atomic_store(&house->handled, (int)http_body_queued(house->body));
}

/* Fill the queue until the kernel takes no more of it. */
static void fill_the_kernel(struct house *house)
{
    for (int waited_ms = 0; waited_ms < 20;) {
        house_do(house, note_queued);
        bool is_stuck = atomic_load(&house->handled) + 1024 > (int)STREAM_QUEUE_BYTES;
        waited_ms = is_stuck ? waited_ms + 1 : 0;
        house_do(house, fill);
        usleep(1000);
    }
}

static void a_stuck_client_is_cut_off_too(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "begin"));
    fill_the_kernel(house);
    house_do(house, flood);
    house_await(&house->closed, 1);
    close(fd);
}

static void a_client_that_does_not_read_is_cut_off_at_the_queues_limit(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "begin"));
    house_do(house, flood);
    house_await(&house->closed, 1);
    house_do(house, write_more);
    close(fd);
}

static void a_head_request_of_a_stream_ends_at_once(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_status(house, "HEAD", "/stream", NULL), 200);
    house_await(&house->closed, 1);
}

/* Starting and stopping, on the test's own thread. */

static void handle_nothing(struct http_exchange *exchange, void *context)
{
    (void)context;
    http_reply_empty(exchange, 204);
}

static void a_table_that_cannot_be_served_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct http_route routes[2];
        const char *says;
    } cases[] = {
        {{{HTTP_GET, "/a", 1, handle_nothing, NULL, 0},
          {HTTP_GET, "/b", 0, handle_nothing, NULL, 0}},
         "route /b: it has no permission"},
        {{{HTTP_GET, "/a/{x}", 1, handle_nothing, NULL, 0},
          {HTTP_GET, "/a/{y}", 1, handle_nothing, NULL, 0}},
         "cannot be told apart"},
        {{{HTTP_GET, "/a/{x...}/b", 1, handle_nothing, NULL, 0},
          {HTTP_GET, "/b", 1, handle_nothing, NULL, 0}},
         "cannot stand there"},
        {{{HTTP_GET, "a", 1, handle_nothing, NULL, 0},
          {HTTP_GET, "/b", 1, handle_nothing, NULL, 0}},
         "leading /"},
        {{{HTTP_GET, "/a", 1, NULL, NULL, 0}, {HTTP_GET, "/b", 1, handle_nothing, NULL, 0}},
         "no handler"},
    };
    struct loop *loop = loop_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_server *server = NULL;
        struct err err = {0};
        const struct http_server_options options = {
            .loop = loop, .address = "127.0.0.1", .routes = cases[i].routes, .route_count = 2};
        ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_INVALID, cases[i].says);
        assert_null(server);
    }
    loop_free(&loop);
}

static void a_server_that_cannot_listen_says_why(void **state)
{
    struct house *house = *state;
    struct loop *loop = loop_new();
    struct http_server *server = NULL;
    struct err err = {0};
    struct http_server_options options = {.loop = loop, .address = "127.0.0.1"};
    options.port = house->port;
    ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_UNAVAILABLE, "in use");
    options.port = 0;
    options.address = "example.org";
    ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_INVALID, "[::1]");
    options.address = "127.0.0.1";
    options.tls_cert_file = "README.md";
    ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_INVALID, "key file");
    options.tls_cert_file = options.tls_key_file = "src/layers.txt";
    ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_INVALID, "start the server");
    loop_free(&loop);
}

static void a_kept_exchange_outlives_its_server(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /kept HTTP/1.1\r\nHost: x\r\nX-Test: y\r\n\r\n");
    house_await(&house->handled, 1);
    house_do(house, house_stop_server);
    assert_false(raw_read_until(fd, &answer, NEVER_COMES));
    assert_string_equal(answer.text, "");
    assert_int_equal(atomic_load(&house->freed), 0);
    assert_string_equal(http_path(house->kept), "/kept");
    assert_string_equal(http_request_header(house->kept, "x-test"), "y");
    house_do(house, answer_kept);
    assert_int_equal(atomic_load(&house->freed), 1);
    close(fd);
}

static void note_closed(void *context)
{
    struct house *house = context;
    atomic_fetch_add(&house->closed, 1);
}

static void answer_kept_by_a_stream(struct house *house)
{
    struct http_body *body =
        http_reply_stream(house->kept, 200, "text/plain", 100, note_closed, house);
    house->kept = NULL;
    assert_int_equal(atomic_load(&house->closed), 0);
    assert_false(http_body_write(body, slice_of("to nobody")));
    http_body_end(body);
}

static void a_stream_after_the_server_is_closed_by_itself(void **state)
{
    struct house *house = *state;
    int fd = raw_connect(house);
    raw_send(fd, "GET /kept HTTP/1.1\r\nHost: x\r\n\r\n");
    house_await(&house->handled, 1);
    house_do(house, house_stop_server);
    house_do(house, answer_kept_by_a_stream);
    house_await(&house->closed, 1);
    house_await(&house->freed, 1);
    close(fd);
}

static void streams_end_properly_when_the_server_stops(void **state)
{
    struct house *house = *state;
    AUTO_STR(answer, 100000);
    int fd = raw_connect(house);
    raw_send(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(raw_read_until(fd, &answer, "begin"));
    house_do(house, house_stop_server);
    assert_true(raw_read_until(fd, &answer, "\r\n0\r\n\r\n"));
    assert_int_equal(atomic_load(&house->closed), 1);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_answer_says_how_it_may_be_used),
        TEST(a_handler_may_choose_its_caching_but_not_inject_headers),
        TEST(errors_are_json_with_a_request_id),
        TEST(a_wrong_method_learns_the_right_ones),
        TEST(paths_are_decoded_once_and_after_they_are_split),
        TEST(the_base_path_may_be_there_or_taken_away),
        TEST(head_is_get_without_a_body),
        TEST(a_json_body_must_say_that_it_is_json),
        TEST(large_json_is_squeezed_for_clients_that_take_it),
        TEST(small_json_is_sent_as_it_is),
        TEST(what_was_squeezed_is_what_was_said),
        TEST(bodies_end_at_the_limit_of_their_route),
        TEST(a_body_in_chunks_has_the_same_limit),
        TEST(a_client_that_asks_first_is_refused_before_it_sends),
        TEST(ambiguous_requests_end_the_connection),
        TEST(long_headers_pass_up_to_a_limit),
        cmocka_unit_test_setup_teardown(a_client_that_dribbles_its_headers_is_cut_off,
                                        house_open_hasty, house_close),
        TEST(a_connection_serves_many_requests),
        TEST(a_deferred_answer_comes_when_it_is_given),
        TEST(an_answer_to_a_client_that_left_is_harmless),
        TEST(a_stream_goes_on_until_it_is_ended),
        TEST(a_write_finds_that_the_client_has_left),
        TEST(a_client_that_does_not_read_is_cut_off_at_the_queues_limit),
        TEST(a_stuck_client_is_cut_off_too),
        TEST(a_head_request_of_a_stream_ends_at_once),
        cmocka_unit_test(a_table_that_cannot_be_served_is_refused),
        TEST(a_server_that_cannot_listen_says_why),
        TEST(streams_end_properly_when_the_server_stops),
        TEST(a_kept_exchange_outlives_its_server),
        TEST(a_stream_after_the_server_is_closed_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
