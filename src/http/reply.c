/* Answers.  A reply only makes the answer; the library takes it when it next asks for one. */
#include "http/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/gzip.h"

/* Smaller answers are one or two packets either way.  It also leaves alone what holds a secret: a
   session's answer, a new token. */
#define PACKED_BYTES_MIN 4096

void http_reply_header(struct http_exchange *exchange, const char *name, const char *value)
{
    struct text_pair *header = VEC_ADD(&exchange->reply_headers);
    header->name = arena_strdup(exchange->arena, name);
    header->value = arena_strdup(exchange->arena, value);
}

/* The first to name a header wins: the handler, then the server's options, then what is
   always said.  The library refuses line ends, so no value can add a header. */
static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (!MHD_get_response_header(response, name)) {
        MHD_add_response_header(response, name, value);
    }
}

static void add_headers(struct http_exchange *exchange)
{
    static const struct text_pair always[] = {
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
    };
    const struct http_server_options *options = &exchange->server->options;

    VEC_EACH (struct text_pair, header, &exchange->reply_headers) {
        /* Cookies are the one header that may come twice. */
        if (strcasecmp(header->name, "Set-Cookie") == 0) {
            MHD_add_response_header(exchange->response, header->name, header->value);
        } else {
            add_header(exchange->response, header->name, header->value);
        }
    }
    for (size_t i = 0; i < options->header_count; i++) {
        add_header(exchange->response, options->headers[i].name, options->headers[i].value);
    }
    for (size_t i = 0; i < COUNT_OF(always); i++) {
        add_header(exchange->response, always[i].name, always[i].value);
    }
}

enum MHD_Result reply_queue(struct http_exchange *exchange)
{
    add_headers(exchange);
    connection_expect(exchange->connection, 0);
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    request_forget(exchange);
    return result;
}

void reply_give(struct http_exchange *exchange, int status, struct MHD_Response *response)
{
    assert(response && !exchange->is_answered);

    exchange->is_answered = true;
    exchange->status = (unsigned)status;
    exchange->response = response;
    if (exchange->is_suspended) {
        exchange->is_suspended = false;
        server_resume(exchange->server, exchange->connection);
    }
    exchange_free_if_over(exchange);
}

/* The gzip of a large text for a client that takes it, or the text as it is. */
static char *packed(struct http_exchange *exchange, char *take_text, size_t *length)
{
    *length = strlen(take_text);
    if (*length < PACKED_BYTES_MIN) {
        return take_text;
    }
    http_reply_header(exchange, "Vary", "Accept-Encoding");
    if (!gzip_is_taken(http_request_header(exchange, "Accept-Encoding"))) {
        return take_text;
    }
    size_t packed_length;
    char *bytes = gzip_pack((struct slice){take_text, *length}, &packed_length);
    if (!bytes) {
        return take_text;
    }
    http_reply_header(exchange, "Content-Encoding", "gzip");
    free(take_text);
    *length = packed_length;
    return bytes;
}

void http_reply_json(struct http_exchange *exchange, int status, json_t *take_body)
{
    size_t length;
    char *text = packed(exchange, json_text(take_body), &length);
    json_decref(take_body);
    http_reply_header(exchange, "Content-Type", "application/json");
    reply_give(exchange, status,
               MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE));
}

void http_reply_bytes(struct http_exchange *exchange, int status, const char *content_type,
                      struct slice body)
{
    http_reply_header(exchange, "Content-Type", content_type);
    void *copy = xmemdup(body.bytes ? body.bytes : "", body.length ? body.length : 1);
    reply_give(exchange, status,
               MHD_create_response_from_buffer(body.length, copy, MHD_RESPMEM_MUST_FREE));
}

void http_reply_empty(struct http_exchange *exchange, int status)
{
    reply_give(exchange, status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

static void give_problem(struct http_exchange *exchange, unsigned status, const struct err *err,
                         const char *pointer)
{
    json_t *inner = json_object();
    if (status == 401) {
        http_reply_header(exchange, "WWW-Authenticate", "Bearer"); /* RFC 9110 wants it */
    }
    json_put_text(inner, "code", err_name(err->kind));
    json_put(inner, "message", json_text_safe(err->text, strlen(err->text)));
    json_put_text(inner, "pointer", pointer);
    json_put_text(inner, "requestId", exchange->id);
    json_t *body = json_object();
    json_put(body, "error", inner);
    http_reply_json(exchange, (int)status, body);
}

void reply_problem(struct http_exchange *exchange, unsigned status, const struct err *err)
{
    give_problem(exchange, status, err, NULL);
}

void http_reply_error_at(struct http_exchange *exchange, const struct err *err, const char *pointer)
{
    give_problem(exchange, (unsigned)err_http_status(err->kind), err, pointer);
}

void http_reply_error(struct http_exchange *exchange, const struct err *err)
{
    reply_problem(exchange, (unsigned)err_http_status(err->kind), err);
}
