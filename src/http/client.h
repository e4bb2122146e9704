/*
 * http client (libcurl, HTTP/1.1 keep-alive).
 *
 * Blocking calls are for workers and the command line; a stream is for the loop.  Redirects
 * are not followed, only http and https are spoken, TLS is 1.2 or newer with host names
 * checked.  An HTTP status is a result, not an error.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"

struct http_header {
    const char *name, *value;
};

struct http_tls {
    const char *ca_pem;   /* NULL: the system's */
    const char *cert_pem; /* client certificate and key, or NULL */
    const char *key_pem;
    bool insecure; /* do not check: tests on loopback only */
};

struct http_call {
    const char *method; /* "GET" */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const char *bearer; /* NULL: none; never logged */
    const char *basic;  /* "user:password", or NULL */
    struct slice body;
    const char *content_type; /* of the body; NULL: application/json */
    const struct http_tls *tls;
    int64_t timeout_ms;    /* 0: 30 s */
    size_t body_bytes_max; /* of the answer; 0: 16 MiB */
};

struct http_result {
    int status;
    struct str body;
    struct str headers;     /* "Name: value\r\n" lines of the last answer */
    int64_t retry_after_ms; /* of Retry-After, at most one hour; 0: none */
};
void http_result_done(struct http_result *result); /* safe on zeroed memory */
/* A header of the answer, case-insensitive, copied to `out`; false when there is none. */
bool http_result_header(const struct http_result *result, const char *name, struct str *out);

/* A client keeps connections; one thread at a time. */
struct http_client;
struct http_client *http_client_new(const char *user_agent);
void http_client_free(struct http_client **client);

/* One request.  ERR_UNAVAILABLE: no answer (name, connection, TLS, cut off); ERR_TIMEOUT. */
bool http_perform(struct http_client *client, const struct http_call *call, struct http_result *out,
                  struct err *err) MUST_CHECK;
/* The body is given to `on_data` as it comes, until the answer ends or it returns false.  The
   status is known at the first call.  `timeout_ms` then bounds only the silence between bytes. */
bool http_perform_stream(struct http_client *client, const struct http_call *call,
                         bool (*on_data)(void *context, int status, struct slice bytes),
                         void *context, int *out_status, struct err *err) MUST_CHECK;

/* The same, with the headers of the answer; the body of `out` stays empty. */
bool http_perform_download(struct http_client *client, const struct http_call *call,
                           bool (*on_data)(void *context, int status, struct slice bytes),
                           void *context, struct http_result *out, struct err *err) MUST_CHECK;

/* Many requests over at most `connections` keep-alive connections.  `next` fills the next call
   and returns its tag, or -1 when there is none now; `on_result` gets each result as it comes (err
   set, kind ERR_NONE when an answer came) and may make `next` have more.  What `next` points to
   must live until its result.  Returns when `next` has no more and all are answered. */
void http_perform_many(struct http_client *client, unsigned connections,
                       int64_t (*next)(void *context, struct http_call *out),
                       void (*on_result)(void *context, int64_t tag, struct http_result *result,
                                         const struct err *err),
                       void *context);

/* A long answer read on the loop: watches, event streams. */
struct http_stream;
struct http_stream_events {
    void (*on_status)(void *context, int status);
    void (*on_data)(void *context, struct slice bytes);
    /* The stream is over and already freed; err.kind ERR_NONE when it ended properly. */
    void (*on_end)(void *context, const struct err *err);
};
/* `idle_ms`: end it with ERR_TIMEOUT after that long without a byte; 0: never.  Copies what it
   needs of `call`. */
struct http_stream *http_stream_open(struct loop *loop, const struct http_call *call,
                                     int64_t idle_ms, const struct http_stream_events *events,
                                     void *context);
/* End it without on_end, also from its own on_status or on_data.  Clears. */
void http_stream_close(struct http_stream **stream);
