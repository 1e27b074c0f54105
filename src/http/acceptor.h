/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Acceptor: accepts connections from several sockets, on a thread of its own
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <sys/socket.h>

struct acceptor;

struct acceptor_options {
    const int *fds; /* listening sockets that do not block; taken, unless the start fails */
    unsigned n_fds; /* at least 1 */
    /* On the thread: a connection, which on_connection takes, and its peer's address. */
    void (*on_connection)(void *ctx, int fd, const struct sockaddr *peer, socklen_t len);
    void *ctx;
    /* On the thread: whether connections should wait in the kernel for some milliseconds. */
    bool (*is_crowded)(void *ctx); /* NULL: never */
    /* On the thread, about twice a second once there was a connection, until it returns false. */
    bool (*on_tick)(void *ctx); /* NULL: nothing */
};

/* Start to accept. Returns 0 or negative errno. */
MUST_CHECK int acceptor_start(struct acceptor **ret, const struct acceptor_options *options);

/* End the thread, and close the sockets. After this, nothing is called. NULL is allowed. */
void acceptor_stop(struct acceptor *acceptor);
