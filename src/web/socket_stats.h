/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Socket stats: what is known of the sockets that receive samples, and of those that did
 *
 * There is a row for each listener and worker. It stays when its sockets are closed, so that sums
 * never become less, and it goes on if the listener comes back. Of the rows without a socket, the
 * latest SOCKET_STATS_CLOSED_MAX are kept. What the others have counted is in one row for each
 * protocol and worker, of a listener like "udp://(removed)".
 */

#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The room for the address of a listener, with its scheme. */
#define SOCKET_STATS_LISTENER_MAX 120

#define SOCKET_STATS_CLOSED_MAX 256

/* The most sockets of one row: sockets of one address that were passed to the process. */
#define SOCKET_STATS_FDS_MAX 64

struct socket_row {
    struct socket_row *next;
    char listener[SOCKET_STATS_LISTENER_MAX]; /* this and the next two never change */
    unsigned worker;                          /* the one that receives from it */
    bool is_stream;                           /* it accepts connections */
    _Atomic uint64_t n_datagrams, n_changes;  /* only that worker adds to them */
    _Atomic unsigned n_uses;

    bool is_shown; /* it has had a socket; this and the rest is under the lock of the stats */
    int fds[SOCKET_STATS_FDS_MAX];
    unsigned n_fds;
    uint64_t n_drops; /* of the sockets that were closed */
    uint64_t order;   /* in which rows have lost a socket */
    bool is_sum;      /* of rows that were removed */
};

struct socket_stats {
    pthread_mutex_t lock;
    struct socket_row *first;
    uint64_t n_closings;
};

/* Begin without rows, in place. */
void socket_stats_init(struct socket_stats *stats);

/* Free all rows. Nothing may use one any more. */
void socket_stats_deinit(struct socket_stats *stats);

/*
 * The row of @listener, which is copied, and @worker. It is made if there is none, and stays at
 * least until socket_row_release(). Returns NULL without memory. Any thread.
 */
MUST_CHECK struct socket_row *socket_stats_take(struct socket_stats *stats, const char *listener,
                                                unsigned worker, bool is_stream);

/* Use the row once more, which whoever calls this uses already. Any thread. */
void socket_row_keep(struct socket_row *row);
void socket_row_release(struct socket_row *row);

/* Add @n, on the thread of the row's worker. */
static inline void socket_row_count(_Atomic uint64_t *count, uint64_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* From now on the row shows the socket @fd too, which must stay open. Any thread. */
void socket_stats_open(struct socket_stats *stats, struct socket_row *row, int fd);

/* Before @fd is closed: note its drops, and no longer ask for them. Any thread. */
void socket_stats_close(struct socket_stats *stats, struct socket_row *row, int fd);

/* A row at one moment. */
struct socket_view {
    const char *listener;
    unsigned worker;
    bool is_stream;
    bool is_open;
    uint64_t n_datagrams, n_changes;
    uint64_t n_drops; /* of datagrams, by the kernel */
    int buffer_bytes; /* of the smallest receive buffer; without meaning if it is not open */
};

/* Call @show for each row that has had a socket. Any thread; not from @show. */
void socket_stats_each(struct socket_stats *stats,
                       void (*show)(void *ctx, const struct socket_view *view), void *ctx);
