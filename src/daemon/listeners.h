/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Listeners: all sockets that receive samples, opened at startup
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/unix.h"
#include "daemon/intake.h"
#include "daemon/passed.h"

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

/* The most listeners, per protocol and in total. */
#define LISTENERS_PER_PROTOCOL_MAX 16
#define LISTENERS_MAX (_LISTENER_PROTOCOL_N * LISTENERS_PER_PROTOCOL_MAX)

/* The most addresses of all listeners together; a name may have several. */
#define LISTENING_MAX 128

/* Where to receive. */
struct listener_options {
    enum listener_protocol protocol;
    const char *address; /* HOST:PORT (address_parse_all) or the path of a socket file; borrowed */
    struct pipeline_reading reading;
    bool is_default; /* the user did not ask for it */
    int passed_fd;   /* if not 0: a socket that is open already, which is taken */
};

struct listeners_options {
    struct listener_options listeners[LISTENERS_MAX + PASSED_MAX]; /* opened in this order */
    unsigned n_listeners;
    struct pipeline_reading reading;     /* of passed sockets that do not say otherwise */
    uint64_t read_buffer_bytes;          /* to request from the kernel for each UDP socket */
    struct unix_permissions permissions; /* of socket files */
};

/* One socket of one worker. A stream socket that workers share has an entry for each. */
struct listener_socket {
    struct source_socket socket;
    unsigned worker;
    char address[ADDRESS_TEXT_MAX + sizeof("unixgram://") + 128]; /* as bound, with its scheme */
};

/* A socket file, to be removed on closing. */
struct listener_file {
    const char *path;
    struct unix_file file;
    int type;        /* SOCK_DGRAM or SOCK_STREAM */
    int fd;          /* of its socket */
    unsigned worker; /* that receives from it, or the first of those that accept */
    int last_error;  /* why it cannot be made again; 0 if it is there (daemon/socket_files.h) */
};

struct listeners {
    const struct listeners_options *options;
    unsigned n_workers;
    struct listener_socket sockets[LISTENING_MAX * CELLS_MAX];
    unsigned n_sockets; /* those of an address are adjacent, those of the first worker first */
    struct listener_file files[2 * LISTENERS_PER_PROTOCOL_MAX];
    unsigned n_files;
};

/*
 * Open all listeners of @options, which are borrowed until listeners_close(), and take the sockets
 * that were passed. Returns 0, or negative errno after logging it. Call listeners_close() in either
 * case.
 */
MUST_CHECK int listeners_open(struct listeners *listeners, const struct listeners_options *options,
                              unsigned n_workers);

/* Close all sockets and remove their files. */
void listeners_close(struct listeners *listeners);

/*
 * Get the sockets that @worker receives from. Their addresses and counts are borrowed from
 * @listeners. Returns their number.
 */
unsigned listeners_of_worker(struct listeners *listeners, unsigned worker,
                             struct source_socket ret[SOURCES_MAX]);

/* The address of the first UDP listener, to be used in examples; or NULL. */
const char *listeners_udp_address(const struct listeners *listeners);

/* Log that @flag's @address cannot be opened, and what to do. Returns @error. */
int listeners_refuse(const char *flag, const char *address, int error);
