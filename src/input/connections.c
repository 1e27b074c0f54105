/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections
 *
 * Runs on a worker's thread. Accepts connections (input/connection.h) from a listening socket, and
 * closes those that have been idle for too long.
 */

#include "input/connections.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/must.h"
#include "input/connection.h"
#include "input/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The most connections that are accepted before others that wait are read. */
#define ACCEPTS_AT_ONCE 16

/* The most connections that are accepted from a listening socket that is about to be closed. */
#define ACCEPTS_AT_THE_END 4096

/* The pause in accepting when the process has no descriptor or memory left. */
#define ACCEPT_PAUSE_MS 100

struct connections {
    struct connections_options options;
    struct connection_group group;
    struct turn_entry accepting;
    uv_poll_t poll;
    uv_timer_t pause;
    uv_timer_t idle;    /* runs while there are connections that may become idle */
    unsigned n_handles; /* not closed by the loop yet */
    bool is_retiring;
};

/* --- closing ----------------------------------------------------------------------------- */

static void free_when_closed(struct connections *connections)
{
    const struct connections_callbacks callbacks = connections->options.callbacks;

    if (connections->n_handles > 0 || connections->group.n > 0)
        return;
    free(connections->group.buffer);
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

/* While they retire, the last handle is closed after the last connection. */
static void close_idle_if_empty(struct connections *connections)
{
    uv_handle_t *idle = (uv_handle_t *)&connections->idle;

    if (connections->is_retiring && connections->group.n == 0 && !uv_is_closing(idle))
        uv_close(idle, on_closed);
}

static void on_connection_freed(struct connection_group *group)
{
    struct connections *connections = CONTAINER_OF(group, struct connections, group);

    close_idle_if_empty(connections);
    free_when_closed(connections);
}

/* --- idle connections -------------------------------------------------------------------- */

static void on_idle(uv_timer_t *timer);

/* Wake up when the connection that has been idle longest may be closed. */
static void await_idle(struct connections *connections, int64_t now_ns)
{
    const struct connection *oldest = connection_group_oldest(&connections->group);
    int64_t left_ns;

    if (connections->options.idle_max_ns == 0 || !oldest)
        return;
    left_ns = connection_last_ns(oldest) + connections->options.idle_max_ns - now_ns;
    /* Never in 0 ms: libuv would run it again in the same pass, before anything else. */
    uv_timer_start(&connections->idle, on_idle,
                   left_ns > 0 ? (uint64_t)(left_ns / CLOCK_NS_PER_MS) + 1 : 1, 0);
}

/*
 * Close what is idle. What has arrived while this process did not run, as when the machine was
 * asleep, is read first, and keeps its connection open.
 */
static void on_idle(uv_timer_t *timer)
{
    struct connections *connections = timer->data;
    int64_t now_ns = clock_monotonic_ns(), latest_ns = now_ns - connections->options.idle_max_ns;
    struct connection *oldest;

    while ((oldest = connection_group_oldest(&connections->group)) &&
           connection_last_ns(oldest) <= latest_ns && clock_monotonic_ns() < now_ns + TURN_NS) {
        enum connection_read outcome = connection_read(oldest);

        if (outcome == CONNECTION_READ_ALL)
            connection_close(oldest, CONNECTION_END_IDLE);
        else if (outcome == CONNECTION_READ_PART)
            connection_touch(oldest, now_ns);
    }
    await_idle(connections, now_ns);
    turn_end(connections->options.turn);
}

const struct peer *connections_peer(const struct connections *connections)
{
    return connection_group_peer(&connections->group);
}

/* --- accepting --------------------------------------------------------------------------- */

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
    connection = connection_new(&owner->group, &(struct connection_arrival){ fd, place, &peer });
    if (!connection)
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
    connection_start(connection);
    if (!uv_is_active((const uv_handle_t *)&owner->idle))
        await_idle(owner, clock_monotonic_ns());
}

/*
 * Accept up to @n waiting connections. Returns 0 if no more wait, 1 if there may be more, or
 * negative errno if no more can be accepted.
 */
static int accept_some(struct connections *connections, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
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
    return 1;
}

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
    struct connections *connections = timer->data;

    uv_poll_start(&connections->poll, UV_READABLE, on_acceptable);
}

