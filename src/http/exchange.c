/* From a request's first byte to its handler. */
#include "http/exchange.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A keep-alive connection may rest this long between requests. */
#define IDLE_MS 60000
/* A body may take this long, and a second more for each of BODY_BYTES_PER_S. */
#define BODY_MS 10000
#define BODY_BYTES_PER_S 1024

const char *const http_method_names[] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD",
};

/* A Weyl sequence from a random start: never twice, and it tells nothing about the load. */
static void name_request(struct http_server *server, struct http_exchange *exchange)
{
    server->request_id_seed += UINT64_C(0x9E3779B97F4A7C15);
    snprintf(exchange->id, sizeof(exchange->id), "q-%010" PRIX64, server->request_id_seed >> 24);
}

struct http_exchange *exchange_new(struct http_server *server, struct MHD_Connection *connection)
{
    struct http_exchange *exchange = xcalloc(1, sizeof(*exchange));
    exchange->server = server;
    exchange->loop = server->options.loop;
    exchange->connection = connection;
    exchange->arena = arena_new();
    exchange->path = ARENA_NEW(exchange->arena, struct path);
    exchange->path->text = "";
    exchange->match = ARENA_NEW(exchange->arena, struct route_match);
    str_init(&exchange->body, BODY_BYTES_MAX_DEFAULT);
    name_request(server, exchange);
    exchange->next = server->exchanges;
    if (exchange->next) {
        exchange->next->previous = exchange;
    }
    server->exchanges = exchange;
    return exchange;
}

static void unlink_exchange(struct http_exchange *exchange)
{
    if (exchange->next) {
        exchange->next->previous = exchange->previous;
    }
    if (exchange->previous) {
        exchange->previous->next = exchange->next;
    } else {
        exchange->server->exchanges = exchange->next;
    }
    exchange->server = NULL;
}

void exchange_free_if_over(struct http_exchange *exchange)
{
    if (!exchange->is_answered || !exchange->is_completed) {
        return;
    }
    if (exchange->response) {
        MHD_destroy_response(exchange->response);
    }
    if (exchange->free_attached) {
        exchange->free_attached(exchange->attached);
    }
    request_forget(exchange);
    free(exchange);
}

void exchange_detach(struct http_exchange *exchange)
{
    if (exchange->is_suspended) {
        exchange->is_suspended = false;
        server_resume(exchange->server, exchange->connection);
    }
}

void http_exchange_attach(struct http_exchange *exchange, void *value, void (*free_value)(void *))
{
    assert(!exchange->attached);
    exchange->attached = value;
    exchange->free_attached = free_value;
}

void *http_exchange_attached(const struct http_exchange *exchange)
{
    return exchange->attached;
}

void http_exchange_keep(struct http_exchange *exchange)
{
    exchange->is_kept = true;
}

/* Refusals before the handler. */

static void refuse(struct http_exchange *exchange, unsigned status, enum err_kind kind,
                   const char *text)
{
    struct err err = {0};
    err_set(&err, kind, "%s", text);
    reply_problem(exchange, status, &err);
}

static size_t count_header(const struct http_exchange *exchange, const char *name)
{
    size_t count = 0;
    VEC_EACH (struct text_pair, header, &exchange->headers) {
        count += strcasecmp(header->name, name) == 0;
    }
    return count;
}

/* What a proxy before us could read in another way than we do is refused, and the
   connection ends: nobody may hide a second request in it. */
static bool is_unambiguous(const struct http_exchange *exchange, const char *version)
{
    const char *coding = http_request_header(exchange, "Transfer-Encoding");
    size_t lengths = count_header(exchange, "Content-Length");
    size_t codings = count_header(exchange, "Transfer-Encoding");
    size_t hosts = count_header(exchange, "Host");
    bool is_http_1_1 = strcmp(version, "HTTP/1.1") == 0;
    return lengths + codings <= 1 && (!coding || strcasecmp(coding, "chunked") == 0) &&
           hosts <= 1 && (hosts == 1 || !is_http_1_1);
}

/* What follows the base path, if it has that. */
static const char *below_base(const struct http_exchange *exchange, const char *url)
{
    const char *base = exchange->server->options.base_path;
    size_t length = base ? strlen(base) : 0;
    if (length == 0 || strncmp(url, base, length) != 0) {
        return url;
    }
    return url[length] == '/' ? url + length : url[length] == '\0' ? "/" : url;
}

static bool check_request(struct http_exchange *exchange, const char *url, const char *version)
{
    struct err err = {0};
    if (!is_unambiguous(exchange, version)) {
        exchange->is_malformed = true;
        http_reply_header(exchange, "Connection", "close");
        refuse(exchange, 400, ERR_INVALID, "the request's headers contradict each other");
        return false;
    }
    if (!path_decode(exchange->arena, below_base(exchange, url), exchange->path, &err)) {
        reply_problem(exchange, 400, &err);
        return false;
    }
    if (exchange->is_malformed) {
        refuse(exchange, 400, ERR_INVALID, "the query is not well formed");
        return false;
    }
    return true;
}

static void refuse_method(struct http_exchange *exchange)
{
    AUTO_STR(allow, 64);
    for (size_t i = 0; i <= HTTP_HEAD; i++) {
        bool is_served = (exchange->match->methods >> i & 1) ||
                         (i == HTTP_HEAD && (exchange->match->methods >> HTTP_GET & 1));
        if (is_served) {
            str_addf(&allow, "%s%s", allow.length ? ", " : "", http_method_names[i]);
        }
    }
    http_reply_header(exchange, "Allow", allow.text);
    refuse(exchange, 405, ERR_INVALID, "this method is not served there");
}

