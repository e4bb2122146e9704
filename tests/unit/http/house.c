#include "house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAY_SEE = 1, MAY_NOTHING = 2 };

/* Handlers. */

static void say_hello(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    atomic_fetch_add(&house->handled, 1);
    json_t *body = json_object();
    json_put_text(body, "hello", "world");
    json_put_text(body, "id", http_request_id(exchange));
    http_reply_json(exchange, 200, body);
}

static void echo_json(struct http_exchange *exchange, void *context)
{
    (void)context;
    json_t *body = http_json_body(exchange);
    if (body) {
        http_reply_json(exchange, 201, json_incref(body));
    }
}

static void count_bytes(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    atomic_fetch_add(&house->handled, 1);
    json_t *body = json_object();
    json_put_int(body, "bytes", (int64_t)http_body_of(exchange).length);
    http_reply_json(exchange, 200, body);
}

static void tell_values(struct http_exchange *exchange, void *context)
{
    (void)context;
    static const char *const names[] = {"name", "part", "rest"};
    json_t *body = json_object();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_put_text(body, names[i], http_path_value(exchange, names[i]));
    }
    json_put_text(body, "path", http_path(exchange));
    json_put_text(body, "route", http_route_of(exchange)->path);
    json_put_text(body, "q", http_query(exchange, "q"));
    json_put_text(body, "remote", http_remote(exchange));
    json_put_text(body, "x", http_request_header(exchange, "x-test"));
    http_reply_json(exchange, 200, body);
}

static void answer_later(void *context)
{
    struct http_exchange *exchange = context;
    http_reply_header(exchange, "X-Late", "yes");
    http_reply_bytes(exchange, 200, "text/plain", slice_of("late"));
}

static void defer(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    http_exchange_keep(exchange);
    loop_timer_start(house->loop, 5, 0, answer_later, exchange);
}

static void note_freed(void *value)
{
    struct house *house = value;
    atomic_fetch_add(&house->freed, 1);
}

static void keep(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    http_exchange_keep(exchange);
    http_exchange_attach(exchange, house, note_freed);
    house->kept = exchange;
    atomic_fetch_add(&house->handled, 1);
}

static void stream_closed(void *context)
{
    struct house *house = context;
    house->body = NULL;
    atomic_fetch_add(&house->closed, 1);
}

static void open_stream(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    http_exchange_attach(exchange, house, note_freed);
    house->body =
        http_reply_stream(exchange, 200, "text/plain", STREAM_QUEUE_BYTES, stream_closed, house);
    http_body_write(house->body, slice_of("begin\n"));
    atomic_fetch_add(&house->handled, 1);
}

static bool hide_secrets(void *context, const char *type, const char *key)
{
    (void)context;
    (void)key;
    return strcmp(type, "secret") != 0;
}

static void subscribe(struct http_exchange *exchange, void *context)
{
    struct house *house = context;
    sse_subscribe(house->hub, exchange, hide_secrets, NULL);
    atomic_fetch_add(&house->handled, 1);
}

static void say_nothing(struct http_exchange *exchange, void *context)
{
    (void)exchange;
    (void)context;
}

static void send_big(struct http_exchange *exchange, void *context)
{
    (void)context;
    size_t length = (size_t)strtoul(http_query(exchange, "bytes"), NULL, 10);
    char *bytes = calloc(1, length);
    memset(bytes, 'x', length);
    http_reply_bytes(exchange, 200, "text/plain", (struct slice){bytes, length});
    free(bytes);
}

static void send_big_json(struct http_exchange *exchange, void *context)
{
    (void)context;
    size_t length = (size_t)strtoul(http_query(exchange, "bytes"), NULL, 10);
    char *text = calloc(1, length + 1);
    memset(text, 'x', length);
    json_t *body = json_object();
    json_put_text(body, "text", text);
    free(text);
    http_reply_json(exchange, 200, body);
}

static void send_gzip(struct http_exchange *exchange, void *context)
{
    (void)context;
    /* printf 'squeezed\n' | gzip -n */
    static const char squeezed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x2e\x2c\x4d\x4d\xad\x4a\x4d\xe1\x02\x00"
        "\x66\xed\xbc\x53\x09\x00\x00\x00";
    http_reply_header(exchange, "Content-Encoding", "gzip");
    http_reply_bytes(exchange, 200, "text/plain", (struct slice){squeezed, sizeof(squeezed) - 1});
}

static void ask_to_wait(struct http_exchange *exchange, void *context)
{
    (void)context;
    struct err err = {0};
    err_set(&err, ERR_BUSY, "come back in 7 s");
    http_reply_header(exchange, "Retry-After", "7");
    http_reply_error(exchange, &err);
}

