/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Worker
 *
 * A libuv loop on a thread of its own: sockets at one end, a shard at the other,
 * the pipeline between them. Whatever can fail is done before the thread starts.
 *
 * The only way in from outside is the list of tasks behind one uv_async. Because
 * the loop runs one callback at a time, a task runs when no datagram is being
 * applied; the expiry sweep relies on that.
 */

#include "daemon/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "input/connections.h"
#include "input/datagrams.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

/* How long stopping may take while senders go on sending. */
#define DRAIN_MAX_NS CLOCK_NS_PER_S

/* Lines about the same thing do not come more often. */
#define LOG_PAUSE_NS (10 * CLOCK_NS_PER_S)

/* With so many keys, about 10 MB of memory, a worker is worth huge pages; the first one to have
 * them brings them to all. */
#define HUGE_PAGES_KEYS 20000

/* A socket of a worker's, with what reads it: the one or the other. */
struct source {
    struct worker *worker;
    struct worker_socket socket;
    struct datagrams *datagrams;
    struct connections *connections;
};

struct worker {
    struct worker_options options;
    struct shard *shard;
    struct pipeline *pipeline;
    struct source sources[WORKER_SOCKETS_MAX];
    unsigned n_sources;
    uv_loop_t loop;
    uv_async_t async;
    uv_thread_t thread;
    int64_t last_error_ns;
    int64_t last_conflict_ns;
    uint64_t n_conflicts; /* as of the last look, as is the next */
    uint64_t n_ended;
    bool has_huge_pages;

    pthread_mutex_t lock; /* guards what follows */
    struct worker_task *tasks;
    bool is_stopping;
};

/* --- what to tell others ---------------------------------------------------------- */

/* Is it long enough since @last_ns? Then it is now. */
static bool may_log(int64_t *last_ns, int64_t pause_ns)
{
    int64_t now_ns = clock_monotonic_ns();

    if (*last_ns && now_ns - *last_ns < pause_ns)
        return false;
    *last_ns = now_ns;
    return true;
}

static void log_conflict(struct worker *worker)
{
    struct conflict conflict;

    if (!may_log(&worker->last_conflict_ns, LOG_PAUSE_NS) ||
        !registry_latest_conflict(worker->options.registry, &conflict))
        return;
    log_warn("type conflict: samples are refused", LOG_TEXT("name", conflict.name),
             LOG_TEXT("sent_as", metric_type_name(conflict.wanted)),
             LOG_TEXT("held_by", conflict.held_by),
             LOG_TEXT("held_as", metric_type_name(conflict.held)),
             LOG_TEXT("hint", "rename one of the two; /api/v1/conflicts lists all"));
}

/* After some lines were applied: has anything happened that others must hear of? */
static void tell_others(struct worker *worker)
{
    const uint64_t *counts = worker->options.row->counts;
    uint64_t n_conflicts = counts[TELEMETRY_VERDICTS + REFUSED_TYPE_CONFLICT];

    if (UNLIKELY(n_conflicts != worker->n_conflicts))
        log_conflict(worker);
    worker->n_conflicts = n_conflicts;
    if (UNLIKELY(counts[TELEMETRY_ENDED] != worker->n_ended) && worker->options.on_ended)
        worker->options.on_ended(worker->options.ctx);
    worker->n_ended = counts[TELEMETRY_ENDED];
}

static void choose_pages(struct worker *worker)
{
    if (LIKELY(worker->has_huge_pages || shard_n_keys(worker->shard) < HUGE_PAGES_KEYS))
        return;
    memory_use_huge_pages();
    worker->has_huge_pages = true;
}

/* --- receiving datagrams ------------------------------------------------------------ */

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
    struct worker *worker = ((struct source *)ctx)->worker;
    unsigned counter =
        wakeup == DATAGRAMS_WAKEUP_POLL ? TELEMETRY_WAKEUPS_POLL : TELEMETRY_WAKEUPS_TIMER;

    worker->options.row->counts[counter]++;
    shard_set_now(worker->shard, clock_seconds());
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    struct source *source = ctx;
    struct pipeline *pipeline = source->worker->pipeline;

    /* The kernel stamps what comes by UDP only. */
    if (UNLIKELY(arrived_ns == 0 && source->socket.needs_arrivals))
        arrived_ns = clock_monotonic_ns();
    pipeline_set_dogstatsd(pipeline, source->socket.is_dogstatsd);
    pipeline_push(pipeline, datagram, arrived_ns);
}