/* The socket stays readable: without a pause, the loop would do nothing else. */
static void pause_accepting(struct connections *connections)
{
    uv_poll_stop(&connections->poll);
    uv_timer_start(&connections->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
}

static bool serve_accepting(struct turn_entry *entry, int64_t now_ns)
{
    struct connections *connections = CONTAINER_OF(entry, struct connections, accepting);
    int r = accept_some(connections, ACCEPTS_AT_ONCE);

    if (r < 0)
        pause_accepting(connections);
    return r > 0;
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    struct connections *connections = poll->data;

    if (status < 0)
        pause_accepting(connections);
    else
        turn_wait(connections->options.turn, &connections->accepting);
}

/* --- all of them ---------------------------------------------------------------------------- */

void connections_gather(struct connections *connections)
{
    struct connection *connection;

    if (!connections->is_retiring)
        turn_wait(connections->options.turn, &connections->accepting);
    for (connection = connection_group_newest(&connections->group); connection;
         connection = connection_older(connection))
        connection_wait(connection);
}

void connections_start(struct connections *connections)
{
    uv_poll_start(&connections->poll, UV_READABLE, on_acceptable); /* cannot fail */
}

void connections_replace(struct connections *connections, int fd)
{
    int old = connections->options.fd;

    if (fd >= 0)
        (void)!accept_some(connections, ACCEPTS_AT_THE_END);
    /* The loop must not know the old one any more when the number gets its new meaning. */
    uv_poll_stop(&connections->poll);
    if (fd >= 0) {
        MUST_BE(dup3(fd, old, O_CLOEXEC), ==, old);
        close(fd);
    }
    /* The end of a pause starts to watch, too. This fails only for handles that are closing. */
    if (!uv_is_active((uv_handle_t *)&connections->pause))
        uv_poll_start(&connections->poll, UV_READABLE, on_acceptable);
    turn_end(connections->options.turn);
}

static void stop_accepting(struct connections *connections)
{
    turn_leave(connections->options.turn, &connections->accepting);
    uv_close((uv_handle_t *)&connections->poll, on_closed);
    uv_close((uv_handle_t *)&connections->pause, on_closed);
}

void connections_retire(struct connections *connections)
{
    struct connection *connection;

    (void)!accept_some(connections, ACCEPTS_AT_THE_END);
    stop_accepting(connections);
    for (connection = connection_group_newest(&connections->group); connection;
         connection = connection_older(connection))
        connection_cut(connection);
    turn_end(connections->options.turn);
    connections->is_retiring = true;
    close_idle_if_empty(connections);
}

void connections_close(struct connections *connections)
{
    struct connection *connection;

    if (!connections)
        return;
    while ((connection = connection_group_newest(&connections->group)))
        connection_close(connection, CONNECTION_END_SHUTDOWN);
    turn_end(connections->options.turn);
    if (connections->is_retiring)
        return;
    stop_accepting(connections);
    uv_close((uv_handle_t *)&connections->idle, on_closed);
}

static void init_group(struct connections *connections, uv_loop_t *loop)
{
    const struct connections_options *options = &connections->options;
    const struct connections_callbacks *callbacks = &options->callbacks;

    connections->group = (struct connection_group){
        .loop = loop,
        .turn = options->turn,
        .stream = options->stream,
        .places = options->places,
        .sink = { callbacks->ctx, callbacks->on_lines, callbacks->on_refused },
        .on_closed = callbacks->on_closed,
        .on_freed = on_connection_freed,
    };
}

int connections_open(struct connections **ret, uv_loop_t *loop,
                     const struct connections_options *options)
{
    struct connections *connections = calloc(1, sizeof(*connections));
    int r = -ENOMEM;

    if (!connections)
        return r;
    connections->options = *options;
    init_group(connections, loop);
    connections->accepting.serve = serve_accepting;
    connections->poll.data = connections->pause.data = connections->idle.data = connections;
    connections->group.buffer = malloc(CONNECTION_READ_BYTES);
    if (connections->group.buffer)
        r = loop_poll_init(loop, &connections->poll, options->fd);
    if (r < 0) {
        free(connections->group.buffer);
        free(connections);
        return r;
    }
    uv_timer_init(loop, &connections->pause); /* cannot fail */
    uv_timer_init(loop, &connections->idle);
    connections->n_handles = 3;
    *ret = connections;
    return 0;
}
