/* The daemon: libmicrohttpd without threads of its own, driven by the loop. */
#include "http/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "http/exchange.h"

#define CONNECTIONS_MAX_DEFAULT 20000
/* Files, processes and other sockets need descriptors, too. */
#define OTHER_DESCRIPTORS 256
/* Request and answer headers of one connection: a bearer token of 12 kB must pass (measured). */
#define CONNECTION_BYTES 16384
#define SILENCE_S 60U
/* After a restart all clients come back at once; the kernel cuts this to its own limit. */
#define BACKLOG 4096
/* For the handshake and the first request's headers. */
#define HEADERS_MS_MAX_DEFAULT 10000
/* Deadlines are looked at this many times within the shortest one. */
#define TICKS_PER_DEADLINE 10
/* Rounds in a row, before other parts of the loop get their turn. */
#define ROUNDS_MAX 8
/* Enough to hand the last chunk to every stream's socket. */
#define LAST_ROUNDS_MAX 64
#define PEM_BYTES_MAX (1 << 20)

/* Driving. */

static void drive(void *context);

static void drive_soon(struct http_server *server)
{
    if (!server->again && !server->is_stopping) {
        server->again = loop_timer_start(server->options.loop, 0, 0, drive, server);
    }
}

void server_resume(struct http_server *server, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    drive_soon(server); /* without threads of its own, the library waits to be asked */
}

static void tick(void *context)
{
    struct http_server *server = context;
    connection_expire(server);
    drive_soon(server);
}

static void tick_while_connected(struct http_server *server)
{
    if (!server->connections) {
        loop_timer_stop(&server->tick);
    } else if (!server->tick) {
        int64_t tick_ms = server->options.headers_ms_max / TICKS_PER_DEADLINE + 1;
        server->tick = loop_timer_start(server->options.loop, tick_ms, tick_ms, tick, server);
    }
}

static bool has_more_to_do(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    return MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0;
}

static void drive(void *context)
{
    struct http_server *server = context;
    loop_timer_stop(&server->again);
    server->is_driving = true;
    bool is_urgent = true;
    for (int i = 0; i < ROUNDS_MAX && is_urgent; i++) {
        MHD_run(server->daemon);
        is_urgent = has_more_to_do(server);
    }
    server->is_driving = false;
    if (is_urgent) {
        drive_soon(server);
    }
    tick_while_connected(server);
}

static void became_ready(void *context, int fd, unsigned ready)
{
    (void)fd;
    (void)ready;
    drive(context);
}

/* Starting. */

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static bool parse_address(const char *text, int port, struct address *out, struct err *err)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    char bare[INET6_ADDRSTRLEN] = "";
    size_t length = strlen(text);

    if (port < 0 || port > 65535) {
        return err_set(err, ERR_INVALID, "%d is not a port; use 0 to 65535", port);
    }
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        memcpy(&out->storage, &four, sizeof(four));
        out->length = sizeof(four);
        return true;
    }
    if (length > 2 && length < sizeof(bare) && text[0] == '[' && text[length - 1] == ']') {
        memcpy(bare, text + 1, length - 2);
        if (inet_pton(AF_INET6, bare, &six.sin6_addr) == 1) {
            memcpy(&out->storage, &six, sizeof(six));
            out->length = sizeof(six);
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "\"%.60s\" is no address; use one such as 127.0.0.1 or [::1]",
                   text);
}

static int read_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } bound = {0};
    socklen_t length = sizeof(bound);
    if (getsockname(fd, &bound.any, &length) != 0) {
        return 0;
    }
    return ntohs(bound.any.sa_family == AF_INET6 ? bound.six.sin6_port : bound.four.sin_port);
}

