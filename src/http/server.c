/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Server
 *
 * libmicrohttpd runs one thread on epoll. It does not listen: an acceptor does, on all sockets, as
 * it limits connections before they cost anything, and ends those that are too slow. It passes the
 * others to that thread, so that all requests are handled there.
 *
 * libmicrohttpd parses requests. This file connects its callbacks to an exchange, which is a
 * request and its reply. libmicrohttpd calls, in this order:
 *
 *      on_connection   when a client connects
 *      on_target       with the first line of a request
 *      on_request      with its head, then with each piece of its body, then with nothing;
 *                      that last call runs the handler
 *      (a stream)      for each piece of it, as the client takes it
 *      on_completed    when the reply is sent or aborted; on_target follows with the next
 *                      request
 *      on_connection   when the connection is closed
 *
 * libmicrohttpd 0.9.75 omits on_completed when it is out of memory for a request. So the exchange,
 * which keeps the state of these calls, belongs to the connection.
 */

#include "http/server.h"

#include "base/clock.h"
#include "http/acceptor.h"
#include "http/clients.h"
#include "http/exchange.h"
#include "http/head.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * For a connection: the longest head, a record of it for each header, and the reply. libmicrohttpd
 * 0.9.75 sends no answer at all to a head that leaves too little for the reply.
 */
#define CONNECTION_MEMORY (4 * HTTP_HEAD_MAX)

struct http_server {
    struct exchange_host host;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
};

void server_wake(struct http_server *server)
{
    waiting_wake(&server->host.waiting);
}

/* --- callbacks of libmicrohttpd --------------------------------------------------------------- */

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    const struct exchange_part part = { method, version, { upload, *upload_size } };

    if (!*state)
        return MHD_NO; /* out of memory in on_target() or on_connection() */
    *upload_size = 0;
    return exchange_take(*state, &part) ? MHD_YES : MHD_NO;
}

/* The return value becomes on_request()'s state; NULL when out of memory. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = info->socket_context;
    /* It is in the connection's buffer, where libmicrohttpd itself writes. */
    union {
        const char *in;
        char *out;
    } text = { .in = target };

    return exchange && exchange_begin(exchange, text.out) ? exchange : NULL;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    if (*state)
        exchange_end(*state, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

static struct client *meet(struct http_server *server, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return clients_meet(server->host.clients, info->connect_fd);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **connection_state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = ctx;
    struct client *client = meet(server, connection);

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *connection_state = exchange_new(&server->host, connection, client);
        return;
    }
    exchange_free(*connection_state);
    if (client)
        clients_leave(server->host.clients, client);
}

/* Escapes are decoded from the target (request.h): here %00 would end a path early. */
static size_t on_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* --- on the acceptor's thread ----------------------------------------------------------------- */

static void on_accepted(void *ctx, int fd, const struct sockaddr *peer, socklen_t len)
{
    struct http_server *server = ctx;
    struct clients *clients = server->host.clients;

    if (!clients_admit(clients, fd, peer, len))
        close(fd);
    else if (MHD_add_connection(server->daemon, fd, peer, len) != MHD_YES) /* it has closed @fd */
        clients_dismiss(clients, fd);
}

static bool is_crowded(void *ctx)
{
    struct http_server *server = ctx;

    return clients_are_crowded(server->host.clients);
}

static bool on_tick(void *ctx)
{
    struct http_server *server = ctx;

    return clients_sweep(server->host.clients, clock_monotonic_ns());
}

/* --- beginning and end ------------------------------------------------------------------------ */

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0,
        NULL, NULL, on_request, server, MHD_OPTION_CONNECTION_LIMIT,
        clients_count_max(server->host.clients), MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape,
        NULL, MHD_OPTION_END);
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

/* Start the threads. On failure the sockets are still open. */
static int start_threads(struct http_server *server, const int *fds, unsigned n_fds)
{
    const struct acceptor_options options = {
        fds, n_fds, on_accepted, server, is_crowded, on_tick
    };
    int r;

    errno = 0;
    server->daemon = start_daemon(server);
    if (!server->daemon)
        return errno ? -errno : -ENOMEM;
    r = acceptor_start(&server->acceptor, &options);
    if (r < 0)
        MHD_stop_daemon(server->daemon);
    return r;
}

static int make_clients(struct http_server *server, const struct http_server_options *options)
{
    struct clients_options clients = {
        .n_max = options->max_connections,
        .n_max_per_address = options->max_address_connections,
        .head_max_ns = options->head_max_ns,
        .stats = options->stats,
    };

    if (getrandom(&clients.seed, sizeof(clients.seed), 0) != sizeof(clients.seed))
        return -errno;
    return clients_new(&server->host.clients, &clients);
}

static void free_server(struct http_server *server)
{
    clients_free(server->host.clients);
    waiting_deinit(&server->host.waiting);
    free(server);
}

static struct http_server *new_server(const struct http_server_options *options)
{
    struct http_server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    server->host = (struct exchange_host){
        .routes = options->routes,
        .n_routes = options->n_routes,
        .head_max_ns = options->head_max_ns,
        .answer_max_ns = options->answer_max_ns,
        .in_flight = {
            .n_max = options->max_requests,
            .give_up = exchange_give_up,
            .ctx = &server->host,
        },
        .stats = options->stats,
    };
    waiting_init(&server->host.waiting);
    return server;
}

int server_start(struct http_server **ret, const int *fds, unsigned n_fds,
                 const struct http_server_options *options)
{
    struct http_server *server = new_server(options);
    int r = server ? make_clients(server, options) : -ENOMEM;

    if (r == 0)
        r = start_threads(server, fds, n_fds);
    if (r < 0) {
        close_all(fds, n_fds);
        if (server)
            free_server(server);
        return r;
    }
    *ret = server;
    return 0;
}

void server_stop(struct http_server *server)
{
    if (!server)
        return;
    acceptor_stop(server->acceptor);
    waiting_stop(&server->host.waiting);
    MHD_stop_daemon(server->daemon);
    free_server(server);
}