static void on_cut(void *ctx)
{
    pipeline_refuse(((struct source *)ctx)->worker->pipeline, REFUSED_LINE_LIMIT);
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
    struct worker *worker = ((struct source *)ctx)->worker;

    pipeline_flush(worker->pipeline);
    telemetry_count_batch(worker->options.row, n_datagrams);
    tell_others(worker);
    choose_pages(worker);
}

static void on_drained(void *ctx)
{
    struct worker *worker = ((struct source *)ctx)->worker;

    telemetry_publish(worker->options.row);
}

static void on_error(void *ctx, int error)
{
    struct worker *worker = ((struct source *)ctx)->worker;

    /* One line a second tells as much as thousands. */
    if (may_log(&worker->last_error_ns, CLOCK_NS_PER_S))
        log_warn("receiving failed", LOG_UINT("worker", worker->options.index),
                 LOG_TEXT("error", uv_strerror(error)));
}

/* --- receiving streams ---------------------------------------------------------------- */

static void on_lines(void *ctx, struct slice lines)
{
    struct source *source = ctx;
    struct worker *worker = source->worker;
    int64_t arrived_ns = source->socket.needs_arrivals ? clock_monotonic_ns() : 0;

    shard_set_now(worker->shard, clock_seconds());
    pipeline_set_dogstatsd(worker->pipeline, source->socket.is_dogstatsd);
    pipeline_push_stream(worker->pipeline, lines, arrived_ns);
    pipeline_flush(worker->pipeline);
}

static void on_refused(void *ctx, enum verdict reason)
{
    pipeline_refuse(((struct source *)ctx)->worker->pipeline, reason);
}

static void on_opened(void *ctx)
{
    uint64_t *counts = ((struct source *)ctx)->worker->options.row->counts;

    counts[TELEMETRY_CONNECTIONS]++;
    counts[TELEMETRY_CONNECTIONS_OPENED]++;
}

static void on_connection_closed(void *ctx)
{
    ((struct source *)ctx)->worker->options.row->counts[TELEMETRY_CONNECTIONS]--;
}

static void on_rejected(void *ctx)
{
    ((struct source *)ctx)->worker->options.row->counts[TELEMETRY_CONNECTIONS_REFUSED]++;
}

static void on_turn_end(void *ctx)
{
    struct worker *worker = ((struct source *)ctx)->worker;

    worker->options.row->counts[TELEMETRY_WAKEUPS_POLL]++;
    tell_others(worker);
    choose_pages(worker);
    telemetry_publish(worker->options.row);
}

/* --- tasks and the end ------------------------------------------------------------ */

static void drain(struct source *source, int64_t deadline_ns)
{
    if (source->connections)
        connections_drain(source->connections, deadline_ns);
    while (source->datagrams && datagrams_drain(source->datagrams) > 0)
        if (clock_monotonic_ns() > deadline_ns)
            break;
}

static void close_sources(struct worker *worker)
{
    for (unsigned i = 0; i < worker->n_sources; i++) {
        datagrams_close(worker->sources[i].datagrams);
        connections_close(worker->sources[i].connections);
    }
}

static void stop_receiving(struct worker *worker)
{
    int64_t deadline_ns = clock_monotonic_ns() + DRAIN_MAX_NS;

    shard_set_now(worker->shard, clock_seconds());
    for (unsigned i = 0; i < worker->n_sources; i++)
        drain(&worker->sources[i], deadline_ns);
    close_sources(worker);
    uv_close((uv_handle_t *)&worker->async, NULL);
}

static void run_tasks(struct worker *worker, struct worker_task *tasks)
{
    while (tasks) {
        /* Once it has run, the task is its owner's again. */
        struct worker_task *next = tasks->next;

        tasks->run(worker->shard, tasks->arg);
        tasks = next;
    }
    /* A task may have made it forget keys, and no datagram may come for long. */
    worker->options.row->counts[TELEMETRY_KEYS] = shard_n_keys(worker->shard);
    telemetry_publish(worker->options.row);
}

static void on_async(uv_async_t *async)
{
    struct worker *worker = async->data;
    struct worker_task *tasks;
    bool is_stopping;

    pthread_mutex_lock(&worker->lock);
    tasks = TAKE(worker->tasks);
    is_stopping = worker->is_stopping;
    pthread_mutex_unlock(&worker->lock);

    run_tasks(worker, tasks);
    if (is_stopping)
        stop_receiving(worker);
}

