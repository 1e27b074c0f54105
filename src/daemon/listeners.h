/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Listeners: all sockets that samples come by, opened at the start
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/unix.h"
#include "daemon/intake.h"

enum listener_protocol {
    LISTENER_UDP,
    LISTENER_TCP,
    LISTENER_UNIXGRAM,
    LISTENER_UNIX,
    _LISTENER_PROTOCOL_N,
};

static inline bool listener_is_stream(enum listener_protocol protocol)
{
    return protocol == LISTENER_TCP || protocol == LISTENER_UNIX;
}

/* Most listeners of one protocol, and in all. */
#define LISTENERS_PER_PROTOCOL_MAX 16
#define LISTENERS_MAX (_LISTENER_PROTOCOL_N * LISTENERS_PER_PROTOCOL_MAX)

/* Where to receive. */
struct listener_options {
    enum listener_protocol protocol;
    const char *address; /* HOST:PORT or the path of a socket file; borrowed */
    bool is_dogstatsd;   /* a gauge's sign is just a sign */
};

struct listeners_options {
    struct listener_options listeners[LISTENERS_MAX]; /* opened in this order */
    unsigned n_listeners;
    uint64_t read_buffer_bytes;          /* to ask the kernel for, for each UDP socket */
    struct unix_permissions permissions; /* of socket files */
};

/* One socket of one worker; streams are accepted by all workers from one socket. */
struct listener_socket {
    struct intake_socket socket;
    unsigned worker;
    char address[ADDRESS_TEXT_MAX + sizeof("unixgram://") + 128]; /* with its scheme, as bound */
};

/* A socket file, to be removed at the end. */
struct listener_file {
    const char *path;
    struct unix_file file;
};

struct listeners {
    const struct listeners_options *options;
    unsigned n_workers;
    struct listener_socket sockets[LISTENERS_MAX * CELLS_MAX];
    unsigned n_sockets;
    struct listener_file files[2 * LISTENERS_PER_PROTOCOL_MAX];
    unsigned n_files;
};

/*
 * Open all that @options, borrowed until listeners_close(), ask for, in the place that
 * @listeners is. Returns 0, or negative errno after a line in the log; then, too, they
 * are to be closed.
 */
MUST_CHECK int listeners_open(struct listeners *listeners, const struct listeners_options *options,
                              unsigned n_workers);

/* Close all sockets and remove their files. */
void listeners_close(struct listeners *listeners);

/* The sockets that @worker receives from. Returns how many. */
unsigned listeners_of_worker(const struct listeners *listeners, unsigned worker,
                             struct intake_socket ret[INTAKE_SOCKETS_MAX]);

/* The first address of UDP, or NULL: for examples. */
const char *listeners_udp_address(const struct listeners *listeners);

/* Say in the log that @flag's @address cannot be had, and what to do. Returns @error. */
int listeners_refuse(const char *flag, const char *address, int error);
