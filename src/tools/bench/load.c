/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Load
 *
 * One thread. All datagrams were made before, so sending only means pointing at the next ones
 * and calling sendmmsg(), once per burst.
 *
 * A datagram counts as sent only if the kernel says so. sendmmsg() returns the number that it
 * took. It says why it took no more only if it took none at all:
 *
 *      EAGAIN      there is no room: wait for it, then offer the same datagram again
 *      any other   the first datagram cannot be sent; continue with the next
 *
 * But the error may be about an earlier datagram: an ICMP answer that nothing listens makes
 * the next call fail, or silently cuts it short. So sockets ask for these answers
 * (IP_RECVERR), which then wait in a queue of their own. If the queue has any after an error,
 * the error was such an answer, and the same datagram is offered again. The option also makes
 * the kernel report what it drops on the way out (ENOBUFS).
 *
 * Pace: burst i is due i gaps after the start, whether or not earlier bursts were on time.
 * Late bursts are sent at once, so that the rate is right on average. The thread sleeps until
 * shortly before a burst is due, then spins: sleeping is too coarse for gaps of 100 us, and at
 * 500 datagrams a second the spinning takes 1 % of a processor.
 */

#include "tools/bench/load.h"

#include "base/clock.h"
#include "base/target.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A sleep ends this long before a burst is due: longer than a wake-up usually takes. */
#define SPIN_NS (100 * INT64_C(1000))

/* While waiting for room, check the clock and signals this often. */
#define WAIT_MS 10

struct load {
    const struct workload *workload;
    const struct load_options *options;
    struct workload_sent *sent;
    struct load_result *result;
    uint64_t n_pool;    /* datagrams of the workload */
    uint64_t n_offered; /* datagrams offered to the kernel, taken or not */
    uint64_t n_bursts;
    int64_t start_ns, end_ns;
    bool is_unix;              /* the target, so there are no answers */
    unsigned n_flows;          /* open flows */
    int flows[LOAD_FLOWS_MAX]; /* sockets */
    struct mmsghdr headers[LOAD_BURST_MAX];
    struct iovec vectors[LOAD_BURST_MAX];
};

/* --- sockets -------------------------------------------------------------------------- */

