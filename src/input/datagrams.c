/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Datagrams
 *
 * Runs on a worker's thread. One function drains the socket; three events call it:
 *
 *      quiet --- readable soon after the last datagrams -----> flowing
 *      flowing --- the timer found nothing ------------------> quiet
 *      either  --- there is more than one turn takes --------> a turn in each pass of the loop
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
#include "input/loop.h"
#include "input/receive.h"
#include "input/turn.h"

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

/*
 * After a turn the loop handles its other events. A batch of long datagrams may take much longer
 * than a turn, so the time is looked at after this many bytes; the rest of the batch waits.
 */
#define LOOK_BYTES 32768

struct datagrams {
    struct datagrams_callbacks callbacks;
    struct receive_batch *batch;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_idle_t idle; /* runs while there is more than one turn takes */
    unsigned n_open_handles;
    unsigned period_ms;
    unsigned period_max_ms;    /* as the receive buffer allows */
    uint64_t last_datagram_ms; /* when a wake-up last found one */
    unsigned n_filled;         /* datagrams of the batch */
    unsigned n_given;          /* of those, handed over */
    bool was_full;             /* there may be more in the socket than the batch */
    bool is_giving;            /* inside a callback */
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

static bool has_rest(const struct datagrams *datagrams)
{
    return datagrams->n_given < datagrams->n_filled;
}

static bool has_more(const struct datagrams *datagrams)
{
    return datagrams->was_full || has_rest(datagrams);
}

static bool is_closing(const struct datagrams *datagrams)
{
    return uv_is_closing((const uv_handle_t *)&datagrams->poll);
}

/* Hand over the next datagram of the batch. Returns its length. */
static size_t give_next(struct datagrams *datagrams)
{
    int i = (int)datagrams->n_given++;
    struct slice datagram = receive_batch_datagram(datagrams->batch, i);
    size_t len = datagram.len, n_cut = receive_batch_n_cut(datagrams->batch, i);

    if (UNLIKELY(n_cut > 0))
        datagram = whole_lines(datagrams, datagram, n_cut);
    datagrams->callbacks.on_datagram(datagrams->callbacks.ctx, datagram,
                                     receive_batch_arrived_ns(datagrams->batch, i));
    return len;
}

/*
 * Hand over what is left of the batch, as far as there is time until @end_ns; all of it if a
 * callback closes it. Returns the number of datagrams.
 */
static unsigned give(struct datagrams *datagrams, int64_t end_ns)
{
    unsigned n_before = datagrams->n_given, n;
    size_t n_bytes = 0;

    datagrams->is_giving = true;
    while (has_rest(datagrams)) {
        n_bytes += give_next(datagrams);
        if (n_bytes < LOOK_BYTES)
            continue;
        n_bytes = 0;
        if (clock_monotonic_ns() >= end_ns && !is_closing(datagrams))
            break;
    }
    datagrams->is_giving = false;
    n = datagrams->n_given - n_before;
    datagrams->callbacks.on_batch_end(datagrams->callbacks.ctx, n);
    return n;
}

/* Receive a batch. Returns whether there is one. */
static bool fill(struct datagrams *datagrams)
{
    int n = receive_batch_fill(datagrams->batch, datagrams->fd);

    datagrams->n_given = 0;
    datagrams->n_filled = n > 0 ? (unsigned)n : 0;
    datagrams->was_full = n == receive_batch_max(datagrams->batch);
    if (n < 0)
        datagrams->callbacks.on_error(datagrams->callbacks.ctx, n);
    return n > 0;
}

unsigned datagrams_drain(struct datagrams *datagrams)
{
    int64_t end_ns = clock_monotonic_ns() + TURN_NS;
    unsigned n_datagrams = 0;

    do {
        if (!has_rest(datagrams) && !fill(datagrams))
            break;
        n_datagrams += give(datagrams, end_ns);
    } while (datagrams->was_full && !is_closing(datagrams) && clock_monotonic_ns() < end_ns);
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
static void on_idle(uv_idle_t *idle);
static void on_readable(uv_poll_t *poll, int status, int events);

static void watch_descriptor(struct datagrams *datagrams)
{
    int r = uv_poll_start(&datagrams->poll, UV_READABLE, on_readable);

    if (r < 0)
        datagrams->callbacks.on_error(datagrams->callbacks.ctx, r);
}

/*
 * Come back in the next pass of the loop, or after the timer's period. In the first case the
 * descriptor may not be readable any more, as the rest may be in the batch. Starting fails only for
 * handles that are closing.
 */
static void come_back(struct datagrams *datagrams)
{
    if (has_more(datagrams))
        uv_idle_start(&datagrams->idle, on_idle);
    else
        uv_timer_start(&datagrams->timer, on_timer, datagrams->period_ms, 0);
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

/* Drain the socket while it is not watched, and see to the next wake-up. */
static void drain_unwatched(struct datagrams *datagrams, bool may_adapt)
{
    unsigned n_datagrams = wake_up(datagrams, DATAGRAMS_WAKEUP_TIMER, 0);

    if (is_closing(datagrams))
        return;
    if (may_adapt)
        adapt_period(datagrams, n_datagrams);
    if (!has_more(datagrams) && (n_datagrams == 0 || datagrams->is_unix))
        watch_descriptor(datagrams);
    else
        come_back(datagrams);
}

static void on_timer(uv_timer_t *timer)
{
    drain_unwatched(timer->data, true);
}

static void on_idle(uv_idle_t *idle)
{
    uv_idle_stop(idle);
    drain_unwatched(idle->data, false);
}

/*
 * Some traffic must not wait for a timer. And if the datagrams before came longer ago than its
 * longest period, the timer would find nothing: a second wake-up for each datagram.
 */
static bool stays_watching(const struct datagrams *datagrams, uint64_t since_ms,
                           unsigned n_datagrams)
{
    return datagrams->is_unix ||
           (since_ms >= datagrams->period_max_ms && n_datagrams < FEW_DATAGRAMS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct datagrams *datagrams = poll->data;
    uint64_t since_ms = uv_now(poll->loop) - datagrams->last_datagram_ms;
    unsigned n_datagrams = wake_up(datagrams, DATAGRAMS_WAKEUP_POLL, status);

    if (is_closing(datagrams))
        return;
    /* On an error libuv has stopped polling; the timer starts it again. */
    if (status == 0 && !has_more(datagrams) && stays_watching(datagrams, since_ms, n_datagrams))
        return;
    uv_poll_stop(poll);
    come_back(datagrams);
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
    uv_idle_stop(&datagrams->idle);
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
    uv_close((uv_handle_t *)&datagrams->idle, on_closed);
    if (!has_rest(datagrams) || datagrams->is_giving)
        return;
    give(datagrams, INT64_MAX);
    datagrams->callbacks.on_drained(datagrams->callbacks.ctx);
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
    datagrams->poll.data = datagrams->timer.data = datagrams->idle.data = datagrams;

    r = receive_batch_new(&datagrams->batch, datagrams->is_unix);
    if (r == 0)
        r = loop_poll_init(loop, &datagrams->poll, fd);
    if (r < 0) {
        free_when_closed(datagrams);
        return r;
    }
    uv_timer_init(loop, &datagrams->timer); /* cannot fail */
    uv_idle_init(loop, &datagrams->idle);
    datagrams->n_open_handles = 3;
    *ret = datagrams;
    return 0;
}
