/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sweeper
 *
 * Runs on the main thread. The two waits that a sweep needs (aggregate/expiry.h) are rounds of one
 * task per worker: a worker that runs a task is not in the middle of a datagram. The last worker to
 * answer wakes this loop, which takes the next step:
 *
 *      idle -> beginning -> marking -> asking -> removing -> refreshing -> releasing -> finishing
 *         '--> taking: what senders have ended --------------------------------^            |
 *                                                                               idle <------'
 *
 * Series that a sender has ended are no longer in the registry; only their memory is still to be
 * freed. That is not urgent, and a pause lets many such series share a round.
 *
 * There may be a million series, and the main thread has signals to handle. So it never works for
 * longer than a slice, and pauses in between. Three steps cannot be divided, as they bring the
 * snapshot up to date and so may have to sort it: beginning, refreshing and taking. If there are
 * many series, another thread takes these (docs/decisions/0034).
 */

#include "daemon/sweeper.h"

#include "aggregate/expiry.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/step_thread.h"

#include <errno.h>
#include <stdlib.h>

/* A series may outlive its TTL by a tenth, at most a minute, plus a second or two. */
#define INTERVALS_PER_TTL 10
#define INTERVAL_MAX_NS (60 * CLOCK_NS_PER_S)

/* How often to look whether a sweep is due, or whether series have ended. */
#define TICK_MS 1000

/* How long to wait for more after a sender has ended a series. */
#define PAUSE_MS 1000

/* The most series that are handled at a time, in about a millisecond; and the pause after that. */
#define SLICE_MAX 4096
#define SLICE_PAUSE_MS 1

/* With more series than this, another thread does what cannot be divided. */
#define INLINE_MAX 10000

/* The most series that a worker releases between two drains, in one or two milliseconds. */
#define RELEASE_MAX 4096

enum sweep_state {
    SWEEP_IDLE,
    SWEEP_BEGINNING,  /* maybe on the other thread */
    SWEEP_MARKING,    /* in slices */
    SWEEP_ASKING,     /* the workers */
    SWEEP_REMOVING,   /* in slices */
    SWEEP_REFRESHING, /* the same */
    SWEEP_TAKING,     /* the same */
    SWEEP_RELEASING,  /* by the workers */
    SWEEP_FINISHING,  /* in slices */
};

struct sweeper {
    struct sweeper_options options;
    enum sweep_state state;
    struct expiry expiry;                                    /* that thread's while it works */
    struct expiry_rule rule;                                 /* of this sweep */
    _Atomic uint32_t ttl_s[_METRIC_TYPE_N], unscraped_ttl_s; /* of the next one */
    int64_t shortest_ttl_ns;    /* of all series; INT64_MAX: none expires */
    int64_t last_sweep_ns;      /* when it began */
    bool was_short;             /* it found no memory for all that expire */
    size_t n_released;          /* of the expiry's items, from the first on, by all workers */
    struct worker_task *tasks;  /* one for each worker */
    _Atomic unsigned n_awaited; /* workers that have not answered yet */
    uv_timer_t tick;
    uv_timer_t pause;
    uv_timer_t slice;
    uv_async_t notified;
    uv_async_t answered;
    struct step_thread thread;
    unsigned n_open; /* handles */
};

static void go_on(struct sweeper *sweeper);

/* --- rounds of the workers ---------------------------------------------------------------- */

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

/* --- steps -------------------------------------------------------------------------------- */

static struct expiry_rule next_rule(const struct sweeper *sweeper)
{
    struct expiry_rule rule = {
        .now_ns = clock_monotonic_ns(),
        .unscraped_ttl_ns = atomic_load(&sweeper->unscraped_ttl_s) * CLOCK_NS_PER_S,
        .shown_ns = atomic_load(sweeper->options.shown_ns),
    };

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        rule.ttl_ns[type] = atomic_load(&sweeper->ttl_s[type]) * CLOCK_NS_PER_S;
    return rule;
}

/* Take a step that cannot be divided, on the main thread or the other. */
static void take_whole_step(struct sweeper *sweeper)
{
    struct registry *registry = sweeper->options.registry;

    if (sweeper->state == SWEEP_BEGINNING)
        expiry_begin(&sweeper->expiry, registry, &sweeper->rule);
    else if (sweeper->state == SWEEP_TAKING)
        expiry_take_ended(&sweeper->expiry, registry);
    else
        snapshot_unref(registry_snapshot(registry));
}

/* Do a part of a step that can be. Returns whether there is more to do. */
static bool take_slice(struct sweeper *sweeper)
{
    struct registry *registry = sweeper->options.registry;

    if (sweeper->state == SWEEP_MARKING)
        return expiry_mark(&sweeper->expiry, registry, SLICE_MAX);
    if (sweeper->state == SWEEP_REMOVING)
        return expiry_remove(&sweeper->expiry, registry, SLICE_MAX);
    return expiry_finish(&sweeper->expiry, SLICE_MAX);
}

