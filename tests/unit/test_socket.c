/* SPDX-License-Identifier: Apache-2.0 */

#include "descriptors.h"
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

/* --- binding ---------------------------------------------------------------------- */

static void sockets_share_the_port_that_the_kernel_chose(void **state)
{
    struct address addresses[8];
    int fds[8];

    bind_loopback(8, fds);
    for (int i = 0; i < 8; i++) {
        char text[2][ADDRESS_TEXT_MAX];

        assert_int_equal(address_of_socket(&addresses[i], fds[i]), 0);
        address_format(&addresses[0], text[0]);
        address_format(&addresses[i], text[1]);
        assert_string_equal(text[0], text[1]);
        assert_string_not_equal(text[1], "127.0.0.1:0");
        for (int j = 0; j < i; j++)
            assert_int_not_equal(fds[i], fds[j]);
    }
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}

static void a_read_buffer_of_0_is_the_kernels(void **state)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), before = socket_read_buffer(fd);

    assert_true(before > 0);
    assert_int_equal(socket_set_read_buffer(fd, 0), 0);
    assert_int_equal(socket_read_buffer(fd), before);
    assert_int_equal(socket_set_read_buffer(fd, 8192), 0);
    assert_int_not_equal(socket_read_buffer(fd), before);
    close(fd);
}

/* The number of datagrams that wait in @fd. */
static unsigned n_waiting(int fd)
{
    unsigned n = 0;
    char byte;

    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        n++;
    return n;
}

static void sockets_share_the_traffic_by_flow(void **state)
{
    unsigned n_received = 0, n_used = 0;
    int fds[4];

    bind_loopback(4, fds);
    for (int flow = 0; flow < 100; flow++) {
        int out = sender_to(fds[0]);
        unsigned n_sockets = 0;

        for (int i = 0; i < 3; i++)
            assert_int_equal(send(out, "x", 1, 0), 1);
        close(out);
        for (int i = 0; i < 4; i++) {
            unsigned n = n_waiting(fds[i]);

            n_received += n;
            n_sockets += n > 0;
            n_used |= n > 0 ? 1u << i : 0;
        }
        assert_int_equal(n_sockets, 1);
    }
    assert_int_equal(n_received, 300);
    assert_int_equal(n_used, 15);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

/*
 * While a socket is bound to @there, no bind to that port of @host works, with SO_REUSEPORT or
 * without.
 */
static void must_find_it_in_use(const char *there, const char *host, int reuses)
{
    struct address address;
    char text[64];
    int fd, fds[3] = { -1, -1, -1 };
    unsigned n_open;

    assert_int_equal(address_parse(&address, there), 0);
    fd = socket(address.any.sa_family, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuses, sizeof(reuses));
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(address_of_socket(&address, fd), 0);
    snprintf(text, sizeof(text), "%s:%d", host,
             ntohs(((struct sockaddr_in *)&address.storage)->sin_port));
    assert_int_equal(address_parse(&address, text), 0);
    n_open = n_descriptors();
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 3, fds), -EADDRINUSE);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 1, fds), -EADDRINUSE);
    assert_int_equal(n_descriptors(), n_open);
    assert_int_equal(fds[0], -1);
    close(fd);
}

static void refuses_a_port_in_use(void **state)
{
    must_find_it_in_use("127.0.0.1:0", "127.0.0.1", 0);
    must_find_it_in_use("127.0.0.1:0", "", 0);
    must_find_it_in_use(":0", "127.0.0.1", 0);
}

static void refuses_a_port_that_another_shares(void **state)
{
    must_find_it_in_use("127.0.0.1:0", "127.0.0.1", 1);
    must_find_it_in_use(":0", "", 1);
    must_find_it_in_use("127.0.0.1:0", "", 1);
    must_find_it_in_use(":0", "127.0.0.1", 1);
}

static void refuses_its_own_port_a_second_time(void **state)
{
    struct address address;
    int fds[2], more[2];

    bind_loopback(2, fds);
    assert_int_equal(address_of_socket(&address, fds[0]), 0);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 2, more), -EADDRINUSE);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 2, more), 0);
    close(more[0]);
    close(more[1]);
}

static void refuses_an_address_that_is_not_ours(void **state)
{
    struct address address;
    int fd = -1;

    assert_int_equal(address_parse(&address, "192.0.2.1:0"), 0);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 1, &fd), -EADDRNOTAVAIL);
    assert_int_equal(fd, -1);
}

/* --- what the kernel says -------------------------------------------------------------- */

static void tells_the_buffer_that_was_granted(void **state)
{
    struct address address;
    int small, large, none[2];

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(socket_bind_udp(&address, 1 << 14, 1, &small), 0);
    assert_int_equal(socket_bind_udp(&address, 1 << 16, 1, &large), 0);
    assert_true(socket_read_buffer(small) >= 1 << 14);
    assert_true(socket_read_buffer(large) >= 1 << 16);
    assert_true(socket_read_buffer(large) > socket_read_buffer(small));
    assert_int_equal(socket_read_buffer(-1), -EBADF);
    assert_int_equal(pipe(none), 0);
    assert_int_equal(socket_read_buffer(none[0]), -ENOTSOCK);
    close(none[0]);
    close(none[1]);
    close(small);
    close(large);
}

