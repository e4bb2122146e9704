/* house: a server with one of each kind of handler, on a loop in a thread of
   its own, so that the test itself can be a client that blocks. */
#pragma once

#include "../testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"

#define DEADLINE_MS 20000
#define STREAM_QUEUE_BYTES ((size_t)256 << 10)

struct house {
    struct loop *loop;
    pthread_t thread;
    struct http_server *server;
    struct sse_hub *hub;
    struct http_client *client;
    int port;
    bool has_tls;
    struct http_exchange *kept; /* of GET /kept; only on the loop */
    struct http_body *body;     /* of GET /stream; only on the loop */
    atomic_int handled, closed, freed, readers;
};

/* cmocka's setup and teardown; *state is the house. */
int house_open(void **state);
int house_open_tls(void **state);
int house_open_hasty(void **state); /* headers must come within 100 ms */
int house_close(void **state);

/* The certificate of a house with TLS. */
const char *house_cert_file(void);

/* Run `act` on the loop's thread and wait for it. */
void house_do(struct house *house, void (*act)(struct house *house));
/* For house_do(): stop the server or the hub before the house is closed. */
void house_stop_server(struct house *house);
void house_free_hub(struct house *house);
int house_reader_count(struct house *house);
void house_await_readers(struct house *house, int wanted);
/* Wait until `*counter` is `wanted`; the test fails at the deadline. */
void house_await(atomic_int *counter, int wanted);

/* GET, POST, … with the house's client; the caller frees the result. */
void house_call(struct house *house, const char *method, const char *path, const char *body,
                struct http_result *out);
/* The status alone. */
int house_status(struct house *house, const char *method, const char *path, const char *body);
void house_url(const struct house *house, const char *path, char out[static 256]);

/* Bare sockets, for what no well-behaved client does. */
int raw_connect(const struct house *house);
void raw_send(int fd, const char *text);
/* Read until `needle` came; false when the other side closed before. */
bool raw_read_until(int fd, struct str *out, const char *needle);
/* Send one request, return everything until the server closes or `needle` came.
 */
void raw_exchange(const struct house *house, const char *request, const char *needle,
                  struct str *out);
