/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Datagrams
 *
 * Runs on a worker's thread. One function drains the socket; two events call it:
 *
 *      quiet --- readable soon after the last datagrams -----> flowing
 *      flowing --- the timer found nothing ------------------> quiet
 *      either  --- more in the socket than one turn takes ---> quiet, readable at once
 *
 * Waking up costs more than parsing. While traffic flows, the descriptor is not polled at all: a
 * timer drains what has accumulated. Its period adapts. A drain that brings few datagrams makes it
 * longer, because they could have waited; one that brings many makes it shorter, so that the
 * buffer never fills. A quiet socket costs no wake-ups, and an occasional datagram costs just one
 * (docs/decisions/0004 has the measurements).
 */

#include "input/datagrams.h"

#include "base/clock.h"
#include "base/must.h"
#include "base/socket.h"
#include "input/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A wake-up that brings fewer could have come later; one that brings more came too late. */
#define FEW_DATAGRAMS 64
#define MANY_DATAGRAMS 256

/* Bounds of the timer's period. A scrape may lag by as much. */
#define PERIOD_MIN_MS 1
#define PERIOD_MAX_MS 15

/*
 * The rate for which the timer allows before it has adapted: 100,000 datagrams a second of 1,400
 * bytes, which take 2,304 bytes each in the buffer. In one period they fill at most a quarter of
 * it.
 */
#define BYTES_PER_MS (100 * 2304)

/* After this time the loop handles its other events; the rest waits for the next turn. */
#define TURN_NS (5 * CLOCK_NS_PER_MS)

struct datagrams {
    struct datagrams_callbacks callbacks;
    struct receive_batch *batch;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned n_open_handles;
    unsigned period_ms;
    unsigned period_max_ms;    /* as the receive buffer allows */
    uint64_t last_datagram_ms; /* when a wake-up last found one */
    bool has_more;             /* the last turn ended before the socket was empty */
    bool is_unix;
    int fd;
};

/* The whole lines of a datagram whose last @n_cut bytes are lost. Reports the loss. */
static struct slice whole_lines(struct datagrams *datagrams, struct slice datagram, size_t n_cut)
{
    const char *end = memrchr(datagram.at, '\n', datagram.len);
    size_t len = end ? (size_t)(end - datagram.at) + 1 : 0;

    datagrams->callbacks.on_cut(datagrams->callbacks.ctx, datagram.len - len + n_cut);
    return (struct slice){ datagram.at, len };
}

static unsigned hand_over_batch(struct datagrams *datagrams, int n)
{
    const struct datagrams_callbacks *callbacks = &datagrams->callbacks;

    for (int i = 0; i < n; i++) {
        struct slice datagram = receive_batch_datagram(datagrams->batch, i);
        size_t n_cut = receive_batch_n_cut(datagrams->batch, i);

        if (UNLIKELY(n_cut > 0))
            datagram = whole_lines(datagrams, datagram, n_cut);
        callbacks->on_datagram(callbacks->ctx, datagram,
                               receive_batch_arrived_ns(datagrams->batch, i));
    }
    callbacks->on_batch_end(callbacks->ctx, (unsigned)n);
    return (unsigned)n;
}

unsigned datagrams_drain(struct datagrams *datagrams)
{
    int64_t end_ns = clock_monotonic_ns() + TURN_NS;
    unsigned n_datagrams = 0;
    const int n_max = receive_batch_max(datagrams->batch);
    int n = n_max;

    while (n == n_max && !uv_is_closing((uv_handle_t *)&datagrams->poll) &&
           (n_datagrams == 0 || clock_monotonic_ns() < end_ns)) {
        n = receive_batch_fill(datagrams->batch, datagrams->fd);
        if (n < 0)
            datagrams->callbacks.on_error(datagrams->callbacks.ctx, n);
        else if (n > 0)
            n_datagrams += hand_over_batch(datagrams, n);
    }
    datagrams->has_more = n == n_max;
    datagrams->callbacks.on_drained(datagrams->callbacks.ctx);
    return n_datagrams;
}

void datagrams_name_all(struct datagrams *datagrams, bool are_wanted)
{
    receive_batch_name_all(datagrams->batch, datagrams->fd, are_wanted);
}

struct slice datagrams_around(const struct datagrams *datagrams, const char *at)
{
    return receive_batch_around(datagrams->batch, at);
}

struct peer datagrams_peer(struct datagrams *datagrams, const char *at)
{
    return receive_batch_peer(datagrams->batch, at);
}

static void adapt_period(struct datagrams *datagrams, unsigned n_datagrams)
{
    if (n_datagrams < FEW_DATAGRAMS && datagrams->period_ms < datagrams->period_max_ms)
        datagrams->period_ms++;
    else if (n_datagrams > MANY_DATAGRAMS && datagrams->period_ms > PERIOD_MIN_MS)
        datagrams->period_ms /= 2;
}

static bool is_unix_socket(int fd)
{
    int domain = 0;
    socklen_t len = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX;
}

static unsigned longest_period_ms(int fd)
{
    /* The kernel doubles the buffer for its overhead, which BYTES_PER_MS includes. */
    int periods = 2 * (socket_read_buffer(fd) / 4) / BYTES_PER_MS;

    if (periods < PERIOD_MIN_MS)
        return PERIOD_MIN_MS;
    return periods < PERIOD_MAX_MS ? (unsigned)periods : PERIOD_MAX_MS;
}

