/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench receive: the cost of waking up
 *
 * A child process sends datagrams of 1,400 bytes over loopback at a steady rate.
 * Four receivers that discard them take turns for five rounds. The figure is the
 * CPU time of the receiving thread per datagram (median):
 *
 *      blocking    recvmmsg(MSG_WAITFORONE), woken for each datagram
 *      uv_poll     a libuv loop that polls and calls recvmmsg
 *      coalescing  drain, sleep 1 ms, drain
 *      udp         input/datagrams, as the daemon uses it
 */

#include "base/clock.h"
#include "base/socket.h"
#include "input/datagrams.h"
#include "input/receive.h"
#include "median.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define ROUNDS 5
#define ROUND_NS CLOCK_NS_PER_S
#define DATAGRAM_SIZE 1400
#define BURST 5

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

static double thread_cpu_ns(void)
{
    return (double)clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* --- the sender ------------------------------------------------------------------- */

static void send_burst(int fd, unsigned n)
{
    static char payload[DATAGRAM_SIZE];

    for (unsigned i = 0; i < n; i++)
        (void)!send(fd, payload, sizeof(payload), MSG_DONTWAIT);
}

/* Send at @rate until killed; spin, because sleeping is too coarse. */
static void send_forever(const struct address *to, unsigned rate)
{
    int64_t interval_ns = BURST * CLOCK_NS_PER_S / rate, next_ns = clock_monotonic_ns();
    int fd = socket(to->any.sa_family, SOCK_DGRAM, 0);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fd < 0 || connect(fd, &to->any, to->len) < 0)
        _exit(1);
    for (;;) {
        while (clock_monotonic_ns() < next_ns)
            ;
        send_burst(fd, BURST);
        next_ns += interval_ns;
    }
}

/* --- the receivers: each returns how many datagrams came in one round -------------------- */

static unsigned receive_blocking(int fd)
{
    static char buffers[RECEIVE_BATCH_MAX][2048];
    struct iovec vectors[RECEIVE_BATCH_MAX];
    struct mmsghdr headers[RECEIVE_BATCH_MAX] = { 0 };
    int64_t end_ns = clock_monotonic_ns() + ROUND_NS;
    unsigned n_datagrams = 0;

    for (size_t i = 0; i < RECEIVE_BATCH_MAX; i++) {
        vectors[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
        headers[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
    }
    while (clock_monotonic_ns() < end_ns) {
        int n = recvmmsg(fd, headers, RECEIVE_BATCH_MAX, MSG_WAITFORONE, NULL);

        n_datagrams += n > 0 ? (unsigned)n : 0;
    }
    return n_datagrams;
}

static unsigned receive_coalescing(int fd)
{
    int64_t end_ns = clock_monotonic_ns() + ROUND_NS;
    struct receive_batch *batch;
    unsigned n_datagrams = 0;

    must(receive_batch_new(&batch, false), "batch");
    while (clock_monotonic_ns() < end_ns) {
        int n = receive_batch_fill(batch, fd);

        n_datagrams += n > 0 ? (unsigned)n : 0;
        if (n < RECEIVE_BATCH_MAX)
            usleep(1000);
    }
    receive_batch_free(batch);
    return n_datagrams;
}

struct poller {
    struct receive_batch *batch;
    int fd;
    unsigned n_datagrams;
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct poller *poller = poll->data;
    int n = receive_batch_fill(poller->batch, poller->fd);

    poller->n_datagrams += n > 0 ? (unsigned)n : 0;
}

static void on_end(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static unsigned receive_uv_poll(int fd)
{
    struct poller poller = { .fd = fd };
    uv_timer_t timer;
    uv_poll_t poll;
    uv_loop_t loop;

    must(receive_batch_new(&poller.batch, false), "batch");
    must(uv_loop_init(&loop), "loop");
    must(uv_poll_init(&loop, &poll, fd), "poll");
    must(uv_timer_init(&loop, &timer), "timer");
    poll.data = &poller;
    must(uv_poll_start(&poll, UV_READABLE, on_readable), "poll");
    must(uv_timer_start(&timer, on_end, ROUND_NS / CLOCK_NS_PER_MS, 0), "timer");
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&poll, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    receive_batch_free(poller.batch);
    return poller.n_datagrams;
}

static void ignore_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
}

static void ignore_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
}

static void ignore_drained(void *ctx)
{
}

static void ignore_error(void *ctx, int error)
{
}

static void count_batch(void *ctx, unsigned n_datagrams)
{
    *(unsigned *)ctx += n_datagrams;
}

static void ignore_cut(void *ctx, size_t n_bytes)
{
}

static unsigned receive_udp(int fd)
{
    unsigned n_datagrams = 0;
    const struct datagrams_callbacks callbacks = { &n_datagrams, ignore_wakeup, ignore_datagram,
                                                   ignore_cut,   count_batch,   ignore_drained,
                                                   ignore_error };
    struct datagrams *udp;
    uv_timer_t timer;
    uv_loop_t loop;

    must(uv_loop_init(&loop), "loop");
    must(datagrams_open(&udp, &loop, fd, &callbacks), "udp");
    datagrams_start(udp);
    must(uv_timer_init(&loop, &timer), "timer");
    must(uv_timer_start(&timer, on_end, ROUND_NS / CLOCK_NS_PER_MS, 0), "timer");
    uv_run(&loop, UV_RUN_DEFAULT);
    datagrams_close(udp);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return n_datagrams;
}

/* --- the comparison ------------------------------------------------------------------ */

static const struct {
    const char *name;
    unsigned (*receive)(int fd);
} receivers[] = {
    { "blocking", receive_blocking },
    { "uv_poll", receive_uv_poll },
    { "coalescing", receive_coalescing },
    { "udp", receive_udp },
};

#define N_RECEIVERS (sizeof(receivers) / sizeof(receivers[0]))

static void set_blocking(int fd, bool is_blocking)
{
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, is_blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

static double measure(unsigned receiver, int fd, unsigned *n_datagrams)
{
    double before_ns, cpu_ns;

    set_blocking(fd, receiver == 0);
    before_ns = thread_cpu_ns();
    *n_datagrams = receivers[receiver].receive(fd);
    cpu_ns = thread_cpu_ns() - before_ns;
    return *n_datagrams ? cpu_ns / *n_datagrams : 0;
}

static void bench(unsigned rate)
{
    double ns[N_RECEIVERS][ROUNDS];
    struct address address;
    unsigned n_datagrams;
    pid_t sender;
    int fd;

    must(address_parse(&address, "127.0.0.1:0"), "address");
    must(socket_bind_udp(&address, 8 << 20, 1, &fd), "bind");
    must(address_of_socket(&address, fd), "address");
    sender = fork();
    if (sender == 0)
        send_forever(&address, rate);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned i = 0; i < N_RECEIVERS; i++)
            ns[i][round] = measure(i, fd, &n_datagrams);
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    printf("%7u datagrams/s:", rate);
    for (unsigned i = 0; i < N_RECEIVERS; i++)
        printf("  %s %.2f us (x%.2f)", receivers[i].name, median(ns[i], ROUNDS) / 1e3,
               median(ns[i], ROUNDS) / median(ns[0], ROUNDS));
    printf("; kernel drops %lu\n", socket_kernel_drops(fd));
    close(fd);
}

int main(void)
{
    bench(500);
    bench(5000);
    bench(50000);
    return 0;
}
