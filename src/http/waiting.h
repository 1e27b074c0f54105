/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Waiting: the connections that are suspended until there may be something new for them
 *
 * While a stream has nothing to send, or a handler has no reply yet, its connection is suspended,
 * and libmicrohttpd does not touch it. A wake resumes all of them, as only their streams and
 * handlers know which can go on.
 */

#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct MHD_Connection;

struct waiting {
    _Atomic unsigned n_wakes;
    _Atomic bool is_stopping;
    pthread_mutex_t lock; /* for what follows, and for suspending and resuming */
    struct waiter *first;
};

/* A connection that may wait. */
struct waiter {
    struct MHD_Connection *connection;
    bool is_waiting;
    struct waiter *next;
};

void waiting_init(struct waiting *waiting);
void waiting_deinit(struct waiting *waiting);

/* The number of wakes so far. */
static inline unsigned waiting_wakes(const struct waiting *waiting)
{
    return atomic_load(&waiting->n_wakes);
}

/* Whether nothing may begin to wait any more. To be read after waiting_wakes(). */
static inline bool waiting_is_stopping(const struct waiting *waiting)
{
    return atomic_load(&waiting->is_stopping);
}

/*
 * Suspend the connection until the next wake. Returns false when there was one since @n_wakes was
 * read: the connection may have missed its cause. In a callback of that connection.
 */
MUST_CHECK bool waiting_begin(struct waiting *waiting, struct waiter *waiter, unsigned n_wakes);

/* Resume all connections. Any thread. */
void waiting_wake(struct waiting *waiting);

/* The same, for good: libmicrohttpd must not stop while a connection is suspended. */
void waiting_stop(struct waiting *waiting);
