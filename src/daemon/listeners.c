/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Listeners
 *
 * A listener is compared with those in force twice: by the text of its address, which needs no name
 * server, and, if that is new, by the addresses that it means. So "localhost:8125" may become
 * "127.0.0.1:8125" without a gap: the socket of the one address goes on, and that of the other is
 * closed.
 */

#include "daemon/listeners.h"

#include "base/log.h"
#include "base/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listeners {
    struct listeners_options options;
    char *texts[LISTENERS_MAX];    /* the addresses of the options */
    struct address_list *lists;    /* for each listener, what is still to be opened */
    bool is_there[LISTENERS_MAX];  /* all its sockets were taken over */
    bool is_partly[LISTENERS_MAX]; /* those of some of its addresses were */
    struct bound bound;
};

struct bound *listeners_bound(struct listeners *listeners)
{
    return &listeners->bound;
}

/* --- what stays ---------------------------------------------------------------------------- */

static int copy_texts(struct listeners *listeners, const struct listeners_options *options)
{
    listeners->options = *options;
    listeners->options.n_listeners = 0;
    for (unsigned i = 0; i < options->n_listeners; i++) {
        listeners->texts[i] = strdup(options->listeners[i].address);
        if (!listeners->texts[i])
            return -ENOMEM;
        listeners->options.listeners[i].address = listeners->texts[i];
        listeners->options.n_listeners++;
    }
    return 0;
}

static bool is_same(const struct listener_options *a, const struct listener_options *b)
{
    return a->protocol == b->protocol && a->passed_fd == b->passed_fd &&
           strcmp(a->address, b->address) == 0;
}

/* Which of @in_force, but those that are taken, is listener @wanted; -1: none of them. */
static int find(const struct listeners *in_force, const struct listener_options *wanted,
                const bool is_taken[LISTENERS_MAX])
{
    for (unsigned i = 0; i < in_force->options.n_listeners; i++)
        if (!is_taken[i] && is_same(&in_force->options.listeners[i], wanted))
            return (int)i;
    return -1;
}

/* Take over all groups of listener @before as those of listener @number. */
static void keep(struct listeners *listeners, unsigned number, const struct listeners *in_force,
                 unsigned before)
{
    const struct bound *bound = &in_force->bound;

    listeners->is_there[number] = true;
    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i))
        if (bound->sockets[i].listener == before)
            bound_take(&listeners->bound, bound, i, number,
                       &listeners->options.listeners[number].reading);
}

static void keep_all(struct listeners *listeners, const struct listeners *in_force)
{
    bool is_taken[LISTENERS_MAX] = { false };

    for (unsigned i = 0; i < listeners->options.n_listeners; i++) {
        int before = find(in_force, &listeners->options.listeners[i], is_taken);

        if (before < 0)
            continue;
        is_taken[before] = true;
        keep(listeners, i, in_force, (unsigned)before);
    }
}

int listeners_new(struct listeners **ret, const struct listeners_options *options,
                  const struct listeners *in_force, unsigned n_workers)
{
    struct listeners *listeners = calloc(1, sizeof(*listeners));

    if (!listeners)
        return -ENOMEM;
    listeners->lists = calloc(options->n_listeners + 1, sizeof(*listeners->lists));
    listeners->bound.options = (struct bound_options){
        .n_workers = n_workers,
        .read_buffer_bytes = options->read_buffer_bytes,
        .permissions = options->permissions,
    };
    if (!listeners->lists || copy_texts(listeners, options) < 0) {
        listeners_free(listeners);
        return -ENOMEM;
    }
    if (in_force)
        keep_all(listeners, in_force);
    *ret = listeners;
    return 0;
}

/* --- what is new ---------------------------------------------------------------------------- */

static int fail(struct listeners_failure *ret, int error, const struct listener_options *listener)
{
    *ret = (struct listeners_failure){ error, listener };
    return error;
}

int listeners_look_up(struct listeners *listeners, struct listeners_failure *ret)
{
    for (unsigned i = 0; i < listeners->options.n_listeners; i++) {
        const struct listener_options *listener = &listeners->options.listeners[i];
        int r = 0;

        if (!listeners->is_there[i] && !listener->passed_fd &&
            listener_has_host(listener->protocol))
            r = address_parse_all(&listeners->lists[i], listener->address);
        if (r < 0)
            return fail(ret, r, listener);
    }
    return 0;
}