static bool open_listener(const struct http_server_options *options, int *out_fd, struct err *err)
{
    struct address address = {0};
    if (!parse_address(options->address, options->port, &address, err)) {
        return false;
    }
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (struct sockaddr *)&address.storage, address.length) != 0 ||
        listen(fd, BACKLOG) != 0) {
        err_set(err, ERR_UNAVAILABLE, "listen on %s:%d: %s", options->address, options->port,
                strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    *out_fd = fd;
    return true;
}

static bool read_pem(const char *path, char **out, struct err *err)
{
    AUTO_STR(text, PEM_BYTES_MAX);
    if (!file_read(path, &text, err)) {
        return err_wrap(err, "read the TLS file");
    }
    *out = str_take(&text);
    return true;
}

static bool read_tls(struct http_server *server, struct err *err)
{
    const struct http_server_options *options = &server->options;
    if (!options->tls_cert_file && !options->tls_key_file) {
        return true;
    }
    if (!options->tls_cert_file || !options->tls_key_file) {
        return err_set(err, ERR_INVALID,
                       "TLS needs a certificate file and a key file; one is missing");
    }
    return read_pem(options->tls_cert_file, &server->cert, err) &&
           read_pem(options->tls_key_file, &server->key, err);
}

static void raise_descriptor_limit(unsigned connections_max)
{
    struct rlimit limit;
    rlim_t wanted = connections_max + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
        /* Best effort: with fewer, connections wait in the backlog. */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

PRINTF_LIKE(2, 0)
static void remember_message(void *context, const char *fmt, va_list args)
{
    struct http_server *server = context;
    vsnprintf(server->library_says, sizeof(server->library_says), fmt, args);
}

/* Paths and queries are decoded by us, once, after they are split. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server, int listener)
{
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (server->cert ? MHD_USE_TLS : 0U);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_on_request, server,
        /* First, so that no message goes to standard error. */
        MHD_OPTION_EXTERNAL_LOGGER, remember_message, server, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, server->options.connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        SILENCE_S, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        connection_notify, server, MHD_OPTION_NOTIFY_COMPLETED, exchange_on_completed, server,
        MHD_OPTION_ARRAY, server->cert ? tls : none, MHD_OPTION_END);
}

static bool start(struct http_server *server, struct err *err)
{
    int listener = -1;
    if (!read_tls(server, err) || !open_listener(&server->options, &listener, err)) {
        return false;
    }
    server->port = read_port(listener);
    raise_descriptor_limit(server->options.connections_max);
    server->daemon = start_daemon(server, listener);
    const union MHD_DaemonInfo *info =
        server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        return err_set(err, server->cert ? ERR_INVALID : ERR_INTERNAL, "start the server: %.200s",
                       server->library_says[0] ? server->library_says : "libmicrohttpd refuses");
    }
    server->watch =
        loop_watch_start(server->options.loop, info->epoll_fd, LOOP_READABLE, became_ready, server);
    return true;
}

static void free_server(struct http_server **server)
{
    struct http_server *gone = *server;
    if (!gone) {
        return;
    }
    router_free(&gone->router);
    if (gone->key) {
        explicit_bzero(gone->key, strlen(gone->key));
    }
    free(gone->key);
    free(gone->cert);
    xfree(server);
}

bool http_server_start(const struct http_server_options *options, struct http_server **out,
                       struct err *err)
{
    AUTO(free_server) struct http_server *server = xcalloc(1, sizeof(*server));
    server->options = *options;
    if (server->options.connections_max == 0) {
        server->options.connections_max = CONNECTIONS_MAX_DEFAULT;
    }
    if (server->options.headers_ms_max == 0) {
        server->options.headers_ms_max = HEADERS_MS_MAX_DEFAULT;
    }
    env_system()->random(NULL, &server->request_id_seed, sizeof(server->request_id_seed));
    if (!router_new(options->routes, options->route_count, &server->router, err) ||
        !start(server, err)) {
        return false;
    }
    *out = TAKE(server);
    return true;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

/* Stopping. */

/* The library aborts when it is stopped with suspended connections, so all are woken: streams
   end properly, exchanges that are kept lose their connection. */
static void wake_all(struct http_server *server)
{
    for (struct http_exchange *exchange = server->exchanges; exchange; exchange = exchange->next) {
        if (exchange->stream) {
            http_body_end(exchange->stream);
        } else {
            exchange_detach(exchange);
        }
    }
}

void http_server_stop(struct http_server **server)
{
    struct http_server *gone = *server;
    if (!gone) {
        return;
    }
    assert(!gone->is_driving); /* a handler cannot stop its own server */
    *server = NULL;
    gone->is_stopping = true;
    loop_watch_stop(&gone->watch);
    loop_timer_stop(&gone->tick);
    loop_timer_stop(&gone->again);
    wake_all(gone);
    for (int i = 0; i < LAST_ROUNDS_MAX && gone->exchanges; i++) {
        MHD_run(gone->daemon);
        wake_all(gone); /* an on_close may have answered another exchange */
    }
    MHD_stop_daemon(gone->daemon);
    free_server(&gone);
}
