/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Socket: UDP sockets that share a port, their state in the kernel, and how TCP connections end
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/unix.h"

#include <stdint.h>

/* The default receive buffer. */
#define SOCKET_READ_BUFFER_BYTES (8 << 20)

/*
 * Create @n UDP sockets that are bound to @address and share its traffic by flow
 * (SO_REUSEPORT). With port 0 the kernel chooses one port for all of them. Each socket
 * requests a receive buffer of @read_buffer_bytes.
 *
 * Returns 0 and the descriptors in @ret_fds, which the caller then owns, or negative errno.
 * On failure @ret_fds is unspecified. -EADDRINUSE also covers a port that another program
 * already shares.
 */
MUST_CHECK int socket_bind_udp(const struct address *address, int read_buffer_bytes, unsigned n,
                               int *ret_fds);

/*
 * Request a receive buffer for @fd; 0: leave it as it is. The kernel may grant a smaller one.
 * Returns 0 or negative errno.
 */
MUST_CHECK int socket_set_read_buffer(int fd, int bytes);

/*
 * The receive buffer that the kernel granted @fd, in bytes as socket_bind_udp() requests
 * them; or negative errno.
 */
int socket_read_buffer(int fd);

/*
 * Let nothing more arrive at @fd, a bound socket of datagrams. What has arrived can still be read.
 * Whoever sends to it gets an error, as if it was closed, so that no datagram is lost without one.
 * Best effort: without effect where the kernel refuses.
 */
void socket_stop_receiving(int fd);

/* The most bytes that socket_describe() writes, with its NUL. */
#define SOCKET_TEXT_MAX UNIX_PATH_MAX

/*
 * Write the address to which @fd is bound: HOST:PORT, or the path or abstract name of a Unix
 * socket; "?" if it has none.
 */
void socket_describe(int fd, char out[SOCKET_TEXT_MAX]);

/*
 * The number of datagrams that the kernel dropped because @fd's buffer was full. The kernel
 * counts them modulo 2^32. Any thread; 0 on error.
 */
uint64_t socket_kernel_drops(int fd);

/* When the kernel probes a TCP connection whose peer is silent, to see if it is still there. */
struct socket_keep_alive {
    int idle_s;     /* of silence, before the first probe */
    int interval_s; /* between two probes */
    int n_probes;   /* after which, unanswered, the connection ends with ETIMEDOUT */
};

/*
 * Let the kernel probe the peer of @fd, a TCP socket (tcp(7), TCP_KEEPIDLE). Its own times would
 * be two hours for the first probe and eleven minutes for the rest. Returns 0 or negative errno.
 */
MUST_CHECK int socket_keep_alive(int fd, const struct socket_keep_alive *times);

/*
 * Let the kernel hold at most about @bytes that the peer of @fd has not taken, where it would grow
 * to megabytes (tcp(7), tcp_wmem). It may grant less. Best effort.
 */
void socket_limit_write_buffer(int fd, int bytes);

/*
 * End a connection that another thread will close: that thread sees the end. A TCP peer gets a
 * reset, and the kernel frees what the peer has not taken.
 */
void socket_cut(int fd);

/*
 * Close a stream socket. A TCP peer gets a reset: its next write fails, where after an orderly end
 * it would succeed and be lost, and a write that waits for room fails at once.
 */
void socket_abort(int fd);
