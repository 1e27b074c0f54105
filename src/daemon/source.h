/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Source: a socket that a worker receives from, and its reader
 *
 * All of it on the thread of the worker's loop, or before that thread starts.
 */

#include "base/compiler.h"
#include "base/peer.h"
#include "base/places.h"
#include "daemon/notices.h"
#include "ingest/lane.h"
#include "input/turn.h"
#include "web/socket_stats.h"

#include <uv.h>

/* A bound socket; the caller keeps the descriptor. */
struct source_socket {
    int fd;
    bool is_stream; /* it accepts connections; otherwise it receives datagrams */
    bool may_have_frames;
    struct pipeline_reading reading;
    bool needs_arrivals; /* each datagram's own time, to be ordered with those of other workers */
    struct socket_row *row; /* to count in, by this worker only; it names the listener */
};

/* What all sources of a worker share. */
struct source_options {
    uv_loop_t *loop;
    struct lane *lane;
    struct notices *notices;
    struct places *places; /* for the connections of all workers together */
    uint64_t seed;         /* of the hashes of senders */
    size_t line_max;       /* of streams, in bytes */
    int64_t idle_max_ns;   /* of connections; 0: they may be idle for ever */
};

struct source_shared {
    struct source_options options;
    struct turn turn;            /* of all streams */
    struct source *current;      /* whose lines are being pushed; NULL: of none */
    struct arrivals no_arrivals; /* of none */
    struct slice lines;          /* of a stream, while they are pushed */
    struct slice known; /* a datagram, or such lines; until they are applied, their sender */
    uint64_t sender;
    int64_t woken_ns;   /* when the worker woke up to receive datagrams */
    uint64_t n_changes; /* of gauges, when last compared */
    bool has_totals;    /* of some names, as the config says, at any listener */
    bool has_huge_pages;
};

enum source_state {
    SOURCE_READY,     /* made, but it does not receive yet */
    SOURCE_RECEIVING, /* as usual */
    SOURCE_RETIRING,  /* its connections are read to their ends; its descriptor is not used */
};

struct source {
    struct source *next, **link; /* in a list, from which it removes itself at its end */
    struct source_shared *shared;
    enum source_state state;
    struct source_socket socket;
    struct datagrams *datagrams; /* its reader is this or the next */
    struct connections *connections;
    struct arrivals arrivals;
};

/*
 * Make a source that is ready to receive from @socket, as the first in @list. @shared is borrowed.
 * Returns 0 or negative errno.
 */
MUST_CHECK int source_new(struct source **list, struct source_shared *shared,
                          const struct source_socket *socket);

/* Begin to receive. */
void source_start(struct source *source);

/* From now on read values as @reading says. */
void source_set_reading(struct source *source, const struct pipeline_reading *reading);

/* After a change of shared->has_totals: let the kernel tell senders where there may be totals. */
void source_name_senders(struct source *source);

/*
 * Apply what has arrived, and free it: of datagrams now, of connections within some turns of the
 * loop. Nothing more can arrive, and its descriptor is no longer used.
 */
void source_retire(struct source *source);

/* Be ready to receive, without its sources yet. */
void source_shared_open(struct source_shared *shared, const struct source_options *options);

/* The last source is closed. */
void source_shared_close(struct source_shared *shared);

/* Let streams be served in the next turns, so that all that has arrived is read. */
void source_gather(struct source *source);

/* Receive the datagrams of one turn, if it is of datagrams. Returns whether there may be more. */
bool source_drain(struct source *source);

/* Do what intake_replace() does. */
void source_replace(struct source *source, int new_fd);

/* Close and free it; if it has connections, when the loop has closed them. */
void source_close(struct source *source);

/*
 * While lines are pushed: where @text comes from. The peer may be unknown. The sender is its hash:
 * the listener says what a sender is. The listener's name is borrowed from its row.
 */
struct peer source_current_peer(const struct source_shared *shared, struct slice text);
uint64_t source_current_sender(struct source_shared *shared, struct slice text);
const char *source_current_listener(const struct source_shared *shared);
