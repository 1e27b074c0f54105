/* SPDX-License-Identifier: Apache-2.0 */

/*
 * UDP
 *
 * Lives on a worker's thread. One function drains the socket; two events call it:
 *
 *      quiet --- readable, and woken a moment ago already ---> flowing
 *      flowing --- a timer found nothing --------------------> quiet
 *      either  --- more in the socket than one turn takes ---> quiet, readable at once
 *
 * Waking up costs more than parsing. While traffic flows the descriptor is not
 * watched at all: a timer drains what has gathered. Its period adapts. A drain
 * that brought few datagrams makes it longer, for they could have waited; one
 * that brought many makes it shorter, so that the buffer never fills. A quiet
 * socket costs no wake-ups, and a datagram now and then costs just one
 * (docs/decisions/0004 has the measurements).
 */

#include "input/udp.h"

#include "base/clock.h"
#include "input/receive.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A wake-up that brings fewer could have come later; one that brings more came late. */
#define FEW_DATAGRAMS 64
#define MANY_DATAGRAMS 256

/* Bounds of the timer's period, which is also what a scrape may be behind. */
#define PERIOD_MIN_MS 1
#define PERIOD_MAX_MS 15

/*
 * What may come in a millisecond before the timer has adapted: 100,000 datagrams
 * a second of 1,400 bytes, which take 2,304 bytes each in a buffer. Waiting is
 * never so long that this would pass a quarter of the buffer.
 */
#define BYTES_PER_MS (100 * 2304)

/* After so long the loop looks at its other events; the rest waits for the next turn. */
#define TURN_NS (5 * CLOCK_NS_PER_MS)

struct udp {
    struct udp_callbacks callbacks;
    struct receive_batch *batch;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned n_open_handles;
    unsigned period_ms;
    unsigned period_max_ms; /* as the receive buffer allows */
    uint64_t last_wakeup_ms;
    bool has_more; /* the last turn ended before the socket was empty */
    bool is_unix;
    int fd;
};

