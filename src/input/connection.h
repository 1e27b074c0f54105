/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Connection: one stream that is received in a worker's loop
 *
 * Those that were accepted from one listening socket are a group. input/connections.c accepts them.
 */

#include "base/age_list.h"
#include "base/compiler.h"
#include "base/connection_end.h"
#include "base/peer.h"
#include "base/places.h"
#include "input/stream.h"
#include "input/turn.h"

#include <uv.h>

struct connection;

/* What the connections of a listening socket have in common. All on the loop's thread. */
struct connection_group {
    uv_loop_t *loop;
    struct turn *turn; /* of all groups in the loop */
    struct stream_options stream;
    struct places *places;
    struct stream_sink sink;
    void (*on_closed)(void *ctx, enum connection_end cause); /* @ctx is the sink's */
    void (*on_freed)(struct connection_group *group);        /* one of them, by the loop */
    char *buffer;                                            /* CONNECTION_READ_BYTES, for all */
    struct age_list all;        /* those that are open, by the time of their last read */
    unsigned n;                 /* not freed yet */
    struct connection *current; /* whose bytes were read last, or that is being closed */
};

/* A connection that has been accepted. */
struct connection_arrival {
    int fd;                     /* becomes the connection's */
    struct places_entry *place; /* too */
    const struct peer *peer;    /* copied */
};

#define CONNECTION_READ_BYTES 65536

enum connection_read {
    CONNECTION_READ_ALL,  /* nothing is left to read */
    CONNECTION_READ_PART, /* there may be more */
    CONNECTION_READ_END,  /* it has ended and was closed */
};

/* Make one in @group. Returns NULL when there is no memory, and nothing is taken. */
MUST_CHECK struct connection *connection_new(struct connection_group *group,
                                             const struct connection_arrival *arrival);

/* Begin to receive, with what has arrived. It is closed if that fails. */
void connection_start(struct connection *connection);

/* Read once, and pass on what that brings. */
enum connection_read connection_read(struct connection *connection);

/* Let it be read in the next turn, readable or not. */
void connection_wait(struct connection *connection);

/* It has sent something at @now_ns. */
void connection_touch(struct connection *connection, int64_t now_ns);

/* When it last received anything. */
int64_t connection_last_ns(const struct connection *connection);

/*
 * Let it end after what has arrived: nothing more can. If the peer has not ended it before, its
 * last line is not complete, and it will end as CONNECTION_END_REMOVED.
 */
void connection_cut(struct connection *connection);

/*
 * Close it, and refuse a line whose end has not arrived. Its memory is freed after the loop has run
 * its close callback.
 */
void connection_close(struct connection *connection, enum connection_end cause);

/* The one whose bytes are handed over, or a line of which is refused. */
const struct peer *connection_group_peer(const struct connection_group *group);

/* The one that has been idle longest, and the one that was read last; NULL: there is none. */
struct connection *connection_group_oldest(const struct connection_group *group);
struct connection *connection_group_newest(const struct connection_group *group);

/* The one after @connection, from the newest to the oldest; NULL: it is the oldest. */
struct connection *connection_older(const struct connection *connection);