/* Count what has expired. None does in the round after an x, which only releases what has ended. */
static void count_expired(const struct sweeper *sweeper)
{
    const struct expiry *expiry = &sweeper->expiry;

    if (expiry->n_removed == 0)
        return;
    /* In this order: whoever sees that series have expired also sees how. */
    atomic_fetch_add(sweeper->options.n_unscraped, expiry->n_unscraped);
    atomic_fetch_add(sweeper->options.n_expired, expiry->n_removed);
    log_debug("series expired", LOG_UINT("count", expiry->n_removed),
              LOG_UINT("unscraped", expiry->n_unscraped));
}

/* The state after the one whose step is done. */
static enum sweep_state next_state(const struct sweeper *sweeper)
{
    bool has_items = sweeper->expiry.n_items > 0;

    switch (sweeper->state) {
    case SWEEP_BEGINNING: return SWEEP_MARKING;
    case SWEEP_MARKING: return has_items ? SWEEP_ASKING : SWEEP_FINISHING;
    case SWEEP_ASKING: return SWEEP_REMOVING;
    case SWEEP_REMOVING: return SWEEP_REFRESHING;
    case SWEEP_REFRESHING: return SWEEP_RELEASING;
    case SWEEP_TAKING: return has_items ? SWEEP_RELEASING : SWEEP_FINISHING;
    case SWEEP_RELEASING: return SWEEP_FINISHING;
    case SWEEP_FINISHING:
    case SWEEP_IDLE: break;
    }
    return SWEEP_IDLE;
}

/* The shortest TTL of those that the settings say. */
static int64_t shortest_default_ns(const struct sweeper *sweeper)
{
    int64_t shortest_ns = INT64_MAX;

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++) {
        int64_t ttl_ns = atomic_load(&sweeper->ttl_s[type]) * CLOCK_NS_PER_S;

        if (ttl_ns && ttl_ns < shortest_ns)
            shortest_ns = ttl_ns;
    }
    return shortest_ns;
}

/* All series have been seen. Families that were made meanwhile are in the registry's. */
static void note_shortest_ttl(struct sweeper *sweeper)
{
    int64_t seen_ns = sweeper->expiry.shortest_ttl_ns;
    int64_t default_ns = shortest_default_ns(sweeper);

    sweeper->shortest_ttl_ns = seen_ns < default_ns ? seen_ns : default_ns;
    sweeper->was_short = sweeper->expiry.is_short;
}

static void enter(struct sweeper *sweeper, enum sweep_state state)
{
    if (sweeper->state == SWEEP_MARKING)
        note_shortest_ttl(sweeper);
    if (sweeper->state == SWEEP_RELEASING)
        count_expired(sweeper);
    sweeper->n_released = 0;
    sweeper->state = state;
}

/* --- from step to step -------------------------------------------------------------------- */

static void free_closed(struct sweeper *sweeper)
{
    if (--sweeper->n_open > 0)
        return;
    expiry_deinit(&sweeper->expiry);
    free(sweeper->tasks);
    free(sweeper);
}

static void on_slice(uv_timer_t *slice)
{
    go_on(slice->data);
}

static void on_thread_works(void *ctx)
{
    take_whole_step(ctx);
}

static void on_thread_closed(void *ctx)
{
    free_closed(ctx);
}

static void on_thread_done(void *ctx)
{
    struct sweeper *sweeper = ctx;

    enter(sweeper, next_state(sweeper));
    go_on(sweeper);
}

/* Take steps until one has to wait. */
static void go_on(struct sweeper *sweeper)
{
    while (sweeper->state != SWEEP_IDLE) {
        switch (sweeper->state) {
        case SWEEP_BEGINNING:
        case SWEEP_REFRESHING:
        case SWEEP_TAKING:
            if (registry_n_series(sweeper->options.registry) > INLINE_MAX) {
                step_thread_ask(&sweeper->thread);
                return;
            }
            take_whole_step(sweeper);
            break;
        case SWEEP_MARKING:
        case SWEEP_REMOVING:
        case SWEEP_FINISHING:
            if (!take_slice(sweeper))
                break;
            uv_timer_start(&sweeper->slice, on_slice, SLICE_PAUSE_MS, 0);
            return;
        case SWEEP_ASKING: ask_all(sweeper, pass); return;
        case SWEEP_RELEASING: ask_all(sweeper, release); return;
        case SWEEP_IDLE: return;
        }
        enter(sweeper, next_state(sweeper));
    }
}

static void on_answered(uv_async_t *async)
{
    struct sweeper *sweeper = async->data;
    bool is_awaited = sweeper->state == SWEEP_ASKING || sweeper->state == SWEEP_RELEASING;

    if (!is_awaited || atomic_load(&sweeper->n_awaited) > 0)
        return;
    if (sweeper->state == SWEEP_RELEASING)
        sweeper->n_released += n_in_round(sweeper);
    if (sweeper->state == SWEEP_ASKING || sweeper->n_released == sweeper->expiry.n_items)
        enter(sweeper, next_state(sweeper));
    go_on(sweeper);
}

static void begin(struct sweeper *sweeper, enum sweep_state state)
{
    enter(sweeper, state);
    go_on(sweeper);
}

/* --- when --------------------------------------------------------------------------------- */

