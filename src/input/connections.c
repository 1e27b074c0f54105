/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections
 *
 * Runs on a worker's thread. Each connection is a polled descriptor and a stream (input/stream.h)
 * that turns the bytes received into lines. Nothing is ever sent.
 *
 * One buffer serves all connections, because the bytes of a read are applied before the next read.
 * A connection that always has more to read yields to the others after some time.
 */

#include "input/connections.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/must.h"
#include "input/age_list.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536

/* The most time, and the most accepted connections, before the loop handles its other events. */
#define TURN_NS (5 * CLOCK_NS_PER_MS)
#define ACCEPTS_PER_TURN 64

/* The most connections that connections_drain() accepts. */
#define ACCEPTS_PER_DRAIN 4096

/* The pause in accepting when the process has no descriptor or memory left. */
#define ACCEPT_PAUSE_MS 100

struct connection {
    struct connections *owner;
    struct age_node node;
    struct places_entry *place;
    struct stream stream;
    uv_poll_t poll;
    int fd;
    struct peer peer;
    bool is_cut; /* by connections_retire() */
};

struct connections {
    struct connections_options options;
    struct age_list all;
    struct connection *current; /* whose bytes were read last, or that is being closed */
    uv_poll_t poll;
    uv_timer_t pause;
    uv_timer_t idle;    /* runs while there are connections that may become idle */
    unsigned n_handles; /* not closed by the loop yet, including those of the connections */
    bool is_retiring;
    char *buffer; /* READ_BYTES */
};

static struct connection *of_node(struct age_node *node)
{
    return CONTAINER_OF(node, struct connection, node);
}

/* --- one connection ------------------------------------------------------------------ */

static void free_when_closed(struct connections *connections)
{
    const struct connections_callbacks callbacks = connections->options.callbacks;

    if (connections->n_handles > 0)
        return;
    free(connections->buffer);
    free(connections);
    if (callbacks.on_gone)
        callbacks.on_gone(callbacks.ctx);
}

static void on_closed(uv_handle_t *handle)
{
    struct connections *connections = handle->data;

    connections->n_handles--;
    free_when_closed(connections);
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct connections *owner = connection->owner;

    free(connection);
    owner->n_handles--;
    free_when_closed(owner);
}

/* It has sent something at @now_ns. */
static void touch(struct connection *connection, int64_t now_ns)
{
    places_touch(connection->place, now_ns);
    age_list_touch(&connection->owner->all, &connection->node);
}

/* A peer that did not end the connection is to learn of its end before it writes again. */
static bool is_sudden(enum connection_end cause)
{
    return cause == CONNECTION_END_EVICTED || cause == CONNECTION_END_IDLE ||
           cause == CONNECTION_END_REMOVED;
}

/* While they retire, the last handle is closed after the last connection. */
static void close_idle_if_empty(struct connections *connections)
{
    if (connections->is_retiring && !connections->all.newest)
        uv_close((uv_handle_t *)&connections->idle, on_closed);
}

/* libuv allows that a descriptor is closed as soon as nothing polls it. */
static void close_connection(struct connection *connection, enum connection_end cause)
{
    struct connections *owner = connection->owner;

    owner->current = connection;
    if (stream_is_inside(&connection->stream))
        owner->options.callbacks.on_refused(owner->options.callbacks.ctx, REFUSED_MALFORMED_LINE,
                                            stream_rest(&connection->stream));
    age_list_remove(&owner->all, &connection->node);
    owner->options.callbacks.on_closed(owner->options.callbacks.ctx, cause);
    uv_close((uv_handle_t *)&connection->poll, on_connection_closed);
    places_give_back(owner->options.places, connection->place);
    if (is_sudden(cause))
        socket_abort(connection->fd);
    else
        close(connection->fd);
    stream_deinit(&connection->stream);
    close_idle_if_empty(owner);
}

static struct stream_sink sink_of(const struct connections *connections)
{
    const struct connections_callbacks *callbacks = &connections->options.callbacks;

    return (struct stream_sink){ callbacks->ctx, callbacks->on_lines, callbacks->on_refused };
}

enum read_outcome {
    READ_ALL,  /* nothing is left to read */
    READ_PART, /* there may be more */
    READ_END,  /* the connection has ended and was closed */
};

/*
 * @len is what recv() has returned. A connection that was evicted or cut ends because of this
 * process, perhaps inside a line, so that what is left of it is not a line.
 */
static void end_connection(struct connection *connection, ssize_t len)
{
    const struct stream_sink sink = sink_of(connection->owner);

    if (places_is_evicted(connection->owner->options.places, connection->place)) {
        close_connection(connection, CONNECTION_END_EVICTED);
    } else if (connection->is_cut) {
        close_connection(connection, CONNECTION_END_REMOVED);
    } else if (len == 0) {
        stream_finish(&connection->stream, &sink);
        close_connection(connection, CONNECTION_END_PEER);
    } else {
        close_connection(connection, CONNECTION_END_ERROR);
    }
}

static enum read_outcome read_once(struct connection *connection)
{
    const struct stream_sink sink = sink_of(connection->owner);
    char *buffer = connection->owner->buffer;
    ssize_t len;

