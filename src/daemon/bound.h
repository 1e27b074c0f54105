/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bound: the sockets to which listeners are bound, and their files
 *
 * A listener has
 *
 *      udp        at each of its addresses a socket per worker, all on one port (SO_REUSEPORT)
 *      tcp        at each of its addresses one listening socket, from which all workers accept
 *      unix       one such socket
 *      unixgram   one socket of one worker; several are spread over the workers
 *
 * What belongs to one address is a group. A reload makes another struct bound, which takes over the
 * groups that stay.
 *
 * Unless a function says otherwise, it waits neither for a disk nor for a name server.
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/unix.h"
#include "daemon/listener.h"
#include "daemon/sources.h"

/* The most addresses of all listeners together; a name may have several. */
#define LISTENING_MAX 128

struct bound_options {
    unsigned n_workers;
    uint64_t read_buffer_bytes;          /* to request from the kernel for each UDP socket */
    struct unix_permissions permissions; /* of socket files */
};

/* One socket of one worker. A stream socket that workers share has an entry for each. */
struct listener_socket {
    struct source_socket socket;
    unsigned worker;
    unsigned listener; /* the number of its listener */
    bool is_new;       /* it was opened for this struct bound, not taken from another one */
    char address[ADDRESS_TEXT_MAX + sizeof("unixgram://") + 128]; /* as bound, with its scheme */
};

/* A socket file, to be removed on closing. */
struct listener_file {
    char path[UNIX_PATH_MAX];
    struct unix_file file;
    int type;        /* SOCK_DGRAM or SOCK_STREAM */
    int fd;          /* of its socket */
    unsigned worker; /* that receives from it, or the first of those that accept */
    int last_error;  /* why it cannot be made again; 0 if it is there (daemon/socket_files.h) */
};

/* All zero but for its options: there are none. */
struct bound {
    struct bound_options options;
    struct listener_socket sockets[SOURCES_MAX * CELLS_MAX];
    unsigned n_sockets; /* those of a group are adjacent, those of the first worker first */
    struct listener_file files[2 * LISTENERS_PER_PROTOCOL_MAX];
    unsigned n_files;
};

/*
 * Open the sockets of @listener, whose number is @number: at @addresses if it has a host, otherwise
 * at its path, which may wait for a disk; or take the socket that was passed. Returns 0, or
 * negative errno with none of them open.
 */
MUST_CHECK int bound_open(struct bound *bound, const struct listener_options *listener,
                          unsigned number, const struct address_list *addresses);

/* The number of the sockets from @first on that are one group. */
unsigned bound_count_group(const struct bound *bound, unsigned first);

/*
 * Take over the group at @first of @from, with its file, for listener @number; from now on it reads
 * values as @reading says. It stays in @from too.
 */
void bound_take(struct bound *bound, const struct bound *from, unsigned first, unsigned number,
                const struct pipeline_reading *reading);

/* Whether the socket @fd is among them. */
bool bound_has(const struct bound *bound, int fd);

/* Take out those that @other has too, or those that were taken over. They stay open. */
void bound_remove_shared(struct bound *bound, const struct bound *other);
void bound_remove_taken(struct bound *bound);

/* Close all, and remove their files, which may wait for a disk. */
void bound_close(struct bound *bound);