/* The group of @in_force that is bound to @address, and is not taken yet; or -1. */
static int find_bound(const struct listeners *listeners, const struct listeners *in_force,
                      enum listener_protocol protocol, const struct address *address)
{
    const struct bound *bound = &in_force->bound;

    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i)) {
        const struct listener_socket *socket = &bound->sockets[i];
        const struct listener_options *options = &in_force->options.listeners[socket->listener];
        struct address present;

        if (options->protocol == protocol && !options->passed_fd &&
            !bound_has(&listeners->bound, socket->socket.fd) &&
            address_of_socket(&present, socket->socket.fd) == 0 && present.len == address->len &&
            memcmp(&present.any, &address->any, address->len) == 0)
            return (int)i;
    }
    return -1;
}

/* Take over what is bound to addresses of listener @number, so that they need not be opened. */
static void adopt(struct listeners *listeners, unsigned number, const struct listeners *in_force)
{
    const struct listener_options *options = &listeners->options.listeners[number];
    struct address_list *list = &listeners->lists[number];
    unsigned n_left = 0;

    for (unsigned i = 0; i < list->n; i++) {
        int group = find_bound(listeners, in_force, options->protocol, &list->items[i]);

        if (group >= 0)
            bound_take(&listeners->bound, &in_force->bound, (unsigned)group, number,
                       &options->reading);
        else
            list->items[n_left++] = list->items[i];
    }
    listeners->is_there[number] = list->n > 0 && n_left == 0;
    listeners->is_partly[number] = list->n > n_left;
    list->n = n_left;
}

void listeners_adopt(struct listeners *listeners, const struct listeners *in_force)
{
    for (unsigned i = 0; i < listeners->options.n_listeners; i++)
        if (!listeners->is_there[i])
            adopt(listeners, i, in_force);
}

/* Close what is not opened after a failure. */
static void close_passed(const struct listener_options *listener)
{
    if (listener->passed_fd)
        close(listener->passed_fd);
}

/* An address that this machine does not have is left out of several: see address_open_all(). */
static bool may_be_missing(const struct listeners *listeners, unsigned number, int error)
{
    return listeners->is_partly[number] && (error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT);
}

int listeners_bind(struct listeners *listeners, struct listeners_failure *ret)
{
    int r = 0;

    for (unsigned i = 0; i < listeners->options.n_listeners; i++) {
        const struct listener_options *listener = &listeners->options.listeners[i];

        if (listeners->is_there[i])
            continue;
        if (r < 0) {
            close_passed(listener);
            continue;
        }
        r = bound_open(&listeners->bound, listener, i, &listeners->lists[i]);
        if (may_be_missing(listeners, i, r))
            r = 0;
        if (r < 0)
            fail(ret, r, listener);
    }
    return r;
}

/* The address of a socket without the scheme. */
static const char *address_in(const struct listeners *listeners,
                              const struct listener_socket *socket)
{
    enum listener_protocol protocol = listeners->options.listeners[socket->listener].protocol;

    return socket->address + strlen(listener_scheme(protocol)) + strlen("://");
}

static bool is_port_of(const struct listener_options *one, const struct listener_options *other,
                       const char *address)
{
    const char *port = strrchr(one->address, ':'), *others = strrchr(address, ':');

    return one->protocol == other->protocol && port && others && strcmp(port, others) == 0;
}

const char *listeners_rival(const struct listeners *listeners, const struct listeners *in_force,
                            const struct listener_options *listener)
{
    const struct bound *bound = &in_force->bound;

    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i)) {
        const struct listener_socket *socket = &bound->sockets[i];
        const struct listener_options *other = &in_force->options.listeners[socket->listener];
        bool is_rival = listener_has_host(listener->protocol)
                            ? is_port_of(listener, other, socket->address)
                            : strcmp(address_in(in_force, socket), listener->address) == 0;

        if (is_rival && !bound_has(&listeners->bound, socket->socket.fd))
            return socket->address;
    }
    return NULL;
}

/* --- the log -------------------------------------------------------------------------------- */