static int set_read_buffer(int fd, int bytes)
{
    /* The first needs CAP_NET_ADMIN; the second is cut down to net.core.rmem_max. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0)
        return 0;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0)
        return 0;
    return -errno;
}

static int share_port(int fd)
{
    int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ? -errno : 0;
}

/*
 * Bind one socket. The first of a group is bound before it agrees to share, so
 * that a port which somebody else holds, sharing or not, is an error: another
 * udometer on the same port would silently take a part of the flows.
 */
static int bind_one(const struct address *address, int read_buffer_bytes, bool is_first)
{
    int fd, r;

    fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    r = set_read_buffer(fd, read_buffer_bytes);
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

int udp_bind(const struct address *address, int read_buffer_bytes, unsigned n, int *ret_fds)
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

int udp_read_buffer(int fd)
{
    int bytes;
    socklen_t len = sizeof(bytes);

    /* The kernel doubles what it is asked for, for its overhead, and says that. */
    return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) < 0 ? -errno : bytes / 2;
}

uint64_t udp_kernel_drops(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = { 0 };
    socklen_t len = sizeof(info);

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
        return 0;
    return info[SK_MEMINFO_DROPS];
}

/* What is whole of a datagram whose end is lost; the rest is reported. */
static struct slice whole_lines(struct udp *udp, struct slice datagram)
{
    const char *end = memrchr(datagram.at, '\n', datagram.len);

    udp->callbacks.on_cut(udp->callbacks.ctx);
    return (struct slice){ datagram.at, end ? (size_t)(end - datagram.at) : 0 };
}

static unsigned hand_over_batch(struct udp *udp, int n)
{
    const struct udp_callbacks *callbacks = &udp->callbacks;

    for (int i = 0; i < n; i++) {
        struct slice datagram = receive_batch_datagram(udp->batch, i);

        if (UNLIKELY(receive_batch_is_cut(udp->batch, i)))
            datagram = whole_lines(udp, datagram);
        callbacks->on_datagram(callbacks->ctx, datagram, receive_batch_arrived_ns(udp->batch, i));
    }
    callbacks->on_batch_end(callbacks->ctx, (unsigned)n);
    return (unsigned)n;
}

unsigned udp_drain(struct udp *udp)
{
    int64_t end_ns = clock_monotonic_ns() + TURN_NS;
    unsigned n_datagrams = 0;
    int n = RECEIVE_BATCH_MAX;

    while (n == RECEIVE_BATCH_MAX && !uv_is_closing((uv_handle_t *)&udp->poll) &&
           (n_datagrams == 0 || clock_monotonic_ns() < end_ns)) {
        n = receive_batch_fill(udp->batch, udp->fd);
        if (n < 0)
            udp->callbacks.on_error(udp->callbacks.ctx, n);
        else if (n > 0)
            n_datagrams += hand_over_batch(udp, n);
    }
    udp->has_more = n == RECEIVE_BATCH_MAX;
    udp->callbacks.on_drained(udp->callbacks.ctx);
    return n_datagrams;
}

static void adapt_period(struct udp *udp, unsigned n_datagrams)
{
    if (n_datagrams < FEW_DATAGRAMS && udp->period_ms < udp->period_max_ms)
        udp->period_ms++;
    else if (n_datagrams > MANY_DATAGRAMS && udp->period_ms > PERIOD_MIN_MS)
        udp->period_ms /= 2;
}

static bool is_unix_socket(int fd)
{
    int domain = 0;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static unsigned longest_period_ms(int fd)
{
    /* Twice, because what datagrams take there includes the kernel's overhead. */
    int periods = 2 * (udp_read_buffer(fd) / 4) / BYTES_PER_MS;

    if (periods < PERIOD_MIN_MS)
        return PERIOD_MIN_MS;
    return periods < PERIOD_MAX_MS ? (unsigned)periods : PERIOD_MAX_MS;
}

static void on_timer(uv_timer_t *timer);
static void on_readable(uv_poll_t *poll, int status, int events);

static void watch_timer(struct udp *udp)
{
    /* Fails only for handles that are closing. */
    uv_timer_start(&udp->timer, on_timer, udp->period_ms, 0);
}

static void watch_descriptor(struct udp *udp)
{
    int r = uv_poll_start(&udp->poll, UV_READABLE, on_readable);

    if (r < 0)
        udp->callbacks.on_error(udp->callbacks.ctx, r);
}

/* Note that it woke up; how long after the last time, in ms. */
static uint64_t note_wakeup(struct udp *udp, enum udp_wakeup wakeup)
{
    uint64_t now_ms = uv_now(udp->timer.loop), since_ms = now_ms - udp->last_wakeup_ms;

    udp->last_wakeup_ms = now_ms;
    udp->callbacks.on_wakeup(udp->callbacks.ctx, wakeup);
    return since_ms;
}

static void on_timer(uv_timer_t *timer)
{
    struct udp *udp = timer->data;
    unsigned n_datagrams;

    note_wakeup(udp, UDP_WAKEUP_TIMER);
    n_datagrams = udp_drain(udp);
    if (uv_is_closing((uv_handle_t *)timer))
        return;
    adapt_period(udp, n_datagrams);
    /* With more in the socket than a turn takes, the descriptor is readable at once. */
    if (n_datagrams == 0 || udp->has_more)
        watch_descriptor(udp);
    else
        watch_timer(udp);
}

/* Traffic that is rare is not worth a timer; some traffic must not wait for one. */
static bool stays_watching(const struct udp *udp, uint64_t since_ms, unsigned n_datagrams)
{
    return udp->is_unix || udp->has_more ||
           (since_ms > PERIOD_MAX_MS && n_datagrams < FEW_DATAGRAMS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct udp *udp = poll->data;
    uint64_t since_ms = note_wakeup(udp, UDP_WAKEUP_POLL);
    unsigned n_datagrams;

    if (status < 0)
        udp->callbacks.on_error(udp->callbacks.ctx, status);
    n_datagrams = udp_drain(udp);
    if (uv_is_closing((uv_handle_t *)poll))
        return;
    /* With an error, libuv has stopped watching; then the timer begins anew. */
    if (status == 0 && stays_watching(udp, since_ms, n_datagrams))
        return;
    uv_poll_stop(poll);
    watch_timer(udp);
}

static void free_when_closed(struct udp *udp)
{
    if (udp->n_open_handles > 0)
        return;
    receive_batch_free(udp->batch);
    free(udp);
}

static void on_closed(uv_handle_t *handle)
{
    struct udp *udp = handle->data;

    udp->n_open_handles--;
    free_when_closed(udp);
}

void udp_close(struct udp *udp)
{
    if (!udp)
        return;
    uv_close((uv_handle_t *)&udp->poll, on_closed);
    uv_close((uv_handle_t *)&udp->timer, on_closed);
}

int udp_open(struct udp **ret, uv_loop_t *loop, int fd, const struct udp_callbacks *callbacks)
{
    struct udp *udp = calloc(1, sizeof(*udp));
    int r;

    if (!udp)
        return -ENOMEM;
    udp->callbacks = *callbacks;
    udp->fd = fd;
    udp->is_unix = is_unix_socket(fd);
    udp->period_ms = PERIOD_MIN_MS;
    udp->period_max_ms = longest_period_ms(fd);
    udp->poll.data = udp->timer.data = udp;

    r = receive_batch_new(&udp->batch);
    if (r == 0)
        r = uv_poll_init(loop, &udp->poll, fd);
    if (r < 0) {
        free_when_closed(udp);
        return r;
    }
    uv_timer_init(loop, &udp->timer); /* cannot fail */
    udp->n_open_handles = 2;
    r = uv_poll_start(&udp->poll, UV_READABLE, on_readable);
    if (r < 0) {
        udp_close(udp);
        return r;
    }

    *ret = udp;
    return 0;
}
