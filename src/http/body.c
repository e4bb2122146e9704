/* Answers without a known end. */
#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

/* The library's buffer for clients of HTTP/1.0, who get no chunks. */
#define BLOCK_BYTES 256

struct http_body {
    struct http_exchange *exchange;
    char *bytes; /* freed when empty: most streams are silent most of the time */
    size_t start, end, capacity, bytes_max;
    bool is_suspended, is_ended, has_failed;
    void (*on_close)(void *context);
    void (*on_drained)(void *context);
    void *context;
};

size_t http_body_queued(const struct http_body *body)
{
    return body->end - body->start;
}

static void forget_bytes(struct http_body *body)
{
    xfree(&body->bytes);
    body->start = body->end = body->capacity = 0;
}

static void append(struct http_body *body, struct slice bytes)
{
    if (body->start > 0 && body->end + bytes.length > body->capacity) {
        memmove(body->bytes, body->bytes + body->start, http_body_queued(body));
        body->end -= body->start;
        body->start = 0;
    }
    size_t needed = body->end + bytes.length;
    if (needed > body->capacity) {
        body->capacity = needed > body->capacity * 2 ? needed : body->capacity * 2;
        body->bytes = xrealloc(body->bytes, body->capacity, 1);
    }
    memcpy(body->bytes + body->end, bytes.bytes, bytes.length);
    body->end = needed;
}

static ssize_t take_queued(struct http_body *body, char *out, size_t room)
{
    size_t length = http_body_queued(body);
    length = length < room ? length : room;
    memcpy(out, body->bytes + body->start, length);
    body->start += length;
    if (body->start == body->end) {
        forget_bytes(body);
    }
    return (ssize_t)length;
}

/* The library can send more. */
static ssize_t read_body(void *context, uint64_t position, char *out, size_t room)
{
    (void)position;
    struct http_body *body = context;
    if (http_body_queued(body) == 0 && !body->is_ended && body->on_drained) {
        body->on_drained(body->context);
    }
    if (body->has_failed) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (http_body_queued(body) > 0) {
        return take_queued(body, out, room);
    }
    if (body->is_ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    body->is_suspended = true;
    MHD_suspend_connection(body->exchange->connection);
    return 0;
}

static void wake(struct http_body *body)
{
    if (body->is_suspended) {
        body->is_suspended = false;
        server_resume(body->exchange->server, body->exchange->connection);
    }
}

bool http_body_write(struct http_body *body, struct slice bytes)
{
    if (body->has_failed || body->is_ended ||
        http_body_queued(body) + bytes.length > body->bytes_max) {
        if (!body->has_failed && !body->is_ended) {
            /* It may wait for a client that never reads, so asking to send is not enough. */
            connection_cut(body->exchange->connection);
        }
        body->has_failed = true;
        wake(body);
        return false;
    }
    if (bytes.length > 0) {
        append(body, bytes);
        wake(body);
    }
    return true;
}

void http_body_end(struct http_body *body)
{
    body->is_ended = true;
    wake(body);
}

void http_body_on_drained(struct http_body *body, void (*on_drained)(void *context))
{
    body->on_drained = on_drained;
}

void body_close(struct http_body **body)
{
    struct http_body *gone = *body;
    if (!gone) {
        return;
    }
    *body = NULL;
    gone->on_close(gone->context);
    forget_bytes(gone);
    free(gone);
}

/* The server has stopped before the answer: the caller learns it as always, but not before it
   has its pointer. */
static void close_orphan(void *context)
{
    struct http_exchange *exchange = context;
    body_close(&exchange->stream);
    exchange->is_answered = true;
    exchange_free_if_over(exchange);
}

struct http_body *http_reply_stream(struct http_exchange *exchange, int status,
                                    const char *content_type, size_t queue_bytes_max,
                                    void (*on_close)(void *context), void *context)
{
    struct http_body *body = xcalloc(1, sizeof(*body));
    body->exchange = exchange;
    body->bytes_max = queue_bytes_max;
    body->on_close = on_close;
    body->context = context;
    exchange->stream = body;
    if (exchange->is_completed) {
        body->has_failed = true;
        loop_post(exchange->loop, close_orphan, exchange);
        return body;
    }
    http_reply_header(exchange, "Content-Type", content_type);
    reply_give(
        exchange, status,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_body, body, NULL));
    return body;
}
