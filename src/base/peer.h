/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Peer: the other end of a socket, as far as the kernel tells
 */

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Room for an IPv6 address, and for the address of a Unix socket with its path. */
#define PEER_ADDRESS_MAX 112

/* All zero: unknown. */
struct peer {
    union {
        struct sockaddr any;
        char bytes[PEER_ADDRESS_MAX];
    };
    socklen_t len; /* of the address; 0: it has none */
    bool has_process;
    pid_t pid; /* 0 if the process is not visible here, as in another container */
    uid_t uid;
};

/* The peer with an address of @len bytes, as recvmsg() and accept() return it; 0: it has none. */
struct peer peer_of_address(const struct sockaddr *address, socklen_t len);

/*
 * Add the process at the other end of a connected Unix stream (SO_PEERCRED in unix(7)): the one
 * that has called connect(). Other sockets, and errors, change nothing.
 */
void peer_add_process(struct peer *peer, int fd);

/*
 * A hash of the host, the path or the process, but not of a port, which may change each time. An
 * IPv4 address has the same hash in its IPv6 form, ::ffff:192.0.2.7.
 */
uint64_t peer_hash(const struct peer *peer, uint64_t seed);

/*
 * A hash of its machine: of the IP address, in both forms the same. All that have none, as those of
 * Unix sockets, are on this machine and have one hash.
 */
uint64_t peer_hash_host(const struct peer *peer, uint64_t seed);

/* A hash of its socket: of IP address and port, of the path, or of the process. */
uint64_t peer_hash_socket(const struct peer *peer, uint64_t seed);

/*
 * Append it as people read it: "192.0.2.7:4711", "[::1]:4711", "/run/bot.sock", "@abstract", or
 * "pid 4711, uid 1000". A path may have any bytes but NUL; a NUL in an abstract name becomes '@',
 * too. Nothing if it is unknown.
 */
void peer_write(const struct peer *peer, struct buffer *out);

/* The same without a port, and so without brackets: "192.0.2.7", "::1". */
void peer_write_host(const struct peer *peer, struct buffer *out);
