/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections on which nothing arrives: peers that are quiet, and peers that are gone
 */

#include "base/clock.h"
#include "stage.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <time.h>

/* --- a network that can be cut ------------------------------------------------------------ */

/* This thread's network, to come back to. */
static int network_before = -1;

static void switch_loopback(bool on)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = on ? IFF_UP : 0 };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

/* Move to a network of our own, with nothing but a loopback. Only root may; returns success. */
static bool enter_network(void)
{
    network_before = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (network_before < 0 || unshare(CLONE_NEWNET) < 0)
        return false;
    switch_loopback(true);
    return true;
}

static int leave_network(void **state)
{
    int r = 0;

    if (network_before >= 0) {
        r = setns(network_before, CLONE_NEWNET);
        close(network_before);
        network_before = -1;
    }
    return r;
}

/* --- dead peers --------------------------------------------------------------------------- */

static void make_impatient(struct stage *stage)
{
    stage->options.keep_alive = (struct socket_keep_alive){ 1, 1, 2 };
    connections_close(stage->connections);
    open_connections(stage, &stage->connections);
}

static void a_peer_that_answers_no_probe_is_gone(void **state)
{
    struct stage stage;
    int out;

    if (!enter_network())
        skip();
    stage_open(&stage, TCP, 10);
    make_impatient(&stage);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\nb:"));
    run_until(&stage, &stage.n_lines, 1);
    switch_loopback(false);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "a:1|c/?");
    assert_int_equal(places_count(stage.places), 0);
    stage_close(&stage);
    close(out);
}

/* Its machine has restarted: it answers, but knows nothing of the connection. */
static void a_peer_that_has_forgotten_the_connection_is_gone(void **state)
{
    struct stage stage;
    int out, on = 1;

    stage_open(&stage, TCP, 10);
    make_impatient(&stage);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    /* Closing a socket in this state tells the other side nothing (CAP_NET_ADMIN). */
    if (setsockopt(out, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)) < 0) {
        close(out);
        stage_close(&stage);
        skip();
    }
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "");
    stage_close(&stage);
}

/* The connection's socket: the other end of @out. */
static int other_end_of(int out)
{
    struct sockaddr_in ours = { 0 }, theirs;
    socklen_t len = sizeof(ours);

    assert_int_equal(getsockname(out, (struct sockaddr *)&ours, &len), 0);
    for (int fd = 0; fd < 1024; fd++) {
        len = sizeof(theirs);
        if (getpeername(fd, (struct sockaddr *)&theirs, &len) == 0 &&
            theirs.sin_family == AF_INET && theirs.sin_port == ours.sin_port)
            return fd;
    }
    return -1;
}

/* Milliseconds since @fd has last received an acknowledgement, such as the answer to a probe. */
static unsigned silence_of(int fd)
{
    socklen_t len = sizeof(struct tcp_info);
    struct tcp_info info;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    return info.tcpi_last_ack_recv;
}

static void run_until_answered(struct stage *stage, int fd)
{
    unsigned silence = 0, before;

    do {
        before = silence;
        run_for(stage, 10);
        silence = silence_of(fd);
    } while (silence >= before && silence < PATIENCE_MS);
    assert_true(silence < before);
}

static void a_peer_that_is_only_quiet_stays(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    make_impatient(&stage);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    for (unsigned i = 0; i < 3; i++) /* a dead one is probed only twice */
        run_until_answered(&stage, other_end_of(out));
    assert_int_equal(stage.n_closed, 0);
    say(out, SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 1);
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    stage_close(&stage);
}

/* --- idle connections ---------------------------------------------------------------------- */

#define IDLE_MS 200

static void open_with_idle_limit(struct stage *stage, enum transport transport)
{
    stage_open(stage, transport, 10);
    stage->options.idle_max_ns = IDLE_MS * CLOCK_NS_PER_MS;
    connections_close(stage->connections);
    open_connections(stage, &stage->connections);
}

/* It is refused, as is any other line whose end does not arrive. */
static void an_idle_connection_is_closed(void **state)
{
    for (enum transport transport = TCP; transport <= UNIX; transport++) {
        int64_t start_ns = clock_monotonic_ns();
        struct stage stage;
        char byte;
        int out;

        open_with_idle_limit(&stage, transport);
        out = client_of(&stage);
        say(out, SLICE("a:1|c\nb:2|c"));
        run_until(&stage, &stage.n_closed, 1);
        assert_true(clock_monotonic_ns() - start_ns >= IDLE_MS * CLOCK_NS_PER_MS);
        assert_int_equal(stage.n_ends[CONNECTION_END_IDLE], 1);
        must_have_come(&stage, "a:1|c/?");
        /* Its next write fails, where after an orderly end it would be lost. */
        assert_int_equal(send(out, "c", 1, MSG_NOSIGNAL), -1);
        assert_true(errno == ECONNRESET || errno == EPIPE);
        assert_true(recv(out, &byte, 1, 0) <= 0);
        close(out);
        stage_close(&stage);
    }
}

static void whoever_sends_something_stays(void **state)
{
    int64_t sent_ns = 0;
    struct stage stage;
    int out[3];

    open_with_idle_limit(&stage, TCP);
    for (unsigned i = 0; i < 3; i++) {
        out[i] = client_of(&stage);
        run_until(&stage, &stage.n_opened, i + 1);
    }
    for (unsigned i = 0; stage.n_closed == 0; i++) {
        run_for(&stage, 10);
        if (i < 5) {
            sent_ns = clock_monotonic_ns();
            say(out[1], SLICE("\n")); /* not a line, but a sign of life */
        }
    }
    must_be_closed(out[0]); /* the longest idle first */
    run_until(&stage, &stage.n_closed, 3);
    assert_true(clock_monotonic_ns() - sent_ns >= IDLE_MS * CLOCK_NS_PER_MS);
    assert_int_equal(stage.n_ends[CONNECTION_END_IDLE], 3);
    assert_int_equal(stage.n_refused, 0);
    for (unsigned i = 0; i < 3; i++)
        close(out[i]);
    stage_close(&stage);
}

/* Then the process was idle, and not its connections. */
static void what_has_arrived_meanwhile_keeps_them_open(void **state)
{
    const struct timespec pause = { .tv_nsec = 2 * IDLE_MS * CLOCK_NS_PER_MS };
    struct stage stage;
    int out[2];

    open_with_idle_limit(&stage, TCP);
    for (unsigned i = 0; i < 2; i++) {
        out[i] = client_of(&stage);
        run_until(&stage, &stage.n_opened, i + 1);
    }
    say(out[0], SLICE("a:1|c\n"));
    nanosleep(&pause, NULL);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "a:1|c/");
    must_be_closed(out[1]);
    say(out[0], SLICE("a:2|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    run_until(&stage, &stage.n_closed, 2);
    close(out[0]);
    close(out[1]);
    stage_close(&stage);
}

static void it_may_be_closed_before_any_is_idle(void **state)
{
    struct stage stage;
    int out;

    open_with_idle_limit(&stage, UNIX);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    stage_close(&stage);
    assert_int_equal(stage.n_ends[CONNECTION_END_SHUTDOWN], 1);
    close(out);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_teardown(a_peer_that_answers_no_probe_is_gone, leave_network),
        CASE(a_peer_that_has_forgotten_the_connection_is_gone),
        CASE(a_peer_that_is_only_quiet_stays),
        CASE(an_idle_connection_is_closed),
        CASE(whoever_sends_something_stays),
        CASE(what_has_arrived_meanwhile_keeps_them_open),
        CASE(it_may_be_closed_before_any_is_idle),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
