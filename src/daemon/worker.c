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
#include "daemon/pipeline.h"
#include "input/udp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

/* How long stopping may take while senders go on sending. */
#define DRAIN_MAX_NS CLOCK_NS_PER_S

struct worker {
    struct worker_options options;
    struct shard *shard;
    struct pipeline *pipeline;
    struct udp *udps[WORKER_SOCKETS_MAX];
    unsigned n_udps;
    uv_loop_t loop;
    uv_async_t async;
    uv_thread_t thread;
    int64_t last_error_ns;

    pthread_mutex_t lock; /* guards what follows */
    struct worker_task *tasks;
    bool is_stopping;
};

/* --- receiving ------------------------------------------------------------------ */

static void on_wakeup(void *ctx, enum udp_wakeup wakeup)
{
    struct worker *worker = ctx;
    unsigned counter = wakeup == UDP_WAKEUP_POLL ? TELEMETRY_WAKEUPS_POLL : TELEMETRY_WAKEUPS_TIMER;

    worker->options.row->counts[counter]++;
    shard_set_now(worker->shard, clock_seconds());
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    struct worker *worker = ctx;

    pipeline_push(worker->pipeline, datagram, arrived_ns);
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
    struct worker *worker = ctx;

    pipeline_flush(worker->pipeline);
    telemetry_count_batch(worker->options.row, n_datagrams);
}

static void on_drained(void *ctx)
{
    struct worker *worker = ctx;

    telemetry_publish(worker->options.row);
}

static void on_error(void *ctx, int error)
{
    struct worker *worker = ctx;
    int64_t now_ns = clock_monotonic_ns();

    /* One line a second tells as much as thousands. */
    if (worker->last_error_ns && now_ns - worker->last_error_ns < CLOCK_NS_PER_S)
        return;
    worker->last_error_ns = now_ns;
    log_warn("receiving failed", LOG_UINT("worker", worker->options.index),
             LOG_TEXT("error", uv_strerror(error)));
}

/* --- tasks and the end ------------------------------------------------------------ */

static void stop_receiving(struct worker *worker)
{
    int64_t deadline_ns = clock_monotonic_ns() + DRAIN_MAX_NS;

    shard_set_now(worker->shard, clock_seconds());
    for (unsigned i = 0; i < worker->n_udps; i++) {
        while (udp_drain(worker->udps[i]) > 0)
            if (clock_monotonic_ns() > deadline_ns)
                break;
        udp_close(worker->udps[i]);
    }
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

static int open_udps(struct worker *worker)
{
    const struct udp_callbacks callbacks = {
        .ctx = worker,
        .on_wakeup = on_wakeup,
        .on_datagram = on_datagram,
        .on_batch_end = on_batch_end,
        .on_drained = on_drained,
        .on_error = on_error,
    };

    for (unsigned i = 0; i < worker->options.n_fds; i++) {
        int r = udp_open(&worker->udps[i], &worker->loop, worker->options.fds[i], &callbacks);

        if (r < 0)
            return r;
        worker->n_udps++;
    }
    return 0;
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
        r = open_udps(worker);
        if (r == 0)
            r = uv_thread_create(&worker->thread, run, worker);
        if (r < 0)
            uv_close((uv_handle_t *)&worker->async, NULL);
    }
    if (r < 0) {
        for (unsigned i = 0; i < worker->n_udps; i++)
            udp_close(worker->udps[i]);
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
        r = pipeline_new(&worker->pipeline, worker->shard, options->row);
    if (r == 0)
        r = open_loop(worker);
    if (r < 0) {
        free_worker(worker);
        return r;
    }
    *ret = worker;
    return 0;
}