void worker_ask(struct worker *worker, struct worker_task *task)
{
    pthread_mutex_lock(&worker->lock);
    task->next = worker->tasks;
    worker->tasks = task;
    pthread_mutex_unlock(&worker->lock);
    uv_async_send(&worker->async);
}

static void run(void *arg)
{
    struct worker *worker = arg;

    uv_run(&worker->loop, UV_RUN_DEFAULT);
}

static void free_worker(struct worker *worker)
{
    pipeline_free(worker->pipeline);
    shard_free(worker->shard);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void worker_ask_to_stop(struct worker *worker)
{
    if (!worker)
        return;
    /* Under the lock: once the worker has seen that it is to stop, it closes the handle. */
    pthread_mutex_lock(&worker->lock);
    if (!worker->is_stopping) {
        worker->is_stopping = true;
        uv_async_send(&worker->async);
    }
    pthread_mutex_unlock(&worker->lock);
}

void worker_stop(struct worker *worker)
{
    if (!worker)
        return;
    worker_ask_to_stop(worker);
    uv_thread_join(&worker->thread);
    uv_loop_close(&worker->loop);
    free_worker(worker);
}

/* --- the beginning ----------------------------------------------------------------- */

static int open_datagrams(struct source *source)
{
    const struct datagrams_callbacks callbacks = {
        .ctx = source,
        .on_wakeup = on_wakeup,
        .on_datagram = on_datagram,
        .on_cut = on_cut,
        .on_batch_end = on_batch_end,
        .on_drained = on_drained,
        .on_error = on_error,
    };

    return datagrams_open(&source->datagrams, &source->worker->loop, source->socket.fd, &callbacks);
}

static int open_connections(struct source *source)
{
    const struct worker_options *options = &source->worker->options;
    const struct connections_options connections_options = {
        .fd = source->socket.fd,
        .stream = {
            .line_max = options->pipeline->resolve.limits.line,
            .may_have_frames = source->socket.may_have_frames,
        },
        .n_open = options->n_connections,
        .n_max = options->max_connections,
        .callbacks = {
            .ctx = source,
            .on_lines = on_lines,
            .on_refused = on_refused,
            .on_opened = on_opened,
            .on_closed = on_connection_closed,
            .on_rejected = on_rejected,
            .on_turn_end = on_turn_end,
        },
    };

    return connections_open(&source->connections, &source->worker->loop, &connections_options);
}

static int open_sources(struct worker *worker)
{
    int r = 0;

    for (unsigned i = 0; i < worker->options.n_sockets && r == 0; i++) {
        struct source *source = &worker->sources[i];

        *source = (struct source){ .worker = worker, .socket = worker->options.sockets[i] };
        r = source->socket.is_stream ? open_connections(source) : open_datagrams(source);
        worker->n_sources++;
    }
    return r;
}

/* What the loop needs. On failure all of it is closed again. */
static int open_loop(struct worker *worker)
{
    int r = uv_loop_init(&worker->loop);

    if (r < 0)
        return r;
    worker->async.data = worker;
    r = uv_async_init(&worker->loop, &worker->async, on_async);
    if (r == 0) {
        r = open_sources(worker);
        if (r == 0)
            r = uv_thread_create(&worker->thread, run, worker);
        if (r < 0)
            uv_close((uv_handle_t *)&worker->async, NULL);
    }
    if (r < 0) {
        close_sources(worker);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
        uv_loop_close(&worker->loop);
    }
    return r;
}

int worker_start(struct worker **ret, const struct worker_options *options)
{
    const struct shard_options shard_options = {
        .registry = options->registry,
        .worker = options->index,
        .max_key_bytes = options->max_key_bytes,
        .seed = options->seed,
    };
    struct worker *worker = calloc(1, sizeof(*worker));
    int r;

    if (!worker)
        return -ENOMEM;
    worker->options = *options;
    pthread_mutex_init(&worker->lock, NULL);
    r = shard_new(&worker->shard, &shard_options);
    if (r == 0)
        r = pipeline_new(&worker->pipeline, worker->shard, options->row, options->pipeline);
    if (r == 0)
        r = open_loop(worker);
    if (r < 0) {
        free_worker(worker);
        return r;
    }
    *ret = worker;
    return 0;
}
