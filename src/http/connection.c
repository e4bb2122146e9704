/* Deadlines of connections: a client that is slow on purpose must not hold a place.  The
   library's own timeout only looks at silence, and one byte now and then breaks that. */
#include "http/exchange.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

static int64_t now_mono_ms(void)
{
    return env_now_mono_ms(env_system());
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct http_connection *add(struct http_server *server, struct MHD_Connection *mhd)
{
    struct http_connection *connection = xcalloc(1, sizeof(*connection));
    connection->mhd = mhd;
    connection->due_ms = now_mono_ms() + server->options.headers_ms_max;
    connection->next = server->connections;
    if (connection->next) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    return connection;
}

static void drop(struct http_server *server, struct http_connection *connection)
{
    if (connection->next) {
        connection->next->previous = connection->previous;
    }
    if (connection->previous) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    free(connection);
}

void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = add(server, mhd);
    } else if (*socket_context) {
        drop(server, *socket_context);
        *socket_context = NULL;
    }
}

void connection_expect(struct MHD_Connection *mhd, int64_t within_ms)
{
    struct http_connection *connection = connection_of(mhd);
    if (connection) {
        connection->due_ms = within_ms ? now_mono_ms() + within_ms : 0;
    }
}

void connection_cut(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    /* The library sees the end of the connection and cleans up. */
    if (info) {
        shutdown(info->connect_fd, SHUT_RDWR);
    }
}

void connection_expire(struct http_server *server)
{
    int64_t now_ms = now_mono_ms();
    for (struct http_connection *connection = server->connections; connection;
         connection = connection->next) {
        if (connection->due_ms != 0 && connection->due_ms <= now_ms) {
            connection_cut(connection->mhd);
        }
    }
}