static void counts_what_the_kernel_dropped(void **state)
{
    struct address address;
    unsigned n_sent = 2000, n_received;
    int fd, out;

    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(socket_bind_udp(&address, 1, 1, &fd), 0);
    assert_int_equal(socket_kernel_drops(fd), 0);
    out = sender_to(fd);
    for (unsigned i = 0; i < n_sent; i++)
        assert_int_equal(send(out, "0123456789", 10, 0), 10);
    n_received = n_waiting(fd);
    assert_in_range(n_received, 1, n_sent - 1);
    assert_int_equal(socket_kernel_drops(fd), n_sent - n_received);
    close(fd);
    close(out);
}

static void must_be_described(int fd, const char *expected)
{
    char text[SOCKET_TEXT_MAX];

    memset(text, 'x', sizeof(text));
    socket_describe(fd, text);
    assert_string_equal(text, expected);
}

static void describes_where_a_socket_is_bound(void **state)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    char path[108] = "/tmp/test_socket.", text[SOCKET_TEXT_MAX];
    struct unix_file file;
    struct address bound;
    int fd;

    bind_loopback(1, &fd);
    assert_int_equal(address_of_socket(&bound, fd), 0);
    address_format(&bound, text);
    must_be_described(fd, text);
    close(fd);

    memset(path + strlen(path), 'p', 107 - strlen(path));
    for (unsigned i = 0; i < 2; i++) {
        fd = unix_bind(path, i ? SOCK_STREAM : SOCK_DGRAM, &permissions, &file);
        assert_true(fd >= 0);
        socket_describe(fd, text);
        /* A file is not yet at its path when it is bound. */
        assert_int_equal(strlen(text), 107);
        assert_memory_equal(text, i ? path : "/tmp/.test_socket.ppp", 20);
        if (i)
            assert_string_equal(text, path);
        unix_remove(path, &file);
        close(fd);
        path[0] = '@'; /* now an abstract name */
    }
}

static void without_an_address_there_is_nothing_to_describe(void **state)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    must_be_described(fd, "?");
    close(fd);
    must_be_described(-1, "?");
}

static void counts_no_drops_where_it_cannot(void **state)
{
    int pipes[2];

    assert_int_equal(socket_kernel_drops(-1), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(socket_kernel_drops(pipes[0]), 0);
    close(pipes[0]);
    close(pipes[1]);
}

/* --- keep-alive --------------------------------------------------------------------------- */

static int option_of(int fd, int level, int option)
{
    socklen_t len = sizeof(int);
    int value;

    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

static void keep_alive_has_its_times(void **state)
{
    const struct socket_keep_alive times = { .idle_s = 7, .interval_s = 3, .n_probes = 4 };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    if (fd < 0) /* the host has no IPv6 */
        fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    assert_int_equal(socket_keep_alive(fd, &times), 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 3);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
    close(fd);
}

static void keep_alive_is_for_tcp(void **state)
{
    const struct socket_keep_alive times = { 1, 1, 1 };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(socket_keep_alive(fd, &times) < 0);
    assert_int_equal(socket_keep_alive(-1, &times), -EBADF);
    close(fd);
}

/* --- the end ------------------------------------------------------------------------------ */

static void nothing_arrives_once_a_socket_has_stopped_receiving(void **state)
{
    char byte;
    int fd, out;

    bind_loopback(1, &fd);
    out = sender_to(fd);
    assert_int_equal(send(out, "a", 1, 0), 1);
    socket_stop_receiving(fd);
    assert_int_equal(send(out, "b", 1, 0), 1);
    assert_int_equal(send(out, "c", 1, 0), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
    assert_int_equal(byte, 'a');
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    socket_stop_receiving(-1); /* does nothing */
    close(out);
    close(fd);
}

static void the_peer_of_an_aborted_socket_is_reset(void **state)
{
    struct timeval patience = { 5, 0 };
    int listening = listen_loopback(), out, in;
    struct address address;
    char byte;

    assert_int_equal(address_of_socket(&address, listening), 0);
    out = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    in = accept(listening, NULL, NULL);
    socket_abort(in);
    assert_int_equal(setsockopt(out, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(recv(out, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(fcntl(in, F_GETFD), -1);
    close(out);
    close(listening);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(sockets_share_the_port_that_the_kernel_chose),
        CASE(a_read_buffer_of_0_is_the_kernels),
        CASE(sockets_share_the_traffic_by_flow),
        CASE(refuses_a_port_in_use),
        CASE(refuses_a_port_that_another_shares),
        CASE(refuses_its_own_port_a_second_time),
        CASE(refuses_an_address_that_is_not_ours),
        CASE(tells_the_buffer_that_was_granted),
        CASE(counts_what_the_kernel_dropped),
        CASE(describes_where_a_socket_is_bound),
        CASE(without_an_address_there_is_nothing_to_describe),
        CASE(counts_no_drops_where_it_cannot),
        CASE(keep_alive_has_its_times),
        CASE(keep_alive_is_for_tcp),
        CASE(nothing_arrives_once_a_socket_has_stopped_receiving),
        CASE(the_peer_of_an_aborted_socket_is_reset),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
