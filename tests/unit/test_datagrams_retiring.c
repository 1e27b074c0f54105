/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Datagrams whose socket goes away, while a thread sends as fast as it can: each one is received,
 * or its sender gets an error.
 */

#include "sockets.h"

#include "base/unix.h"
#include "input/datagrams.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uv_loop_t loop;
static unsigned n_received;
static char path[64];

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    n_received++;
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
}

static void on_drained(void *ctx)
{
}

static void on_error(void *ctx, int error)
{
    fail_msg("%s", strerror(-error));
}

static const struct datagrams_callbacks callbacks = {
    .on_wakeup = on_wakeup,
    .on_datagram = on_datagram,
    .on_batch_end = on_batch_end,
    .on_drained = on_drained,
    .on_error = on_error,
};

static int begin(void **state)
{
    n_received = 0;
    return uv_loop_init(&loop);
}

static int end(void **state)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop);
}

static struct datagrams *receive_from(int fd)
{
    struct datagrams *datagrams;

    assert_int_equal(datagrams_open(&datagrams, &loop, fd, &callbacks), 0);
    return datagrams;
}

static void run_until_received(unsigned n)
{
    while (n_received < n)
        uv_run(&loop, UV_RUN_ONCE);
}

static int bind_unix(void)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    struct unix_file file;
    int fd;

    snprintf(path, sizeof(path), "/tmp/test_datagrams_retiring.%d", (int)getpid());
    fd = unix_bind(path, SOCK_DGRAM, &permissions, &file);
    assert_true(fd >= 0);
    return fd;
}

static int bind_to(const char *text)
{
    struct address address;
    int fd;

    assert_int_equal(address_parse(&address, text), 0);
    assert_int_equal(socket_bind_udp(&address, READ_BUFFER, 1, &fd), 0);
    return fd;
}

/* --- before the start and after the end ---------------------------------------------------- */

static void receives_nothing_before_it_is_started(void **state)
{
    int fd = bind_to("127.0.0.1:0"), out = sender_to(fd);
    struct datagrams *datagrams = receive_from(fd);

    assert_int_equal(send(out, "x", 1, 0), 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(n_received, 0);
    datagrams_start(datagrams);
    run_until_received(1);
    datagrams_close(datagrams);
    close(out);
    close(fd);
}

static void must_take_the_rest(int fd, int out)
{
    struct datagrams *datagrams = receive_from(fd);

    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(send(out, "x", 1, 0), 1);
    datagrams_retire(datagrams);
    assert_int_equal(n_received, 8);
    n_received = 0;
    (void)!send(out, "x", 1, 0); /* UDP tells of its end with the next one */
    assert_int_equal(send(out, "x", 1, MSG_NOSIGNAL), -1);
    close(out);
    close(fd);
}

static void must_take_the_rest_of_udp(int fd)
{
    must_take_the_rest(fd, sender_to(fd));
}

static void what_is_in_the_socket_is_received(void **state)
{
    int fd;

    must_take_the_rest_of_udp(bind_to("127.0.0.1:0"));
    must_take_the_rest_of_udp(bind_to("0.0.0.0:0"));
    fd = bind_unix();
    must_take_the_rest(fd, connect_to_file(path, SOCK_DGRAM));
    unlink(path);
}

static void what_is_in_a_socket_of_ipv6_is_received(void **state)
{
    int v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
    bool is_there = bind(v6, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;

    close(v6);
    if (!is_there)
        skip();
    must_take_the_rest_of_udp(bind_to("[::1]:0"));
    must_take_the_rest_of_udp(bind_to("[::]:0"));
}

/* As for two workers: the flows of the first one go to the other until that retires, too. */
static void another_socket_of_the_port_receives_for_it(void **state)
{
    struct datagrams *both[2];
    int fds[2], outs[32];

    bind_loopback(2, fds);
    for (unsigned i = 0; i < 2; i++)
        both[i] = receive_from(fds[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(outs); i++) {
        outs[i] = sender_to(fds[0]);
        assert_int_equal(send(outs[i], "x", 1, 0), 1);
    }
    datagrams_retire(both[0]);
    assert_in_range(n_received, 1, ARRAY_SIZE(outs) - 1); /* both have had some */
    for (unsigned i = 0; i < ARRAY_SIZE(outs); i++)
        assert_int_equal(send(outs[i], "x", 1, 0), 1);
    datagrams_retire(both[1]);
    assert_int_equal(n_received, 2 * ARRAY_SIZE(outs));
    for (unsigned i = 0; i < ARRAY_SIZE(outs); i++)
        close(outs[i]);
    close(fds[0]);
    close(fds[1]);
}

/* --- under load ------------------------------------------------------------------------------ */

struct flood {
    pthread_t thread;
    int out;
    unsigned n_sent;
};

static void *send_until_refused(void *arg)
{
    struct flood *flood = arg;

    while (send(flood->out, "x", 1, MSG_NOSIGNAL) == 1)
        flood->n_sent++;
    return NULL;
}

/* The number of datagrams of which the kernel has told that nothing received them. */
static unsigned count_refused(int out)
{
    struct msghdr header = { 0 };
    unsigned n = 0;

    while (recvmsg(out, &header, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
        n++;
    return n;
}

static void must_lose_nothing(int fd, bool is_udp)
{
    struct datagrams *datagrams = receive_from(fd);
    struct flood flood = { .out = is_udp ? sender_to(fd) : connect_to_file(path, SOCK_DGRAM) };
    int on = 1;

    if (is_udp)
        assert_int_equal(setsockopt(flood.out, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
    datagrams_start(datagrams);
    assert_int_equal(pthread_create(&flood.thread, NULL, send_until_refused, &flood), 0);
    run_until_received(1000);
    datagrams_retire(datagrams);
    pthread_join(flood.thread, NULL);
    assert_true(flood.n_sent >= 1000);
    assert_int_equal(n_received + (is_udp ? count_refused(flood.out) : 0) + socket_kernel_drops(fd),
                     flood.n_sent);
    close(flood.out);
    close(fd);
    n_received = 0;
}

static void a_sender_that_goes_on_loses_nothing_without_an_error(void **state)
{
    for (unsigned i = 0; i < 20; i++) {
        must_lose_nothing(bind_to("127.0.0.1:0"), true);
        must_lose_nothing(bind_unix(), false);
        unlink(path);
    }
}

#define RETIRING_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        RETIRING_CASE(receives_nothing_before_it_is_started),
        RETIRING_CASE(what_is_in_the_socket_is_received),
        RETIRING_CASE(what_is_in_a_socket_of_ipv6_is_received),
        RETIRING_CASE(another_socket_of_the_port_receives_for_it),
        RETIRING_CASE(a_sender_that_goes_on_loses_nothing_without_an_error),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