static int find_method(const char *name)
{
    for (int i = 0; i <= HTTP_HEAD; i++) {
        if (strcmp(http_method_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool find_route(struct http_exchange *exchange, const char *method)
{
    int number = find_method(method);
    /* An unknown method finds no route, but learns which methods the path has. */
    exchange->method = number < 0 ? HTTP_GET : (enum http_method)number;
    router_find(exchange->server->router, (enum http_method)(number < 0 ? HTTP_HEAD + 1 : number),
                exchange->path, exchange->arena, exchange->match);
    if (exchange->match->route) {
        return true;
    }
    if (exchange->match->methods) {
        refuse_method(exchange);
    } else {
        refuse(exchange, 404, ERR_NOT_FOUND, "there is nothing at this path");
    }
    return false;
}

static bool authorize(struct http_exchange *exchange)
{
    const struct http_server_options *options = &exchange->server->options;
    if (!options->authorize ||
        options->authorize(exchange, exchange->match->route->permission, options->context)) {
        return true;
    }
    if (!exchange->is_answered) {
        refuse(exchange, 403, ERR_DENIED, "you may not do this");
    }
    return false;
}

/* The announced length; 0 when there is none, UINT64_MAX when the body comes in chunks. */
static uint64_t announced_bytes(const struct http_exchange *exchange)
{
    const char *length = http_request_header(exchange, "Content-Length");
    if (http_request_header(exchange, "Transfer-Encoding")) {
        return UINT64_MAX;
    }
    return length ? strtoull(length, NULL, 10) : 0;
}

static bool check_body(struct http_exchange *exchange)
{
    size_t limit = exchange->match->route->body_bytes_max;
    exchange->body.max = limit ? limit : BODY_BYTES_MAX_DEFAULT;
    uint64_t announced = announced_bytes(exchange);
    if (announced != UINT64_MAX && announced > exchange->body.max) {
        refuse(exchange, 413, ERR_INVALID, "the request body is too large");
        return false;
    }
    return true;
}

/* Reading. */

static void await_body(struct http_exchange *exchange)
{
    uint64_t bytes = announced_bytes(exchange);
    if (bytes > exchange->body.max) {
        bytes = exchange->body.max;
    }
    connection_expect(exchange->connection, BODY_MS + (int64_t)(bytes * 1000 / BODY_BYTES_PER_S));
}

/* What is read of a body that nobody wants, so that the answer is: who is cut off in mid-sending
   may never see it.  Somebody who may send a body and sends too much has perhaps a little more. */
static uint64_t patience_bytes(const struct http_exchange *exchange)
{
    uint64_t twice = (uint64_t)exchange->body.max * 2;
    return twice > REFUSED_BODY_BYTES_MAX ? twice : REFUSED_BODY_BYTES_MAX;
}

static enum MHD_Result begin(struct http_exchange *exchange, const char *url, const char *method,
                             const char *version)
{
    request_read(exchange);
    bool is_welcome = check_request(exchange, url, version) && find_route(exchange, method) &&
                      authorize(exchange) && check_body(exchange);
    /* A client that asks first, would send for long or nobody knows how long, is told at once. */
    uint64_t announced = announced_bytes(exchange);
    if (!is_welcome && (exchange->is_malformed || http_request_header(exchange, "Expect") ||
                        (announced > patience_bytes(exchange) && announced != UINT64_MAX))) {
        return reply_queue(exchange);
    }
    await_body(exchange);
    return MHD_YES;
}

static enum MHD_Result take_body(struct http_exchange *exchange, const char *bytes, size_t length)
{
    if (!exchange->is_answered) {
        str_add_bytes(&exchange->body, bytes, length);
        if (!exchange->body.failed) {
            return MHD_YES;
        }
        refuse(exchange, 413, ERR_INVALID, "the request body is too large");
    }
    exchange->discarded_bytes += length;
    return exchange->discarded_bytes > patience_bytes(exchange) ? MHD_NO : MHD_YES;
}

static enum MHD_Result handle(struct http_exchange *exchange)
{
    connection_expect(exchange->connection, 0);
    if (!exchange->is_answered && !exchange->is_handled) {
        exchange->is_handled = true;
        exchange->match->route->handle(exchange, exchange->server->options.context);
        if (!exchange->is_answered && !exchange->is_kept) {
            refuse(exchange, 500, ERR_INTERNAL, "the handler gave no answer");
        }
    }
    if (exchange->is_answered) {
        return reply_queue(exchange);
    }
    exchange->is_suspended = true;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

/* The library's signature.  NOLINTNEXTLINE(readability-function-size) */
enum MHD_Result exchange_on_request(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *upload, size_t *upload_size, void **state)
{
    struct http_server *server = context;
    struct http_exchange *exchange = *state;
    if (server->is_stopping && !(exchange && exchange->is_answered)) {
        return MHD_NO;
    }
    if (!exchange) {
        exchange = exchange_new(server, connection);
        *state = exchange;
        return begin(exchange, url, method, version);
    }
    if (*upload_size > 0) {
        size_t length = *upload_size;
        *upload_size = 0;
        return take_body(exchange, upload, length);
    }
    return handle(exchange);
}

void exchange_on_completed(void *context, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)code;
    struct http_exchange *exchange = *state;
    if (!exchange) {
        return;
    }
    *state = NULL;
    connection_expect(connection, IDLE_MS);
    body_close(&exchange->stream);
    unlink_exchange(exchange);
    exchange->connection = NULL;
    exchange->is_completed = true;
    /* When nobody keeps it, nobody will answer. */
    exchange->is_answered |= !exchange->is_kept;
    exchange_free_if_over(exchange);
}
