/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connection
 *
 * A polled descriptor, and a stream (input/stream.h) that turns the bytes received into lines.
 * Nothing is ever sent.
 *
 * One buffer serves all connections of a group, because the bytes of a read are applied before the
 * next read. While others wait to be read too, each is read once at a time (input/turn.h).
 */

#include "input/connection.h"

#include "base/socket.h"
#include "input/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The most bytes of a read while others wait: they may be a thousand, and each byte may be dear. */
#define SHARE_BYTES 16384

struct connection {
    struct connection_group *group;
    struct age_node node;
    struct turn_entry turn_entry;
    struct places_entry *place;
    struct stream stream;
    uv_poll_t poll;
    int fd;
    struct peer peer;
    bool is_cut;
    bool has_failed; /* the loop does not watch it any more */
};

/* --- the group ------------------------------------------------------------------------ */

static struct connection *of_node(struct age_node *node)
{
    return node ? CONTAINER_OF(node, struct connection, node) : NULL;
}

const struct peer *connection_group_peer(const struct connection_group *group)
{
    return &group->current->peer;
}

struct connection *connection_group_oldest(const struct connection_group *group)
{
    return of_node(group->all.oldest);
}

struct connection *connection_group_newest(const struct connection_group *group)
{
    return of_node(group->all.newest);
}

struct connection *connection_older(const struct connection *connection)
{
    return of_node(connection->node.older);
}

/* --- its end --------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct connection_group *group = connection->group;

    free(connection);
    group->n--;
    group->on_freed(group);
}

/* A peer that did not end the connection is to learn of its end before it writes again. */
static bool is_sudden(enum connection_end cause)
{
    return cause == CONNECTION_END_EVICTED || cause == CONNECTION_END_IDLE ||
           cause == CONNECTION_END_REMOVED;
}

/* libuv allows that a descriptor is closed as soon as nothing polls it. */
void connection_close(struct connection *connection, enum connection_end cause)
{
    struct connection_group *group = connection->group;

    group->current = connection;
    if (stream_is_inside(&connection->stream))
        group->sink.on_refused(group->sink.ctx, REFUSED_MALFORMED_LINE,
                               stream_rest(&connection->stream));
    age_list_remove(&group->all, &connection->node);
    turn_leave(group->turn, &connection->turn_entry);
    group->on_closed(group->sink.ctx, cause);
    uv_close((uv_handle_t *)&connection->poll, on_closed);
    places_give_back(group->places, connection->place);
    if (is_sudden(cause))
        socket_abort(connection->fd);
    else
        close(connection->fd);
    stream_deinit(&connection->stream);
}

/*
 * @len is what recv() has returned. A connection that was evicted or cut ends because of this
 * process, perhaps inside a line, so that what is left of it is not a line.
 */
static void end(struct connection *connection, ssize_t len)
{
    struct connection_group *group = connection->group;

    if (places_is_evicted(group->places, connection->place)) {
        connection_close(connection, CONNECTION_END_EVICTED);
    } else if (connection->is_cut) {
        connection_close(connection, CONNECTION_END_REMOVED);
    } else if (len == 0) {
        stream_finish(&connection->stream, &group->sink);
        connection_close(connection, CONNECTION_END_PEER);
    } else {
        connection_close(connection, CONNECTION_END_ERROR);
    }
}

/* Whether the peer has ended it, so that its last line is complete. */
static bool has_ended(const struct connection *connection)
{
    struct pollfd ended = { connection->fd, POLLRDHUP, 0 };

    return poll(&ended, 1, 0) > 0;
}

/* Both directions, for the reason that base/places.c has. */
void connection_cut(struct connection *connection)
{
    if (has_ended(connection))
        return;
    connection->is_cut = true;
    (void)!shutdown(connection->fd, SHUT_RDWR);
}

/* --- reading --------------------------------------------------------------------------- */

void connection_touch(struct connection *connection, int64_t now_ns)
{
    places_touch(connection->place, now_ns);
    age_list_touch(&connection->group->all, &connection->node);
}

int64_t connection_last_ns(const struct connection *connection)
{
    return places_last_ns(connection->place);
}

enum connection_read connection_read(struct connection *connection)
{
    struct connection_group *group = connection->group;
    size_t n_max = turn_has_others(group->turn) ? SHARE_BYTES : CONNECTION_READ_BYTES;
    ssize_t len;

    group->current = connection;
    do {
        len = recv(connection->fd, group->buffer, n_max, MSG_DONTWAIT);
    } while (len < 0 && errno == EINTR);
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return CONNECTION_READ_ALL;
    if (len <= 0) {
        end(connection, len);
        return CONNECTION_READ_END;
    }
    if (!stream_take(&connection->stream, (struct slice){ group->buffer, (size_t)len },
                     &group->sink)) {
        connection_close(connection, CONNECTION_END_NO_MEMORY);
        return CONNECTION_READ_END;
    }
    return CONNECTION_READ_PART;
}

static bool serve(struct turn_entry *entry, int64_t now_ns)
{
    struct connection *connection = CONTAINER_OF(entry, struct connection, turn_entry);
    enum connection_read outcome;

    connection_touch(connection, now_ns);
    outcome = connection_read(connection);
    /* After an error, recv() returns the reason; if not, nothing would end the connection. */
    if (outcome == CONNECTION_READ_ALL && connection->has_failed)
        connection_close(connection, CONNECTION_END_ERROR);
    return outcome == CONNECTION_READ_PART;
}

void connection_wait(struct connection *connection)
{
    turn_wait(connection->group->turn, &connection->turn_entry);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct connection *connection = poll->data;

    /* On an error libuv has stopped polling. */
    connection->has_failed = status < 0;
    connection_wait(connection);
}

/* --- its beginning --------------------------------------------------------------------- */

struct connection *connection_new(struct connection_group *group,
                                  const struct connection_arrival *arrival)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    if (loop_poll_init(group->loop, &connection->poll, arrival->fd) < 0) {
        free(connection);
        return NULL;
    }
    connection->group = group;
    connection->fd = arrival->fd;
    connection->place = arrival->place;
    connection->peer = *arrival->peer;
    connection->poll.data = connection;
    connection->turn_entry.serve = serve;
    stream_init(&connection->stream, &group->stream);
    age_list_add(&group->all, &connection->node);
    group->n++;
    return connection;
}

void connection_start(struct connection *connection)
{
    if (uv_poll_start(&connection->poll, UV_READABLE, on_readable) < 0)
        connection_close(connection, CONNECTION_END_ERROR);
    else
        connection_wait(connection);
}
