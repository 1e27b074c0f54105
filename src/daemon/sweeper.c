/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sweeper
 *
 * Runs on the main thread. A timer starts a sweep. The two waits that a sweep needs
 * (aggregate/expiry.h) are rounds of one task per worker: a worker that runs a task is not in
 * the middle of a datagram. The last worker to answer wakes this loop, which takes the next
 * step:
 *
 *      idle -- timer: mark --> marked -- all answered: remove --> removed
 *       |                                                            ^ |
 *       '---- notified, then a pause: take what senders ended -------' |
 *                                                                      v
 *                                            all answered: finish, then idle
 *
 * Series that a sender has ended are no longer in the registry; only their memory is still to
 * be freed. That is not urgent, and the pause lets many such series share a round.
 */

#include "daemon/sweeper.h"

#include "aggregate/expiry.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

/* A series may outlive its TTL by a tenth, at most a minute, plus a second or two. */
#define INTERVALS_PER_TTL 10
#define INTERVAL_MIN_MS 1000
#define INTERVAL_MAX_MS 60000

/* How long to wait for more after a sender has ended a series. */
#define PAUSE_MS 1000

/* The most series that a worker releases between two drains, in about 2 ms. */
#define RELEASE_MAX 10000

enum sweep_state {
    SWEEP_IDLE,
    SWEEP_MARKED,
    SWEEP_REMOVED,
};

struct sweeper {
    struct sweeper_options options;
    enum sweep_state state;
    struct expiry expiry;
    size_t n_removed;           /* because their TTL has passed */
    size_t n_unscraped;         /* of these, the ones that no scrape has shown */
    size_t n_released;          /* of the expiry's items, from the first on, by all workers */
    struct worker_task *tasks;  /* one for each worker */
    _Atomic unsigned n_awaited; /* workers that have not answered yet */
    uv_timer_t timer;
    uv_timer_t pause;
    uv_async_t notified;
    uv_async_t answered;
    unsigned n_open_handles;
};

static void answer(struct sweeper *sweeper)
{
    if (atomic_fetch_sub(&sweeper->n_awaited, 1) == 1)
        uv_async_send(&sweeper->answered);
}

/* On a worker's thread. The sweep only waits until each worker has run this. */
static void pass(struct shard *shard, void *arg)
{
    answer(arg);
}

/* The number of items that the workers release in this round. */
static size_t n_in_round(const struct sweeper *sweeper)
{
    size_t left = sweeper->expiry.n_items - sweeper->n_released;

    return left < RELEASE_MAX ? left : RELEASE_MAX;
}

static void release(struct shard *shard, void *arg)
{
    struct sweeper *sweeper = arg;

    shard_release(shard, sweeper->expiry.items + sweeper->n_released, n_in_round(sweeper));
    answer(sweeper);
}

static void ask_all(struct sweeper *sweeper, void (*task)(struct shard *, void *))
{
    atomic_store(&sweeper->n_awaited, sweeper->options.n_workers);
    for (unsigned i = 0; i < sweeper->options.n_workers; i++) {
        sweeper->tasks[i] = (struct worker_task){ .run = task, .arg = sweeper };
        worker_ask(sweeper->options.workers[i], &sweeper->tasks[i]);
    }
}

static struct expiry_rule rule_of(const struct sweeper_options *options)
{
    return (struct expiry_rule){
        .now_ns = clock_monotonic_ns(),
        .ttl_ns = options->ttl_s * CLOCK_NS_PER_S,
        .unscraped_ttl_ns = options->unscraped_ttl_s * CLOCK_NS_PER_S,
        .shown_ns = atomic_load(options->shown_ns),
    };
}

static void on_timer(uv_timer_t *timer)
{
    struct sweeper *sweeper = timer->data;
    const struct expiry_rule rule = rule_of(&sweeper->options);

    if (sweeper->state != SWEEP_IDLE)
        return;
    if (expiry_mark(&sweeper->expiry, sweeper->options.registry, &rule) == 0) {
        expiry_finish(&sweeper->expiry);
        return;
    }
    sweeper->state = SWEEP_MARKED;
    ask_all(sweeper, pass);
}

static void release_all(struct sweeper *sweeper)
{
    sweeper->state = SWEEP_REMOVED;
    sweeper->n_released = 0;
    ask_all(sweeper, release);
}