    connection->owner->current = connection;
    do {
        len = recv(connection->fd, buffer, READ_BYTES, MSG_DONTWAIT);
    } while (len < 0 && errno == EINTR);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return READ_ALL;
    if (len <= 0) {
        end_connection(connection, len);
        return READ_END;
    }
    if (!stream_take(&connection->stream, (struct slice){ buffer, (size_t)len }, &sink)) {
        close_connection(connection, CONNECTION_END_NO_MEMORY);
        return READ_END;
    }
    return READ_PART;
}

/* Read until nothing is left, but begin no further read after @end_ns. */
static enum read_outcome read_some(struct connection *connection, int64_t end_ns)
{
    enum read_outcome outcome;

    do {
        outcome = read_once(connection);
    } while (outcome == READ_PART && clock_monotonic_ns() < end_ns);
    return outcome;
}

static void end_turn(struct connections *connections)
{
    connections->options.callbacks.on_turn_end(connections->options.callbacks.ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct connection *connection = poll->data;
    struct connections *owner = connection->owner;
    int64_t now_ns = clock_monotonic_ns();

    touch(connection, now_ns);
    /* On an error libuv has stopped polling; recv() returns the reason. */
    if (read_some(connection, now_ns + TURN_NS) != READ_END && status < 0)
        close_connection(connection, CONNECTION_END_ERROR);
    end_turn(owner);
}

/* --- idle connections -------------------------------------------------------------------- */

static void on_idle(uv_timer_t *timer);

/* Wake up when the connection that has been idle longest may be closed. */
static void await_idle(struct connections *connections, int64_t now_ns)
{
    int64_t left_ns;

    if (connections->options.idle_max_ns == 0 || !connections->all.oldest)
        return;
    left_ns = places_last_ns(of_node(connections->all.oldest)->place) +
              connections->options.idle_max_ns - now_ns;
    uv_timer_start(&connections->idle, on_idle,
                   left_ns > 0 ? (uint64_t)(left_ns / CLOCK_NS_PER_MS) + 1 : 0, 0);
}

/*
 * Close what is idle. What has arrived while this process did not run, as when the machine was
 * asleep, is read first, and keeps its connection open.
 */
static void on_idle(uv_timer_t *timer)
{
    struct connections *connections = timer->data;
    int64_t now_ns = clock_monotonic_ns(), latest_ns = now_ns - connections->options.idle_max_ns;
    struct age_node *oldest;

    while ((oldest = connections->all.oldest) &&
           places_last_ns(of_node(oldest)->place) <= latest_ns &&
           clock_monotonic_ns() < now_ns + TURN_NS) {
        struct connection *connection = of_node(oldest);
        enum read_outcome outcome = read_once(connection);

        if (outcome == READ_ALL)
            close_connection(connection, CONNECTION_END_IDLE);
        else if (outcome == READ_PART)
            touch(connection, now_ns);
    }
    await_idle(connections, now_ns);
    end_turn(connections);
}

const struct peer *connections_peer(const struct connections *connections)
{
    return &connections->current->peer;
}

/* --- accepting --------------------------------------------------------------------------- */

/* Returns NULL when there is no memory. */
static struct connection *new_connection(struct connections *owner, int fd,
                                         struct places_entry *place)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    if (uv_poll_init(owner->poll.loop, &connection->poll, fd) < 0) {
        free(connection);
        return NULL;
    }
    connection->owner = owner;
    connection->fd = fd;
    connection->place = place;
    connection->poll.data = connection;
    stream_init(&connection->stream, &owner->options.stream);
    age_list_add(&owner->all, &connection->node);
    owner->n_handles++;
    return connection;
}

/*
 * Take a place for a connection, which may evict another one, and make it there. Returns NULL when
 * there is no place or no memory for it.
 */
static struct connection *place_connection(struct connections *owner, int fd,
                                           const struct address *from)
{
    const struct connections_callbacks *callbacks = &owner->options.callbacks;
    struct peer peer = peer_of_address(&from->any, from->len);
    const struct places_arrival arrival = {
        .peer = &peer,
        .fd = fd,
        .now_ns = clock_monotonic_ns(),
    };
    struct places_eviction eviction;
    struct connection *connection;
    struct places_entry *place;

    peer_add_process(&peer, fd);
    switch (places_take(owner->options.places, &arrival, &place, &eviction)) {
    case PLACES_FULL:
    case PLACES_NO_MEMORY: return NULL;
    case PLACES_EVICTED: callbacks->on_evicted(callbacks->ctx, &eviction); break;
    case PLACES_FREE: break;
    }
    connection = new_connection(owner, fd, place);
    if (connection)
        connection->peer = peer;
    else
        places_give_back(owner->options.places, place);
    return connection;
}

