/* What the files of the server share.  Private to http. */
#pragma once

#include <microhttpd.h>
#include <netinet/in.h>

#include "base/vec.h"
#include "http/router.h"

#define BODY_BYTES_MAX_DEFAULT (UINT64_C(1) << 20)
/* A refused body is still read up to this, so that the client sees the answer and not a
   reset connection. */
#define REFUSED_BODY_BYTES_MAX (UINT64_C(1) << 20)

struct http_connection;

struct http_server {
    struct http_server_options options;
    struct router *router;
    struct MHD_Daemon *daemon;
    int port;
    char *cert, *key;
    struct loop_watch *watch;
    struct loop_timer *tick;  /* while there are connections */
    struct loop_timer *again; /* libmicrohttpd has more to do */
    bool is_driving, is_stopping;
    uint64_t request_id_seed;
    struct http_exchange *exchanges;
    struct http_connection *connections;
    char library_says[256]; /* the last message of libmicrohttpd, for errors at start */
};

/* One connection, and until when it must have done its next step. */
struct http_connection {
    struct MHD_Connection *mhd;
    int64_t due_ms; /* monotonic; 0: it is our turn */
    struct http_connection *next, *previous;
};

/* Let a suspended connection go on. */
void server_resume(struct http_server *server, struct MHD_Connection *connection);

void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);
/* The connection must have sent its next part in this time; 0: nothing is awaited. */
void connection_expect(struct MHD_Connection *mhd, int64_t within_ms);
/* End connections that are late. */
void connection_expire(struct http_server *server);
void connection_cut(struct MHD_Connection *mhd);

struct text_pair {
    const char *name, *value;
};

/* Freed when it is both answered and done with by libmicrohttpd. */
struct http_exchange {
    struct http_server *server; /* NULL: stopped */
    struct loop *loop;
    struct MHD_Connection *connection; /* NULL: gone */
    struct http_exchange *next, *previous;
    enum http_method method;
    /* What the client sent, in the arena: it goes when the answer is given, for most exchanges that
       last are streams. */
    struct arena *arena;
    struct path *path;
    struct route_match *match;
    VEC(struct text_pair) headers;
    VEC(struct text_pair) query;
    struct str body;
    uint64_t discarded_bytes;
    json_t *json;
    char id[16];
    char remote[INET6_ADDRSTRLEN];
    void *attached;
    void (*free_attached)(void *);
    VEC(struct text_pair) reply_headers;
    struct MHD_Response *response;
    unsigned status;
    struct http_body *stream;
    bool is_malformed, is_handled, is_kept, is_suspended, is_answered, is_completed;
};

struct http_exchange *exchange_new(struct http_server *server, struct MHD_Connection *connection);
void exchange_free_if_over(struct http_exchange *exchange);
/* The server stops: the exchange goes on without it. */
void exchange_detach(struct http_exchange *exchange);
enum MHD_Result exchange_on_request(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *upload, size_t *upload_size, void **state);
void exchange_on_completed(void *context, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode code);

extern const char *const http_method_names[]; /* by enum http_method */

/* Copy what the client sent: headers, query and address. */
void request_read(struct http_exchange *exchange);
void request_forget(struct http_exchange *exchange);

/* An error answer with a status of HTTP's own, such as 405. */
void reply_problem(struct http_exchange *exchange, unsigned status, const struct err *err);
enum MHD_Result reply_queue(struct http_exchange *exchange);
/* Give the answer to the connection; takes `response`. */
void reply_give(struct http_exchange *exchange, int status, struct MHD_Response *response);

/* The exchange is over: on_close, and free. */
void body_close(struct http_body **body);