static void warn_of_small_buffer(const struct listeners *listeners,
                                 const struct listener_socket *socket)
{
    const struct listener_options *listener = &listeners->options.listeners[socket->listener];
    int granted = socket_read_buffer(socket->socket.fd);

    if (granted >= 0 && (uint64_t)granted >= listeners->options.read_buffer_bytes)
        return;
    log_warn("the kernel granted a smaller receive buffer", LOG_TEXT("address", listener->address),
             LOG_UINT("asked_bytes", listeners->options.read_buffer_bytes),
             LOG_UINT("granted_bytes", (uint64_t)granted),
             LOG_TEXT("hint", "raise sysctl net.core.rmem_max, or grant CAP_NET_ADMIN"));
}

void listeners_log_new(const struct listeners *listeners)
{
    const struct bound *bound = &listeners->bound;
    int warned = -1; /* once for all addresses of a listener: the kernel has one limit */

    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i)) {
        const struct listener_socket *socket = &bound->sockets[i];
        const struct pipeline_reading *reading = &socket->socket.reading;
        const struct listener_options *listener = &listeners->options.listeners[socket->listener];

        if (!socket->is_new)
            continue;
        log_info("listening", LOG_TEXT("protocol", listener_scheme(listener->protocol)),
                 LOG_TEXT("address", address_in(listeners, socket)),
                 LOG_TEXT("dialect", reading->is_dogstatsd ? "dogstatsd" : "statsd"),
                 LOG_TEXT("counter", reading->has_totals ? "absolute" : "increment"));
        if (listener->protocol == LISTENER_UDP && warned != (int)socket->listener)
            warn_of_small_buffer(listeners, socket);
        warned = (int)socket->listener;
    }
}

void listeners_log_old(const struct listeners *listeners)
{
    const struct bound *bound = &listeners->bound;

    for (unsigned i = 0; i < bound->n_sockets; i += bound_count_group(bound, i)) {
        const struct listener_socket *socket = &bound->sockets[i];
        const struct listener_options *listener = &listeners->options.listeners[socket->listener];

        log_info("not listening any more",
                 LOG_TEXT("protocol", listener_scheme(listener->protocol)),
                 LOG_TEXT("address", address_in(listeners, socket)));
    }
}

/* --- all of them ---------------------------------------------------------------------------- */

int listeners_open(struct listeners **ret, const struct listeners_options *options,
                   unsigned n_workers)
{
    struct listeners_failure failure = { -ENOMEM, NULL };
    struct listeners *listeners = NULL;
    int r = listeners_new(&listeners, options, NULL, n_workers);

    if (r == 0)
        r = listeners_look_up(listeners, &failure);
    if (r == 0) {
        r = listeners_bind(listeners, &failure);
    } else {
        for (unsigned i = 0; i < options->n_listeners; i++)
            close_passed(&options->listeners[i]);
    }
    if (r == 0) {
        listeners_log_new(listeners);
        *ret = listeners;
        return 0;
    }
    if (failure.listener)
        listener_refuse(listener_flag(failure.listener), failure.listener->address, r);
    else
        log_error("cannot listen", LOG_TEXT("error", strerror(-r)));
    listeners_close(listeners);
    return r;
}

void listeners_free(struct listeners *listeners)
{
    if (!listeners)
        return;
    for (unsigned i = 0; i < listeners->options.n_listeners; i++)
        free(listeners->texts[i]);
    free(listeners->lists);
    free(listeners);
}

void listeners_close(struct listeners *listeners)
{
    if (listeners)
        bound_close(&listeners->bound);
    listeners_free(listeners);
}

unsigned listeners_of_worker(const struct listeners *listeners, unsigned worker,
                             struct source_socket ret[SOURCES_MAX])
{
    const struct bound *bound = &listeners->bound;
    unsigned n = 0;

    for (unsigned i = 0; i < bound->n_sockets; i++)
        if (bound->sockets[i].worker == worker)
            ret[n++] = bound->sockets[i].socket;
    return n;
}

const char *listeners_udp_address(const struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->bound.n_sockets; i++) {
        const struct listener_socket *socket = &listeners->bound.sockets[i];

        if (listeners->options.listeners[socket->listener].protocol == LISTENER_UDP)
            return address_in(listeners, socket);
    }
    return NULL;
}