static void on_pause_over(uv_timer_t *pause)
{
    struct sweeper *sweeper = pause->data;

    if (sweeper->state != SWEEP_IDLE) {
        uv_timer_start(pause, on_pause_over, PAUSE_MS, 0);
        return;
    }
    sweeper->n_removed = sweeper->n_unscraped = 0;
    if (expiry_take_ended(&sweeper->expiry, sweeper->options.registry) > 0)
        release_all(sweeper);
}

static void on_notified(uv_async_t *notified)
{
    struct sweeper *sweeper = notified->data;

    if (!uv_is_active((uv_handle_t *)&sweeper->pause))
        uv_timer_start(&sweeper->pause, on_pause_over, PAUSE_MS, 0);
}

void sweeper_notify(struct sweeper *sweeper)
{
    uv_async_send(&sweeper->notified);
}

static void end_sweep(struct sweeper *sweeper)
{
    expiry_finish(&sweeper->expiry);
    sweeper->state = SWEEP_IDLE;
    /* In this order: whoever sees that series have expired also sees how. */
    atomic_fetch_add(sweeper->options.n_unscraped, sweeper->n_unscraped);
    atomic_fetch_add(sweeper->options.n_expired, sweeper->n_removed);
    /* None expire in the round after an x, which only releases what has ended. */
    if (sweeper->n_removed > 0)
        log_debug("series expired", LOG_UINT("count", sweeper->n_removed),
                  LOG_UINT("unscraped", sweeper->n_unscraped));
}

static void on_answered(uv_async_t *async)
{
    struct sweeper *sweeper = async->data;

    if (atomic_load(&sweeper->n_awaited) > 0)
        return;
    if (sweeper->state == SWEEP_MARKED) {
        sweeper->n_removed =
            expiry_remove(&sweeper->expiry, sweeper->options.registry, &sweeper->n_unscraped);
        release_all(sweeper);
    } else if (sweeper->state == SWEEP_REMOVED) {
        sweeper->n_released += n_in_round(sweeper);
        if (sweeper->n_released < sweeper->expiry.n_items)
            ask_all(sweeper, release);
        else
            end_sweep(sweeper);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct sweeper *sweeper = handle->data;

    if (--sweeper->n_open_handles > 0)
        return;
    expiry_deinit(&sweeper->expiry);
    free(sweeper->tasks);
    free(sweeper);
}

static uint64_t interval_ms(uint32_t ttl_s)
{
    uint64_t interval = (uint64_t)ttl_s * 1000 / INTERVALS_PER_TTL;

    if (interval < INTERVAL_MIN_MS)
        return INTERVAL_MIN_MS;
    return interval < INTERVAL_MAX_MS ? interval : INTERVAL_MAX_MS;
}

int sweeper_open(struct sweeper **ret, uv_loop_t *loop, const struct sweeper_options *options)
{
    struct sweeper *sweeper = calloc(1, sizeof(*sweeper));
    struct worker_task *tasks = calloc(options->n_workers, sizeof(*tasks));
    int r = sweeper && tasks ? 0 : -ENOMEM;

    if (r == 0)
        r = uv_async_init(loop, &sweeper->answered, on_answered);
    if (r < 0) {
        free(sweeper);
        free(tasks);
        return r;
    }
    /* Once the loop has one async, none of these can fail. */
    uv_async_init(loop, &sweeper->notified, on_notified);
    uv_timer_init(loop, &sweeper->timer);
    uv_timer_init(loop, &sweeper->pause);
    sweeper->n_open_handles = 4;
    sweeper->timer.data = sweeper->pause.data = sweeper;
    sweeper->notified.data = sweeper->answered.data = sweeper;
    sweeper->options = *options;
    sweeper->tasks = tasks;
    if (options->ttl_s)
        uv_timer_start(&sweeper->timer, on_timer, interval_ms(options->ttl_s),
                       interval_ms(options->ttl_s));
    *ret = sweeper;
    return 0;
}

void sweeper_close(struct sweeper *sweeper)
{
    if (!sweeper)
        return;
    uv_close((uv_handle_t *)&sweeper->timer, on_closed);
    uv_close((uv_handle_t *)&sweeper->pause, on_closed);
    uv_close((uv_handle_t *)&sweeper->notified, on_closed);
    uv_close((uv_handle_t *)&sweeper->answered, on_closed);
}
