/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Socket: UDP sockets that share a port, and what the kernel says about them
 */

#include "base/address.h"
#include "base/compiler.h"

#include <stdint.h>

/* The receive buffer to ask for where nothing else is said, in MiB. */
#define SOCKET_READ_BUFFER_MIB 8

/*
 * Make @n sockets that are all bound to @address and share its traffic by flow
 * (SO_REUSEPORT). With port 0 the kernel chooses one port for all of them.
 * @read_buffer_bytes is asked for as each one's receive buffer.
 *
 * Returns 0 and hands over the descriptors in @ret_fds, or negative errno. On failure
 * @ret_fds is unspecified. -EADDRINUSE also covers a port that another program already
 * shares.
 */
MUST_CHECK int socket_bind_udp(const struct address *address, int read_buffer_bytes, unsigned n,
                               int *ret_fds);

/*
 * The receive buffer that the kernel really granted @fd, in bytes, in the terms in
 * which socket_bind_udp() asks for it; or negative errno.
 */
int socket_read_buffer(int fd);

/*
 * How many datagrams the kernel dropped because @fd's buffer was full, modulo 2^32,
 * as it counts them. Any thread; 0 on error.
 */
uint64_t socket_kernel_drops(int fd);
