/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Socket
 *
 * Plain system calls, without an event loop, for code that receives from a socket, that reads
 * its drops, or that only binds it.
 */

#include "base/socket.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int socket_set_read_buffer(int fd, int bytes)
{
    if (bytes == 0)
        return 0;
    /* The first needs CAP_NET_ADMIN; the second is limited to net.core.rmem_max. */
    if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) == 0)
        return 0;
    return set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

static int share_port(int fd)
{
    return set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/*
 * Bind one socket. The first of a group is bound before it is allowed to share the port, so
 * that a port in use by another process is an error, even if that process shares it. Otherwise
 * another udometer on the same port would silently take part of the flows.
 */
static int bind_one(const struct address *address, int read_buffer_bytes, bool is_first)
{
    int fd = address_socket(address, SOCK_DGRAM), r;

    if (fd < 0)
        return fd;
    r = socket_set_read_buffer(fd, read_buffer_bytes);
    if (r == 0 && !is_first)
        r = share_port(fd);
    if (r == 0 && bind(fd, &address->any, address->len) < 0)
        r = -errno;
    if (r == 0 && is_first)
        r = share_port(fd);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

int socket_bind_udp(const struct address *address, int read_buffer_bytes, unsigned n, int *ret_fds)
{
    struct address bound = *address;

    for (unsigned i = 0; i < n; i++) {
        int fd = bind_one(&bound, read_buffer_bytes, i == 0);
        int r = fd < 0 ? fd : 0;

        if (r == 0) {
            ret_fds[i] = fd;
            r = address_of_socket(&bound, fd);
        }
        if (r < 0) {
            close_all(ret_fds, fd < 0 ? i : i + 1);
            return r;
        }
    }
    return 0;
}

int socket_read_buffer(int fd)
{
    int bytes;
    socklen_t len = sizeof(bytes);

    /* The kernel doubles the requested size, for its overhead, and reports the double. */
    return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) < 0 ? -errno : bytes / 2;
}

/*
 * A UDP socket that is connected receives from its peer only, and this one becomes its own peer. To
 * the wildcard address, connect() means the loopback one.
 */
void socket_stop_receiving(int fd)
{
    struct address own;

    if (address_of_socket(&own, fd) < 0)
        return;
    if (own.any.sa_family == AF_UNIX)
        shutdown(fd, SHUT_RD);
    else
        (void)!connect(fd, &own.any, own.len);
}

void socket_describe(int fd, char out[SOCKET_TEXT_MAX])
{
    struct address bound;

    _Static_assert(ADDRESS_TEXT_MAX <= SOCKET_TEXT_MAX, "there is room for all addresses");
    if (address_of_socket(&bound, fd) == 0 && bound.any.sa_family != AF_UNIX)
        address_format(&bound, out);
    else
        unix_path_of_socket(fd, out);
}

uint64_t socket_kernel_drops(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = { 0 };
    socklen_t len = sizeof(info);

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
        return 0;
    return info[SK_MEMINFO_DROPS];
}

int socket_keep_alive(int fd, const struct socket_keep_alive *times)
{
    int r = set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, times->idle_s);

    if (r == 0)
        r = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, times->interval_s);
    if (r == 0)
        r = set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, times->n_probes);
    return r == 0 ? set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) : r;
}

void socket_limit_write_buffer(int fd, int bytes)
{
    (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

void socket_cut(int fd)
{
    const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

    /*
     * shutdown() would send what is left, and an orderly end. This resets (connect(2)). Another
     * thread may be reading; ThreadSanitizer takes connect() for what makes a new socket.
     */
    if (syscall(SYS_connect, fd, &nowhere, sizeof(nowhere)) < 0)
        (void)!shutdown(fd, SHUT_RDWR);
}

void socket_abort(int fd)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    (void)!setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}
