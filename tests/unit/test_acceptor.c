/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Acceptor, with real sockets on 127.0.0.1
 */

#include "descriptors.h"
#include "sockets.h"

#include "http/acceptor.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define N_SOCKETS 3
#define DEADLINE_MS 10000

static int listening[N_SOCKETS];
static struct acceptor *acceptor;
static int told[2]; /* a pipe with the descriptors of accepted connections */

static void on_connection(void *ctx, int fd, const struct sockaddr *peer, socklen_t len)
{
    assert_ptr_equal(ctx, told);
    assert_int_equal(peer->sa_family, AF_INET);
    assert_true(len >= sizeof(sa_family_t));
    assert_int_equal(write(told[1], &fd, sizeof(fd)), sizeof(fd));
}

static int begin(void **state)
{
    for (unsigned i = 0; i < N_SOCKETS; i++)
        listening[i] = listen_loopback();
    return pipe2(told, O_CLOEXEC);
}

static int end(void **state)
{
    acceptor_stop(TAKE(acceptor));
    close(told[0]);
    close(told[1]);
    return 0;
}

static int start(void)
{
    return acceptor_start(&acceptor, &(struct acceptor_options){ .fds = listening,
                                                                 .n_fds = N_SOCKETS,
                                                                 .on_connection = on_connection,
                                                                 .ctx = told });
}

static int connect_to(int fd)
{
    struct address address;
    int out;

    assert_int_equal(address_of_socket(&address, fd), 0);
    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    return out;
}

/* The next accepted connection. */
static int accepted(void)
{
    struct pollfd polled = { .fd = told[0], .events = POLLIN };
    int fd;

    assert_int_equal(poll(&polled, 1, DEADLINE_MS), 1);
    assert_int_equal(read(told[0], &fd, sizeof(fd)), sizeof(fd));
    return fd;
}

static void accepts_from_all_sockets(void **state)
{
    assert_int_equal(start(), 0);
    for (unsigned i = 0; i < 5 * N_SOCKETS; i++) {
        int out = connect_to(listening[i % N_SOCKETS]), in = accepted();

        assert_true(fcntl(in, F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(in, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(send(in, "x", 1, 0), 1);
        assert_int_equal(recv(out, &(char){ 0 }, 1, 0), 1);
        close(in);
        close(out);
    }
}

static void accepts_what_waited_before_the_start(void **state)
{
    int out[100];

    for (unsigned i = 0; i < 100; i++)
        out[i] = connect_to(listening[1]);
    assert_int_equal(start(), 0);
    for (unsigned i = 0; i < 100; i++) {
        close(accepted());
        close(out[i]);
    }
}

static _Atomic int n_crowded; /* calls until it is not crowded any more */

static bool is_crowded(void *ctx)
{
    return atomic_fetch_sub(&n_crowded, 1) > 0;
}

static void assert_accepted_when_crowded(int n_calls, int n_left_min, int n_left_max)
{
    const struct acceptor_options options = { .fds = listening,
                                              .n_fds = N_SOCKETS,
                                              .on_connection = on_connection,
                                              .ctx = told,
                                              .is_crowded = is_crowded };
    int out;

    atomic_store(&n_crowded, n_calls);
    assert_int_equal(acceptor_start(&acceptor, &options), 0);
    out = connect_to(listening[1]);
    close(accepted());
    assert_in_range(atomic_load(&n_crowded) + n_calls, n_left_min, n_left_max);
    close(out);
}

static void while_it_is_crowded_connections_wait(void **state)
{
    assert_accepted_when_crowded(20, 0, 20);
}

static void if_it_stays_crowded_they_do_not_wait_for_ever(void **state)
{
    assert_accepted_when_crowded(1000, 1001, 1999);
}

static void stopping_closes_the_sockets_and_ends_at_once(void **state)
{
    unsigned n_before = n_descriptors();

    assert_int_equal(start(), 0);
    acceptor_stop(TAKE(acceptor));
    assert_int_equal(n_descriptors(), n_before - N_SOCKETS);
    for (unsigned i = 0; i < N_SOCKETS; i++)
        assert_int_equal(fcntl(listening[i], F_GETFD), -1);
}

/* It must not spin, and must go on as soon as a descriptor is free. */
static void without_descriptors_it_waits_for_some(void **state)
{
    struct rlimit limit, tight;
    struct pollfd polled = { .fd = told[0], .events = POLLIN };
    int out;

    assert_int_equal(start(), 0);
    out = connect_to(listening[0]);
    close(accepted());
    close(out);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    tight = (struct rlimit){ .rlim_cur = 3, .rlim_max = limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    {
        struct address address;

        assert_int_equal(address_of_socket(&address, listening[2]), 0);
        assert_int_equal(connect(out, &address.any, address.len), 0);
    }
    assert_int_equal(poll(&polled, 1, 50), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    close(accepted());
    close(out);
}

static void a_start_that_fails_leaves_the_sockets(void **state)
{
    struct acceptor *mark = (struct acceptor *)(uintptr_t)1, *other = mark;
    const struct acceptor_options options = {
        .fds = listening, .n_fds = N_SOCKETS, .on_connection = on_connection, .ctx = told
    };
    struct rlimit limit, none = { 0 };
    int r;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* there is no eventfd */
    r = acceptor_start(&other, &options);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(r, -EMFILE);
    assert_ptr_equal(other, mark);
    for (unsigned i = 0; i < N_SOCKETS; i++)
        assert_int_equal(close(listening[i]), 0);
}

static void stop_accepts_null(void **state)
{
    acceptor_stop(NULL);
}

#define ACCEPTOR_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ACCEPTOR_CASE(accepts_from_all_sockets),
        ACCEPTOR_CASE(accepts_what_waited_before_the_start),
        ACCEPTOR_CASE(while_it_is_crowded_connections_wait),
        ACCEPTOR_CASE(if_it_stays_crowded_they_do_not_wait_for_ever),
        ACCEPTOR_CASE(stopping_closes_the_sockets_and_ends_at_once),
        ACCEPTOR_CASE(without_descriptors_it_waits_for_some),
        ACCEPTOR_CASE(a_start_that_fails_leaves_the_sockets),
        CASE(stop_accepts_null),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