static void on_timer(uv_timer_t *timer);
static void on_readable(uv_poll_t *poll, int status, int events);

static void watch_timer(struct datagrams *datagrams)
{
    /* Fails only for handles that are closing. */
    uv_timer_start(&datagrams->timer, on_timer, datagrams->period_ms, 0);
}

static void watch_descriptor(struct datagrams *datagrams)
{
    int r = uv_poll_start(&datagrams->poll, UV_READABLE, on_readable);

    if (r < 0)
        datagrams->callbacks.on_error(datagrams->callbacks.ctx, r);
}

/* Drain the socket after a wake-up, perhaps one with an error. Returns the number of datagrams. */
static unsigned wake_up(struct datagrams *datagrams, enum datagrams_wakeup wakeup, int status)
{
    uint64_t now_ms = uv_now(datagrams->timer.loop);
    unsigned n_datagrams;

    datagrams->callbacks.on_wakeup(datagrams->callbacks.ctx, wakeup);
    if (status < 0)
        datagrams->callbacks.on_error(datagrams->callbacks.ctx, status);
    n_datagrams = datagrams_drain(datagrams);
    /* Not for an empty timer: the next datagram would seem to follow it closely. */
    if (n_datagrams > 0)
        datagrams->last_datagram_ms = now_ms;
    return n_datagrams;
}

static void on_timer(uv_timer_t *timer)
{
    struct datagrams *datagrams = timer->data;
    unsigned n_datagrams = wake_up(datagrams, DATAGRAMS_WAKEUP_TIMER, 0);

    if (uv_is_closing((uv_handle_t *)timer))
        return;
    adapt_period(datagrams, n_datagrams);
    /* If there is more in the socket than a turn takes, the descriptor is readable at once. */
    if (n_datagrams == 0 || datagrams->has_more)
        watch_descriptor(datagrams);
    else
        watch_timer(datagrams);
}

/*
 * Some traffic must not wait for a timer. And if the datagrams before came longer ago than its
 * longest period, the timer would find nothing: a second wake-up for each datagram.
 */
static bool stays_watching(const struct datagrams *datagrams, uint64_t since_ms,
                           unsigned n_datagrams)
{
    return datagrams->is_unix || datagrams->has_more ||
           (since_ms >= datagrams->period_max_ms && n_datagrams < FEW_DATAGRAMS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct datagrams *datagrams = poll->data;
    uint64_t since_ms = uv_now(poll->loop) - datagrams->last_datagram_ms;
    unsigned n_datagrams = wake_up(datagrams, DATAGRAMS_WAKEUP_POLL, status);

    if (uv_is_closing((uv_handle_t *)poll))
        return;
    /* On an error libuv has stopped polling; the timer starts it again. */
    if (status == 0 && stays_watching(datagrams, since_ms, n_datagrams))
        return;
    uv_poll_stop(poll);
    watch_timer(datagrams);
}

/* Senders get an error from here on, and not from the moment at which the queue is empty. */
static void take_the_rest(struct datagrams *datagrams)
{
    socket_stop_receiving(datagrams->fd);
    while (datagrams_drain(datagrams) > 0)
        continue;
}

void datagrams_start(struct datagrams *datagrams)
{
    watch_descriptor(datagrams);
}

void datagrams_replace(struct datagrams *datagrams, int fd)
{
    take_the_rest(datagrams);
    /* The loop must not know the old one any more when the number gets its new meaning. */
    uv_poll_stop(&datagrams->poll);
    uv_timer_stop(&datagrams->timer);
    MUST_BE(dup3(fd, datagrams->fd, O_CLOEXEC), ==, datagrams->fd);
    close(fd);
    watch_descriptor(datagrams);
}

static void free_when_closed(struct datagrams *datagrams)
{
    if (datagrams->n_open_handles > 0)
        return;
    receive_batch_free(datagrams->batch);
    free(datagrams);
}

static void on_closed(uv_handle_t *handle)
{
    struct datagrams *datagrams = handle->data;

    datagrams->n_open_handles--;
    free_when_closed(datagrams);
}

void datagrams_retire(struct datagrams *datagrams)
{
    take_the_rest(datagrams);
    datagrams_close(datagrams);
}

void datagrams_close(struct datagrams *datagrams)
{
    if (!datagrams)
        return;
    uv_close((uv_handle_t *)&datagrams->poll, on_closed);
    uv_close((uv_handle_t *)&datagrams->timer, on_closed);
}

int datagrams_open(struct datagrams **ret, uv_loop_t *loop, int fd,
                   const struct datagrams_callbacks *callbacks)
{
    struct datagrams *datagrams = calloc(1, sizeof(*datagrams));
    int r;

    if (!datagrams)
        return -ENOMEM;
    datagrams->callbacks = *callbacks;
    datagrams->fd = fd;
    datagrams->is_unix = is_unix_socket(fd);
    datagrams->period_ms = PERIOD_MIN_MS;
    datagrams->period_max_ms = longest_period_ms(fd);
    datagrams->poll.data = datagrams->timer.data = datagrams;

    r = receive_batch_new(&datagrams->batch, datagrams->is_unix);
    if (r == 0)
        r = uv_poll_init(loop, &datagrams->poll, fd);
    if (r < 0) {
        free_when_closed(datagrams);
        return r;
    }
    uv_timer_init(loop, &datagrams->timer); /* cannot fail */
    datagrams->n_open_handles = 2;
    *ret = datagrams;
    return 0;
}