static int open_flow(const struct address *to)
{
    int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, r = 0;

    if (fd < 0)
        return -errno;
    if (to->any.sa_family == AF_INET)
        r = setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    else if (to->any.sa_family == AF_INET6)
        r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    if (r == 0)
        r = connect(fd, &to->any, to->len);
    if (r < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static int open_flows(struct load *load)
{
    struct address to;
    int r = target_parse(&to, load->options->target);

    load->is_unix = r == 0 && to.any.sa_family == AF_UNIX;
    while (r == 0 && load->n_flows < load->options->n_flows) {
        int fd = open_flow(&to);

        if (fd < 0)
            return fd;
        load->flows[load->n_flows++] = fd;
    }
    return r;
}

static void close_flows(struct load *load)
{
    for (unsigned i = 0; i < load->n_flows; i++)
        close(load->flows[i]);
}

/* --- sending -------------------------------------------------------------------------- */

static bool is_over(const struct load *load)
{
    return load->n_offered >= load->options->n_datagrams || *load->options->is_interrupted ||
           clock_monotonic_ns() >= load->end_ns;
}

static void note_sent(struct load *load, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct workload_sent *sent = &load->sent[load->n_offered++ % load->n_pool];

        sent->n_times++;
        sent->last_turn = load->n_offered;
    }
}

/* Whether @control is an answer from the network, not an error of this machine. */
static bool is_answer(const struct cmsghdr *control)
{
    struct sock_extended_err error;

    if (!control || control->cmsg_len < CMSG_LEN(sizeof(error)))
        return false;
    memcpy(&error, CMSG_DATA(control), sizeof(error));
    return error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6;
}

/* Take the answers that have arrived at @fd. Returns their number. */
static unsigned take_answers(struct load *load, int fd)
{
    _Alignas(struct cmsghdr) char control[256];
    unsigned n = 0;

    /* A Unix socket has no queue of errors: this would receive, descriptors included. */
    while (!load->is_unix) {
        struct msghdr header = { .msg_control = control, .msg_controllen = sizeof(control) };

        if (recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            break;
        n += is_answer(CMSG_FIRSTHDR(&header));
    }
    load->result->n_unreachable += n;
    return n;
}

/* Handle @error after nothing could be sent. */
static void note_error(struct load *load, int fd, int error)
{
    struct pollfd room = { .fd = fd, .events = POLLOUT };

    if (error == EAGAIN) {
        load->result->n_waits++;
        poll(&room, 1, WAIT_MS);
    }
    if (error == EAGAIN || error == EINTR || take_answers(load, fd) > 0)
        return;
    load->result->n_not_sent++;
    load->n_offered++;
    if (load->result->error == 0)
        load->result->error = -error;
}

/* Offer the next @n datagrams once. Returns the number that are done with, sent or not. */
static unsigned offer(struct load *load, int fd, unsigned n)
{
    uint64_t n_before = load->n_offered;
    int n_taken;

    for (unsigned i = 0; i < n; i++) {
        struct slice datagram =
            workload_datagram(load->workload, (load->n_offered + i) % load->n_pool);

        /* iov_base is not const, because it serves receiving too. */
        load->vectors[i] = (struct iovec){ (void *)(uintptr_t)datagram.at, datagram.len };
    }
    n_taken = sendmmsg(fd, load->headers, n, MSG_NOSIGNAL);
    if (n_taken < 0)
        note_error(load, fd, errno);
    else
        note_sent(load, (unsigned)n_taken);
    if (n_taken >= 0 && (unsigned)n_taken < n)
        take_answers(load, fd);
    return (unsigned)(load->n_offered - n_before);
}

static void send_burst(struct load *load)
{
    int fd = load->flows[load->n_bursts++ % load->n_flows];
    uint64_t n_left = load->options->n_datagrams - load->n_offered;
    unsigned n = load->options->n_burst;

    if (n > n_left)
        n = (unsigned)n_left;
    n -= offer(load, fd, n);
    while (n > 0 && !is_over(load))
        n -= offer(load, fd, n);
}

/* --- pace ----------------------------------------------------------------------------- */

static int64_t due_ns(const struct load *load)
{
    /* In 128 bits, because an hour of nanoseconds times a million exceeds 64. */
    unsigned __int128 since_ns =
        (unsigned __int128)load->n_bursts * load->options->n_burst * CLOCK_NS_PER_S;

    return load->start_ns + (int64_t)(since_ns / load->options->rate);
}

static void wait_for_turn(struct load *load)
{
    int64_t due = due_ns(load), wake = due - SPIN_NS;
    struct timespec until = { wake / CLOCK_NS_PER_S, wake % CLOCK_NS_PER_S };

    /* A signal ends the sleep early, and then the run. */
    if (clock_monotonic_ns() < wake)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    while (clock_monotonic_ns() < due && !*load->options->is_interrupted)
        ;
}

static void send_all(struct load *load)
{
    load->start_ns = clock_monotonic_ns();
    load->end_ns = INT64_MAX;
    if (load->options->duration_ns < INT64_MAX - load->start_ns)
        load->end_ns = load->start_ns + load->options->duration_ns;
    while (!is_over(load)) {
        if (load->options->rate > 0)
            wait_for_turn(load);
        send_burst(load);
    }
    load->result->elapsed_ns = clock_monotonic_ns() - load->start_ns;
}

int load_run(const struct workload *workload, const struct load_options *options,
             struct workload_sent *sent, struct load_result *ret)
{
    struct load *load = calloc(1, sizeof(*load));
    int r;

    if (!load)
        return -ENOMEM;
    *ret = (struct load_result){ 0 };
    load->workload = workload;
    load->options = options;
    load->sent = sent;
    load->result = ret;
    load->n_pool = workload_n_datagrams(workload);
    for (unsigned i = 0; i < LOAD_BURST_MAX; i++)
        load->headers[i].msg_hdr = (struct msghdr){ .msg_iov = &load->vectors[i], .msg_iovlen = 1 };
    /* Otherwise sleeps end up to 50 us late. */
    prctl(PR_SET_TIMERSLACK, 1);
    r = open_flows(load);
    if (r == 0) {
        send_all(load);
        for (unsigned i = 0; i < load->n_flows; i++)
            take_answers(load, load->flows[i]);
    }
    close_flows(load);
    free(load);
    return r;
}
