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

/* Make listeners of the sockets that were passed for samples. Returns their number. */
static unsigned add_passed(struct sockets *sockets)
{
    struct listeners_options *options = &sockets->options;

    options->n_listeners = 0;
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
    return options->n_listeners;
}

static int open_listeners(struct sockets *sockets, const struct sockets_options *options)
{
    struct listeners_options *all = &sockets->options;
    unsigned n_passed;

    *all = *options->listeners;
    n_passed = add_passed(sockets);
    for (unsigned i = 0; i < options->listeners->n_listeners; i++)
        if (n_passed == 0 || !options->listeners->listeners[i].is_default)
            all->listeners[all->n_listeners++] = options->listeners->listeners[i];
    return listeners_open(&sockets->listeners, all, options->n_workers);
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

/* Returns 0 or -ENOMEM. */
static int list_all(struct sockets *sockets, struct socket_stats *stats)
{
    for (unsigned i = 0; i < sockets->listeners.n_sockets; i++) {
        struct listener_socket *socket = &sockets->listeners.sockets[i];

        socket->socket.row =
            socket_stats_take(stats, socket->address, socket->worker, socket->socket.is_stream);
        if (!socket->socket.row)
            return -ENOMEM;
        socket_stats_open(stats, socket->socket.row, socket->socket.fd);
    }
    return 0;
}

int sockets_open(struct sockets *sockets, const struct sockets_options *options)
{
    const char *http = options->http_address;
    int r = passed_take(&sockets->passed);

    if (r < 0)
        return r;
    r = take_http(sockets);
    if (sockets->http.n > 0 && options->is_http_default)
        http = NULL;
    if (r == 0)
        r = open_listeners(sockets, options);
    if (r == 0)
        r = http_sockets_open(&sockets->http, http);
    if (r == 0)
        r = list_all(sockets, options->stats);
    return r;
}

void sockets_close(struct sockets *sockets)
{
    listeners_close(&sockets->listeners);
    http_sockets_close(&sockets->http);
}

unsigned sockets_count(const struct sockets *sockets)
{
    const struct listeners *listeners = &sockets->listeners;
    unsigned n = sockets->http.n;

    for (unsigned i = 0; i < listeners->n_sockets; i++)
        n += listeners->sockets[i].worker == 0 || !listeners->sockets[i].socket.is_stream;
    return n;
}

bool sockets_have_streams(const struct sockets *sockets)
{
    for (unsigned i = 0; i < sockets->listeners.n_sockets; i++)
        if (sockets->listeners.sockets[i].socket.is_stream)
            return true;
    return false;
}
