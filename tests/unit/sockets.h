/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sockets on loopback: a TCP listener, UDP sockets, and senders to them
 */

#include "unit.h"

#include "base/socket.h"
#include "base/unix.h"

#include <sys/socket.h>

#define READ_BUFFER (1 << 20)

/* A socket of @type that is connected to the socket file at @path. */
static inline int connect_to_file(const char *path, int type)
{
    struct address address;
    int out = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_int_equal(unix_address(&address, path), 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    return out;
}

/* A socket that sends to the address of @fd, which is not that of a socket file. */
static inline int sender_to(int fd)
{
    struct address address;
    int out;

    assert_int_equal(address_of_socket(&address, fd), 0);
    out = socket(address.any.sa_family, SOCK_DGRAM, 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    return out;
}

/* A TCP socket that listens on a free port. */
static inline int listen_loopback(void)
{
    struct address address;
    int fd;

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    fd = address_listen(&address);
    assert_true(fd >= 0);
    return fd;
}

static inline void bind_loopback(unsigned n, int *ret_fds)
{
    struct address address;

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, n, ret_fds), 0);
}
