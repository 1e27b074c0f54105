/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Connections: streams that are received in a worker's loop
 *
 * Several workers may accept from one listening socket. The first to accept a connection keeps it
 * until it is closed.
 */

#include "base/compiler.h"
#include "base/connection_end.h"
#include "base/peer.h"
#include "base/places.h"
#include "base/slice.h"
#include "base/socket.h"
#include "base/verdict.h"
#include "input/stream.h"
#include "input/turn.h"

#include <uv.h>

/* Everything runs on the loop's thread. Lines are borrowed until on_lines returns. */
struct connections_callbacks {
    void *ctx;
    void (*on_lines)(void *ctx, struct slice lines);
    /* A line, whole or not: @text is its beginning, as far as it is known. */
    void (*on_refused)(void *ctx, enum verdict reason, struct slice text);
    void (*on_opened)(void *ctx);
    void (*on_closed)(void *ctx, enum connection_end cause);
    /* Another one has to leave for the one that is opened; its worker will close it. */
    void (*on_evicted)(void *ctx, const struct places_eviction *eviction);
    void (*on_connection_refused)(void *ctx); /* no place was to be had, or no memory */
    void (*on_gone)(void *ctx); /* the last call: all is closed and freed; NULL: not needed */
};

struct connections_options {
    int fd;            /* listening; stays the caller's and must outlive the connections */
    struct turn *turn; /* of all listeners of the worker together; borrowed */
    struct stream_options stream;
    struct places *places;               /* of all listeners and workers together; borrowed */
    struct socket_keep_alive keep_alive; /* of TCP connections; a dead peer closes its own */
    int64_t idle_max_ns; /* close a connection that has sent nothing for this long; 0: never */
    struct connections_callbacks callbacks;
};

struct connections;

/* Be ready to accept from options->fd in @loop. Returns 0 or negative errno. */
MUST_CHECK int connections_open(struct connections **ret, uv_loop_t *loop,
                                const struct connections_options *options);

/* Begin to accept, and to receive. Once, and not after connections_close(). */
void connections_start(struct connections *connections);

/* The peer of the lines that are handed over, or of the one that is refused: for callbacks. */
const struct peer *connections_peer(const struct connections *connections);

/*
 * Let all connections, and those that wait to be accepted, be served in the next turns, so that all
 * that has arrived is read.
 */
void connections_gather(struct connections *connections);

/*
 * Accept from the listening Unix socket @fd in place of options->fd, whose number it gets. It is
 * taken. What waits at the present one is accepted first, and connections stay. -1: another that
 * shares options->fd has done so; watch it anew. Not from a callback.
 */
void connections_replace(struct connections *connections, int fd);

/*
 * Accept what waits, and no more from now on; options->fd may be closed. Nothing more can arrive on
 * the connections. Each is closed once what has arrived is read, which may take some turns of the
 * loop. Then on_gone() is called. connections_gather() and connections_close() may be called
 * meanwhile. Not from a callback.
 */
void connections_retire(struct connections *connections);

/*
 * Close all of them. The memory is freed after the loop has run its close callbacks. A line whose
 * end has not arrived is refused. NULL is fine.
 */
void connections_close(struct connections *connections);
