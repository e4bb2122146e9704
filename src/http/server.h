/*
 * http server (libmicrohttpd, driven by the loop).
 *
 * Handlers run on the loop's thread and answer at once, or later from the loop
 * (http_exchange_keep()).  Bodies are read whole before the handler runs, up to the route's limit.
 * Each route states its permission; a table with a route that has none is refused at start.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "loop/loop.h"

struct http_server;
struct http_exchange;
struct http_body; /* an answer that goes on: see http_reply_stream() */

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_HEAD };

typedef void (*http_handler)(struct http_exchange *exchange, void *context);

struct http_route {
    enum http_method method;
    const char *path; /* "/api/v1/releases/{id}"; a last "{name...}" takes the rest of the path */
    int permission;   /* the product's own; 0 is refused at start */
    http_handler handle;
    const char *summary;   /* for reference documentation */
    size_t body_bytes_max; /* 0: 1 MiB */
};

struct http_header_text {
    const char *name, *value;
};

struct http_server_options {
    struct loop *loop;
    const char *address;                      /* "127.0.0.1" or "[::1]" */
    int port;                                 /* 0: the system chooses */
    const char *tls_cert_file, *tls_key_file; /* both or neither */
    /* "/heddle": routes are found with and without it, whether a proxy takes it away or not; NULL:
       none. */
    const char *base_path;
    const struct http_route *routes; /* must outlive the server and its exchanges */
    size_t route_count;
    /* Asked before every handler: answer by http_reply_error() and return false to refuse.  May
       attach a principal with http_exchange_attach(). */
    bool (*authorize)(struct http_exchange *exchange, int permission, void *context);
    void *context;                          /* given to authorize and to handlers */
    const struct http_header_text *headers; /* on every answer */
    size_t header_count;
    unsigned connections_max; /* 0: 20000 */
    int64_t headers_ms_max;   /* a new connection must send its first headers in this; 0: 10 s */
};

bool http_server_start(const struct http_server_options *options, struct http_server **out,
                       struct err *err) MUST_CHECK;
int http_server_port(const struct http_server *server);
/* Ends open streams, then frees; not from a handler.  Exchanges that are kept may still be
   answered, to nobody. */
void http_server_stop(struct http_server **server);

/* The request; borrowed until the answer is given. */
enum http_method http_method_of(const struct http_exchange *exchange);
/* Decoded once: what was %2F stays inside its segment.  The value is that of "{name}"; NULL when
   there is none. */
const char *http_path(const struct http_exchange *exchange);
const char *http_path_value(const struct http_exchange *exchange, const char *name);
const char *http_query(const struct http_exchange *exchange, const char *name); /* or NULL */
/* The query's arguments in their order; false after the last. */
bool http_query_at(const struct http_exchange *exchange, size_t index,
                   struct http_header_text *out);
const char *http_request_header(const struct http_exchange *exchange,
                                const char *name); /* or NULL */
struct slice http_body_of(const struct http_exchange *exchange);
const char *http_remote(const struct http_exchange *exchange); /* peer's address */
/* The body as a JSON object, sent as application/json; answers 422 itself and returns NULL when it
   is none.  Owned by the exchange. */
json_t *http_json_body(struct http_exchange *exchange);
/* "q-7F3A…", in every error answer. */
const char *http_request_id(const struct http_exchange *exchange);
const struct http_route *http_route_of(const struct http_exchange *exchange);

/* One small value that travels with the exchange; freed by `free_value`, if given, when the answer
   has been sent: for a stream after on_close. */
void http_exchange_attach(struct http_exchange *exchange, void *value, void (*free_value)(void *));
void *http_exchange_attached(const struct http_exchange *exchange);

/* The handler will answer later.  The exchange lives until it is answered, even when the
   client leaves. */
void http_exchange_keep(struct http_exchange *exchange);

/* Each ends the exchange.  Large JSON goes as gzip to clients that take it. */
void http_reply_json(struct http_exchange *exchange, int status, json_t *take_body);
void http_reply_bytes(struct http_exchange *exchange, int status, const char *content_type,
                      struct slice body);
void http_reply_empty(struct http_exchange *exchange, int status);
/* {"error": {"code": "not_found", "message": "…", "requestId": "…"}} with err's HTTP status. */
void http_reply_error(struct http_exchange *exchange, const struct err *err);
/* The same, and what part of the request was wrong: "pointer": "/workloads/0". */
void http_reply_error_at(struct http_exchange *exchange, const struct err *err,
                         const char *pointer);
/* Headers of the answer to come; before the reply. */
void http_reply_header(struct http_exchange *exchange, const char *name, const char *value);

/* An answer without known end.  `on_close` is called once, when the client has left or the server
   stops; the body is dead after it.  A client that leaves is noticed by the next write only, so a
   silent stream needs a heartbeat.  Writes are queued, up to `queue_bytes_max`; when that is passed
   http_body_write() returns false and the stream will be closed. */
struct http_body *http_reply_stream(struct http_exchange *exchange, int status,
                                    const char *content_type, size_t queue_bytes_max,
                                    void (*on_close)(void *context), void *context);
bool http_body_write(struct http_body *body, struct slice bytes);
size_t http_body_queued(const struct http_body *body);
/* Call `on_drained(context of on_close)` whenever the client has taken all that was queued; it may
   write more. */
void http_body_on_drained(struct http_body *body, void (*on_drained)(void *context));
/* Finish what is queued, then end; on_close still comes. */
void http_body_end(struct http_body *body);
