/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sockets
 *
 * Passed sockets become listeners like those of the settings, and come before them.
 */

#include "daemon/sockets.h"

#include "base/log.h"

#include <errno.h>
#include <sys/socket.h>

static bool serves_http(const struct passed_socket *socket)
{
    return passed_is(socket, "http");
}

static enum listener_protocol protocol_of(const struct passed_socket *socket)
{
    if (socket->domain == AF_UNIX)
        return socket->is_stream ? LISTENER_UNIX : LISTENER_UNIXGRAM;
    return socket->is_stream ? LISTENER_TCP : LISTENER_UDP;
}

static struct pipeline_reading reading_of(const struct passed_socket *socket,
                                          struct pipeline_reading otherwise)
{
    struct pipeline_reading reading = otherwise;

    if (passed_is(socket, "dogstatsd") || passed_is(socket, "statsd"))
        reading.is_dogstatsd = passed_is(socket, "dogstatsd");
    return reading;
}

/* Add listeners of the sockets that were passed for samples. */
static void add_passed(const struct sockets *sockets, struct listeners_options *options)
{
    for (unsigned i = 0; i < sockets->passed.n; i++) {
        const struct passed_socket *socket = &sockets->passed.sockets[i];

        if (!serves_http(socket))
            options->listeners[options->n_listeners++] = (struct listener_options){
                .protocol = protocol_of(socket),
                .address = socket->name,
                .reading = reading_of(socket, options->reading),
                .passed_fd = socket->fd,
            };
    }
}

/* All listeners: those that were passed, and those of @configured. */
static void list_listeners(const struct sockets *sockets,
                           const struct listeners_options *configured,
                           struct listeners_options *ret)
{
    unsigned n_passed;

    *ret = *configured;
    ret->n_listeners = 0;
    add_passed(sockets, ret);
    n_passed = ret->n_listeners;
    for (unsigned i = 0; i < configured->n_listeners; i++)
        if (n_passed == 0 || !configured->listeners[i].is_default)
            ret->listeners[ret->n_listeners++] = configured->listeners[i];
}

static int open_listeners(struct sockets *sockets, const struct listeners_options *configured)
{
    struct listeners_options options;

    list_listeners(sockets, configured, &options);
    return listeners_open(&sockets->listeners, &options, sockets->n_workers);
}

/* Returns 0, or -EPROTOTYPE after logging that one of them cannot serve pages. */
static int take_http(struct sockets *sockets)
{
    int r = 0;

    for (unsigned i = 0; i < sockets->passed.n; i++) {
        const struct passed_socket *socket = &sockets->passed.sockets[i];

        if (!serves_http(socket))
            continue;
        http_sockets_take(&sockets->http, socket->fd);
        if (socket->is_stream)
            continue;
        r = -EPROTOTYPE;
        log_error("cannot serve pages on a datagram socket that was passed to this process",
                  LOG_UINT("descriptor", (uint64_t)socket->fd), LOG_TEXT("name", socket->name),
                  LOG_TEXT("hint", "use ListenStream= in the socket unit, or another "
                                   "FileDescriptorName="));
    }
    return r;
}

/* --- rows ---------------------------------------------------------------------------------- */

int sockets_take_rows(const struct sockets *sockets, struct listeners *listeners)
{
    struct bound *bound = listeners_bound(listeners);

    for (unsigned i = 0; i < bound->n_sockets; i++) {
        struct listener_socket *socket = &bound->sockets[i];

        if (socket->is_new)
            socket->socket.row = socket_stats_take(sockets->stats, socket->address, socket->worker,
                                                   socket->socket.is_stream);
        if (!socket->socket.row)
            return -ENOMEM;
    }
    return 0;
}

void sockets_release_rows(struct listeners *listeners)
{
    struct bound *bound = listeners_bound(listeners);

    for (unsigned i = 0; i < bound->n_sockets; i++)
        if (bound->sockets[i].is_new && bound->sockets[i].socket.row)
            socket_row_release(bound->sockets[i].socket.row);
}

static void show(const struct sockets *sockets, const struct bound *bound)
{
    for (unsigned i = 0; i < bound->n_sockets; i++)
        if (bound->sockets[i].is_new)
            socket_stats_open(sockets->stats, bound->sockets[i].socket.row,
                              bound->sockets[i].socket.fd);
}

static void hide(const struct sockets *sockets, const struct bound *bound)
{
    for (unsigned i = 0; i < bound->n_sockets; i++) {
        const struct source_socket *socket = &bound->sockets[i].socket;

        socket_stats_close(sockets->stats, socket->row, socket->fd);
        socket_row_release(socket->row);
    }
}

/* --- a reload ------------------------------------------------------------------------------ */

int sockets_plan(const struct sockets *sockets, const struct listeners_options *options,
                 struct listeners **ret)
{
    struct listeners_options all;

    list_listeners(sockets, options, &all);
    return listeners_new(ret, &all, sockets->listeners, sockets->n_workers);
}

struct listeners *sockets_exchange(struct sockets *sockets, struct listeners *listeners)
{
    struct listeners *before = sockets->listeners;

    sockets->listeners = listeners;
    show(sockets, listeners_bound(listeners));
    bound_remove_shared(listeners_bound(before), listeners_bound(listeners));
    hide(sockets, listeners_bound(before));
    return before;
}

/* --- all of them --------------------------------------------------------------------------- */

int sockets_open(struct sockets *sockets, const struct sockets_options *options)
{
    const char *http = options->http_address;
    int r = passed_take(&sockets->passed);

    sockets->n_workers = options->n_workers;
    sockets->stats = options->stats;
    if (r < 0)
        return r;
    r = take_http(sockets);
    if (sockets->http.n > 0 && options->is_http_default)
        http = NULL;
    if (r == 0)
        r = open_listeners(sockets, options->listeners);
    if (r == 0)
        r = http_sockets_open(&sockets->http, http);
    if (r < 0)
        return r;
    r = sockets_take_rows(sockets, sockets->listeners);
    if (r < 0)
        log_error("cannot count what arrives", LOG_TEXT("error", strerror(-r)));
    else
        show(sockets, listeners_bound(sockets->listeners));
    return r;
}

void sockets_close(struct sockets *sockets)
{
    listeners_close(TAKE(sockets->listeners));
    http_sockets_close(&sockets->http);
}

unsigned sockets_count(const struct sockets *sockets)
{
    const struct bound *bound;
    unsigned n = sockets->http.n;

    if (!sockets->listeners)
        return n;
    bound = listeners_bound(sockets->listeners);
    for (unsigned i = 0; i < bound->n_sockets; i++)
        n += bound->sockets[i].worker == 0 || !bound->sockets[i].socket.is_stream;
    return n;
}

bool sockets_have_streams(const struct sockets *sockets)
{
    const struct bound *bound = listeners_bound(sockets->listeners);

    for (unsigned i = 0; i < bound->n_sockets; i++)
        if (bound->sockets[i].socket.is_stream)
            return true;
    return false;
}
