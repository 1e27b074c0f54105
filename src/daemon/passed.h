/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Passed: sockets that the service manager has opened and passed to this process
 *
 * As systemd does with socket units: from descriptor 3 on, told by LISTEN_PID, LISTEN_FDS and
 * LISTEN_FDNAMES (sd_listen_fds(3)).
 */

#include "base/compiler.h"

#include <stdbool.h>

#define PASSED_MAX 64
#define PASSED_NAME_MAX 64

struct passed_socket {
    int fd;
    int domain;                 /* AF_INET, AF_INET6 or AF_UNIX */
    bool is_stream;             /* it listens; otherwise it receives datagrams */
    char name[PASSED_NAME_MAX]; /* FileDescriptorName=, cut at its limit; "" without one */
};

struct passed {
    struct passed_socket sockets[PASSED_MAX];
    unsigned n;
};

/*
 * Take the sockets that were passed to this process, if any, and remove the variables, so that no
 * child takes them for its own. Call it once, before threads exist.
 *
 * Returns 0; or negative errno after logging what is wrong: they are more than PASSED_MAX, or one
 * is neither a datagram socket nor a stream socket that listens. Then all are closed.
 */
MUST_CHECK int passed_take(struct passed *ret);

/* Whether this socket was given that name. */
bool passed_is(const struct passed_socket *socket, const char *name);

/* Close all of them. */
void passed_close(struct passed *passed);