static void inject(struct http_exchange *exchange, void *context)
{
    (void)context;
    http_reply_header(exchange, "X-Bad", "a\r\nX-Injected: yes");
    http_reply_header(exchange, "Cache-Control", "max-age=60");
    http_reply_empty(exchange, 204);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/hello", MAY_SEE, say_hello, "Say hello", 0},
    {HTTP_POST, "/echo", MAY_SEE, echo_json, "Echo", 0},
    {HTTP_PUT, "/bytes", MAY_SEE, count_bytes, "Count", 1000},
    {HTTP_GET, "/things/{name}", MAY_SEE, tell_values, "Values", 0},
    {HTTP_GET, "/things/special", MAY_SEE, say_hello, "A literal wins", 0},
    {HTTP_GET, "/things/{name}/parts/{part}", MAY_SEE, tell_values, "Values", 0},
    {HTTP_GET, "/files/{rest...}", MAY_SEE, tell_values, "Rest", 0},
    {HTTP_POST, "/files/upload", MAY_SEE, echo_json, "Known better", 0},
    {HTTP_GET, "/later", MAY_SEE, defer, "Deferred", 0},
    {HTTP_GET, "/kept", MAY_SEE, keep, "Kept", 0},
    {HTTP_GET, "/stream", MAY_SEE, open_stream, "Stream", 0},
    {HTTP_GET, "/events", MAY_SEE, subscribe, "Events", 0},
    {HTTP_GET, "/nothing", MAY_SEE, say_nothing, "A handler with a bug", 0},
    {HTTP_GET, "/denied", MAY_NOTHING, say_hello, "Never allowed", 0},
    {HTTP_POST, "/denied", MAY_NOTHING, say_hello, "Never allowed", 0},
    {HTTP_GET, "/big", MAY_SEE, send_big, "Many bytes", 0},
    {HTTP_GET, "/json", MAY_SEE, send_big_json, "Much JSON", 0},
    {HTTP_GET, "/gzip", MAY_SEE, send_gzip, "Squeezed", 0},
    {HTTP_GET, "/busy", MAY_SEE, ask_to_wait, "Retry-After", 0},
    {HTTP_GET, "/inject", MAY_SEE, inject, "A bad header", 0},
};

static bool authorize(struct http_exchange *exchange, int permission, void *context)
{
    (void)context;
    struct err err = {0};
    if (permission == MAY_SEE) {
        return true;
    }
    err_set(&err, ERR_UNKNOWN_WHO, "say who you are");
    http_reply_error(exchange, &err);
    return false;
}

/* Opening and closing. */

static void *run_loop(void *context)
{
    struct house *house = context;
    loop_run(house->loop);
    return NULL;
}