static void add_connection(struct connections *owner, int fd, const struct address *from)
{
    const struct connections_callbacks *callbacks = &owner->options.callbacks;
    struct connection *connection = place_connection(owner, fd, from);

    if (!connection) {
        callbacks->on_connection_refused(callbacks->ctx);
        close(fd);
        return;
    }
    callbacks->on_opened(callbacks->ctx);
    /* So that a peer that has vanished does not count forever. Unix sockets have no such thing. */
    (void)!socket_keep_alive(fd, &owner->options.keep_alive);
    if (uv_poll_start(&connection->poll, UV_READABLE, on_readable) < 0)
        close_connection(connection, CONNECTION_END_ERROR);
    else if (!uv_is_active((const uv_handle_t *)&owner->idle))
        await_idle(owner, places_last_ns(connection->place));
}

/*
 * Accept up to @n waiting connections, but none after @end_ns. Returns 0, or negative errno if no
 * more can be accepted.
 */
static int accept_some(struct connections *connections, unsigned n, int64_t end_ns)
{
    for (unsigned i = 0; i < n && clock_monotonic_ns() < end_ns; i++) {
        struct address from = { .len = sizeof(from.storage) };
        int fd =
            accept4(connections->options.fd, &from.any, &from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            add_connection(connections, fd, &from);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return -errno;
        /* All other errors concern one connection, which is gone (accept(2)). */
    }
    return 0;
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct connections *connections = timer->data;

    uv_poll_start(&connections->poll, UV_READABLE, on_acceptable);
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct connections *connections = poll->data;

    /* The socket stays readable: without a pause, the loop would do nothing else. */
    if (status < 0 ||
        accept_some(connections, ACCEPTS_PER_TURN, clock_monotonic_ns() + TURN_NS) < 0) {
        uv_poll_stop(poll);
        uv_timer_start(&connections->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
    }
    end_turn(connections);
}

/* --- all of them ---------------------------------------------------------------------------- */

void connections_drain(struct connections *connections, int64_t end_ns)
{
    struct age_node *older;

    if (!connections->is_retiring)
        (void)!accept_some(connections, ACCEPTS_PER_DRAIN, end_ns);
    for (struct age_node *node = connections->all.newest; node && clock_monotonic_ns() < end_ns;
         node = older) {
        older = node->older;
        read_some(of_node(node), end_ns);
    }
    end_turn(connections);
}

void connections_start(struct connections *connections)
{
    uv_poll_start(&connections->poll, UV_READABLE, on_acceptable); /* cannot fail */
}

void connections_replace(struct connections *connections, int fd)
{
    int old = connections->options.fd;

    if (fd >= 0)
        (void)!accept_some(connections, ACCEPTS_PER_DRAIN, INT64_MAX);
    /* The loop must not know the old one any more when the number gets its new meaning. */
    uv_poll_stop(&connections->poll);
    if (fd >= 0) {
        MUST_BE(dup3(fd, old, O_CLOEXEC), ==, old);
        close(fd);
    }
    /* The end of a pause starts to watch, too. This fails only for handles that are closing. */
    if (!uv_is_active((uv_handle_t *)&connections->pause))
        uv_poll_start(&connections->poll, UV_READABLE, on_acceptable);
    end_turn(connections);
}

/* Whether the peer has ended it, so that its last line is complete. */
static bool has_ended(const struct connection *connection)
{
    struct pollfd ended = { connection->fd, POLLRDHUP, 0 };

    return poll(&ended, 1, 0) > 0;
}

/* Both directions, for the reason that input/places.c has. */
static void cut(struct connection *connection)
{
    if (has_ended(connection))
        return;
    connection->is_cut = true;
    (void)!shutdown(connection->fd, SHUT_RDWR);
}

void connections_retire(struct connections *connections)
{
    (void)!accept_some(connections, ACCEPTS_PER_DRAIN, INT64_MAX);
    uv_close((uv_handle_t *)&connections->poll, on_closed);
    uv_close((uv_handle_t *)&connections->pause, on_closed);
    for (struct age_node *node = connections->all.newest; node; node = node->older)
        cut(of_node(node));
    end_turn(connections);
    connections->is_retiring = true;
    close_idle_if_empty(connections);
}

void connections_close(struct connections *connections)
{
    if (!connections)
        return;
    while (connections->all.newest)
        close_connection(of_node(connections->all.newest), CONNECTION_END_SHUTDOWN);
    end_turn(connections);
    if (connections->is_retiring)
        return;
    uv_close((uv_handle_t *)&connections->poll, on_closed);
    uv_close((uv_handle_t *)&connections->pause, on_closed);
    uv_close((uv_handle_t *)&connections->idle, on_closed);
}

int connections_open(struct connections **ret, uv_loop_t *loop,
                     const struct connections_options *options)
{
    struct connections *connections = calloc(1, sizeof(*connections));
    int r = -ENOMEM;

    if (!connections)
        return r;
    connections->options = *options;
    connections->poll.data = connections->pause.data = connections->idle.data = connections;
    connections->buffer = malloc(READ_BYTES);
    if (connections->buffer)
        r = uv_poll_init(loop, &connections->poll, options->fd);
    if (r < 0) {
        free(connections->buffer);
        free(connections);
        return r;
    }
    uv_timer_init(loop, &connections->pause); /* cannot fail */
    uv_timer_init(loop, &connections->idle);
    connections->n_handles = 3;
    *ret = connections;
    return 0;
}