/* Whether it is time for a sweep: series of the shortest TTL may be a tenth of it too old. */
static bool is_due(struct sweeper *sweeper, int64_t now_ns)
{
    int64_t shortest_ns = registry_take_shortest_ttl(sweeper->options.registry), interval_ns;
    int64_t default_ns = shortest_default_ns(sweeper);

    /* If one has become longer, the next sweep finds out. */
    if (shortest_ns > default_ns)
        shortest_ns = default_ns;
    if (shortest_ns < sweeper->shortest_ttl_ns)
        sweeper->shortest_ttl_ns = shortest_ns;
    if (sweeper->shortest_ttl_ns == INT64_MAX)
        return false;
    interval_ns = sweeper->shortest_ttl_ns / INTERVALS_PER_TTL;
    return sweeper->was_short ||
           now_ns - sweeper->last_sweep_ns >=
               (interval_ns < INTERVAL_MAX_NS ? interval_ns : INTERVAL_MAX_NS);
}

static void on_tick(uv_timer_t *tick)
{
    struct sweeper *sweeper = tick->data;

    if (sweeper->state != SWEEP_IDLE)
        return;
    sweeper->rule = next_rule(sweeper);
    if (is_due(sweeper, sweeper->rule.now_ns)) {
        sweeper->last_sweep_ns = sweeper->rule.now_ns;
        begin(sweeper, SWEEP_BEGINNING);
    } else if (registry_has_ended(sweeper->options.registry)) {
        begin(sweeper, SWEEP_TAKING);
    }
}

static void on_pause_over(uv_timer_t *pause)
{
    struct sweeper *sweeper = pause->data;

    if (sweeper->state != SWEEP_IDLE)
        uv_timer_start(pause, on_pause_over, PAUSE_MS, 0);
    else
        begin(sweeper, SWEEP_TAKING);
}

static void on_notified(uv_async_t *notified)
{
    struct sweeper *sweeper = notified->data;

    if (!uv_is_active((uv_handle_t *)&sweeper->pause))
        uv_timer_start(&sweeper->pause, on_pause_over, PAUSE_MS, 0);
}

void sweeper_set_ttls(struct sweeper *sweeper, const uint32_t ttl_s[_METRIC_TYPE_N],
                      uint32_t unscraped_ttl_s)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        atomic_store(&sweeper->ttl_s[type], ttl_s[type]);
    atomic_store(&sweeper->unscraped_ttl_s, unscraped_ttl_s);
}

void sweeper_notify(struct sweeper *sweeper)
{
    uv_async_send(&sweeper->notified);
}

/* --- life --------------------------------------------------------------------------------- */

static void open_handles(struct sweeper *sweeper, uv_loop_t *loop)
{
    /* Each loop has an async of its own. With that none of these can fail. */
    uv_async_init(loop, &sweeper->notified, on_notified);
    uv_async_init(loop, &sweeper->answered, on_answered);
    uv_timer_init(loop, &sweeper->tick);
    uv_timer_init(loop, &sweeper->pause);
    uv_timer_init(loop, &sweeper->slice);
    sweeper->n_open = 6; /* with that of the thread */
    sweeper->tick.data = sweeper->pause.data = sweeper->slice.data = sweeper;
    sweeper->notified.data = sweeper->answered.data = sweeper;
    uv_timer_start(&sweeper->tick, on_tick, TICK_MS, TICK_MS);
}

int sweeper_open(struct sweeper **ret, uv_loop_t *loop, const struct sweeper_options *options)
{
    struct sweeper *sweeper = calloc(1, sizeof(*sweeper));
    const struct step_thread_options thread = {
        on_thread_works,
        on_thread_done,
        on_thread_closed,
        sweeper,
    };
    struct worker_task *tasks = calloc(options->n_workers, sizeof(*tasks));
    int r = sweeper && tasks ? 0 : -ENOMEM;

    if (r == 0)
        r = expiry_init(&sweeper->expiry);
    if (r == 0)
        r = step_thread_start(&sweeper->thread, loop, &thread);
    if (r < 0) {
        if (sweeper)
            expiry_deinit(&sweeper->expiry);
        free(sweeper);
        free(tasks);
        return r;
    }
    sweeper->options = *options;
    sweeper->tasks = tasks;
    sweeper->last_sweep_ns = clock_monotonic_ns();
    sweeper_set_ttls(sweeper, options->ttl_s, options->unscraped_ttl_s);
    sweeper->shortest_ttl_ns = shortest_default_ns(sweeper);
    open_handles(sweeper, loop);
    *ret = sweeper;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free_closed(handle->data);
}

void sweeper_close(struct sweeper *sweeper)
{
    if (!sweeper)
        return;
    uv_close((uv_handle_t *)&sweeper->tick, on_closed);
    uv_close((uv_handle_t *)&sweeper->pause, on_closed);
    uv_close((uv_handle_t *)&sweeper->slice, on_closed);
    uv_close((uv_handle_t *)&sweeper->notified, on_closed);
    uv_close((uv_handle_t *)&sweeper->answered, on_closed);
    step_thread_close(&sweeper->thread); /* after its step, if it takes one */
}