static int open_house(void **state, const char *cert_file, const char *key_file,
                      int64_t headers_ms_max)
{
    static const struct http_header_text headers[] = {{"X-House", "yes"}};
    struct house *house = calloc(1, sizeof(*house));
    struct err err = {0};
    house->loop = loop_new();
    house->hub = sse_hub_new(house->loop);
    house->client = http_client_new("heddle-test");
    house->has_tls = cert_file != NULL;
    const struct http_server_options options = {.loop = house->loop,
                                                .address = "127.0.0.1",
                                                .tls_cert_file = cert_file,
                                                .tls_key_file = key_file,
                                                .base_path = "/base",
                                                .routes = routes,
                                                .route_count = COUNT_OF(routes),
                                                .authorize = authorize,
                                                .context = house,
                                                .headers = headers,
                                                .header_count = COUNT_OF(headers),
                                                .headers_ms_max = headers_ms_max};
    if (!http_server_start(&options, &house->server, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    house->port = http_server_port(house->server);
    *state = house;
    return pthread_create(&house->thread, NULL, run_loop, house);
}

int house_open(void **state)
{
    return open_house(state, NULL, NULL, 0);
}

int house_open_hasty(void **state)
{
    return open_house(state, NULL, NULL, 100);
}

/* One certificate for all houses of a program, made when first needed. */
static struct {
    char folder[64], cert[80], key[80];
} tls;

static void remove_tls(void)
{
    unlink(tls.cert);
    unlink(tls.key);
    rmdir(tls.folder);
}

static int make_tls(void)
{
    char command[512];
    snprintf(tls.folder, sizeof(tls.folder), "/tmp/heddle-http-test-XXXXXX");
    if (!mkdtemp(tls.folder)) {
        return -1;
    }
    snprintf(tls.cert, sizeof(tls.cert), "%s/cert.pem", tls.folder);
    snprintf(tls.key, sizeof(tls.key), "%s/key.pem", tls.folder);
    atexit(remove_tls);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
             "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost "
             "-keyout %s -out %s 2>/dev/null",
             tls.key, tls.cert);
    return system(command);
}

const char *house_cert_file(void)
{
    return tls.cert;
}

int house_open_tls(void **state)
{
    if (!tls.folder[0] && make_tls() != 0) {
        return -1;
    }
    return open_house(state, tls.cert, tls.key, 0);
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

int house_close(void **state)
{
    struct house *house = *state;
    loop_post(house->loop, stop_loop, house->loop);
    pthread_join(house->thread, NULL);
    sse_hub_free(&house->hub);
    http_server_stop(&house->server);
    if (house->kept) {
        http_reply_empty(house->kept, 204);
    }
    http_client_free(&house->client);
    loop_free(&house->loop);
    free(house);
    return 0;
}

/* Acting. */

struct errand {
    struct house *house;
    void (*act)(struct house *house);
    sem_t done;
};

static void run_errand(void *context)
{
    struct errand *errand = context;
    errand->act(errand->house);
    sem_post(&errand->done);
}

void house_do(struct house *house, void (*act)(struct house *house))
{
    struct errand errand = {.house = house, .act = act};
    sem_init(&errand.done, 0, 0);
    loop_post(house->loop, run_errand, &errand);
    while (sem_wait(&errand.done) != 0 && errno == EINTR) {
    }
    sem_destroy(&errand.done);
}

void house_stop_server(struct house *house)
{
    http_server_stop(&house->server);
}

void house_free_hub(struct house *house)
{
    sse_hub_free(&house->hub);
}

static void count_readers(struct house *house)
{
    atomic_store(&house->readers, (int)sse_reader_count(house->hub));
}

int house_reader_count(struct house *house)
{
    house_do(house, count_readers);
    return atomic_load(&house->readers);
}

void house_await_readers(struct house *house, int wanted)
{
    for (int waited_ms = 0; house_reader_count(house) != wanted; waited_ms++) {
        if (waited_ms == DEADLINE_MS) {
            fail_msg("%d readers are left", atomic_load(&house->readers));
        }
        usleep(1000);
    }
}

void house_await(atomic_int *counter, int wanted)
{
    for (int waited_ms = 0; atomic_load(counter) != wanted; waited_ms++) {
        if (waited_ms == DEADLINE_MS) {
            fail_msg("%d is not %d", atomic_load(counter), wanted);
        }
        usleep(1000);
    }
}

void house_url(const struct house *house, const char *path, char out[static 256])
{
    snprintf(out, 256, "%s://127.0.0.1:%d%s", house->has_tls ? "https" : "http", house->port, path);
}

void house_call(struct house *house, const char *method, const char *path, const char *body,
                struct http_result *out)
{
    char url[256];
    struct err err = {0};
    house_url(house, path, url);
    const struct http_call call = {.method = method,
                                   .url = url,
                                   .body = slice_of(body ? body : ""),
                                   .timeout_ms = DEADLINE_MS};
    ASSERT_OK(http_perform(house->client, &call, out, &err), err);
}

int house_status(struct house *house, const char *method, const char *path, const char *body)
{
    struct http_result result = {0};
    house_call(house, method, path, body, &result);
    int status = result.status;
    http_result_done(&result);
    return status;
}

/* Bare sockets. */

int raw_connect(const struct house *house)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)house->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void raw_send(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has closed: what it said before is looked at */
        }
        text += sent;
        length -= (size_t)sent;
    }
}

bool raw_read_until(int fd, struct str *out, const char *needle)
{
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    size_t looked_at = 0; /* strstr() over all of a long answer for each piece would take long */
    while (!strstr(out->text + looked_at, needle)) {
        looked_at = out->length > strlen(needle) ? out->length - strlen(needle) : 0;
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = end_ms - env_now_mono_ms(env_system());
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) <= 0) {
            fail_msg("waited for \"%s\", got \"%.300s\"", needle, out->text);
        }
        char *room = str_reserve(out, 4096);
        assert_non_null(room);
        ssize_t got = recv(fd, room, 4096, 0);
        if (got <= 0) {
            return false;
        }
        str_grew(out, (size_t)got);
    }
    return true;
}

void raw_exchange(const struct house *house, const char *request, const char *needle,
                  struct str *out)
{
    int fd = raw_connect(house);
    raw_send(fd, request);
    raw_read_until(fd, out, needle);
    close(fd);
}
