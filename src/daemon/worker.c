/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Worker
 *
 * A thread with a libuv loop, in which the intake receives. Everything that can fail is done
 * before the thread starts.
 *
 * Other threads reach a worker only through a list of tasks, announced by one uv_async. As
 * the loop runs one callback at a time, no datagram is being applied while a task runs; the
 * expiry sweep relies on that.
 */

#include "daemon/worker.h"

#include "base/clock.h"
#include "base/memory.h"
#include "input/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

/* How long draining may take while senders keep sending. */
#define DRAIN_MAX_NS CLOCK_NS_PER_S

struct worker {
    struct intake *intake;
    uv_loop_t loop;
    uv_async_t async;
    uv_thread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    struct worker_task *tasks;
    bool is_stopping;
};

/* --- tasks and stopping ----------------------------------------------------------- */

static void stop_receiving(struct worker *worker)
{
    intake_drain(worker->intake, clock_monotonic_ns() + DRAIN_MAX_NS);
    intake_close(worker->intake);
    uv_close((uv_handle_t *)&worker->async, NULL);
}

static void run_tasks(struct worker *worker, struct worker_task *tasks)
{
    while (tasks) {
        /* Once the task has run, its owner may reuse it. */
        struct worker_task *next = tasks->next;

        tasks->run(intake_shard(worker->intake), tasks->arg);
        tasks = next;
    }
    /* A task may have removed keys, and it may be long until the next datagram. */
    intake_publish(worker->intake);
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

struct intake *worker_intake(struct worker *worker)
{
    return worker->intake;
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

    memory_begin_thread();
    uv_run(&worker->loop, UV_RUN_DEFAULT);
}

static void free_worker(struct worker *worker)
{
    intake_free(worker->intake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void worker_ask_to_stop(struct worker *worker)
{
    if (!worker)
        return;
    /* Under the lock, because the worker closes the handle once it sees is_stopping. */
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

/* --- starting ---------------------------------------------------------------------- */

/* Open the loop, and start the thread. On failure everything is closed again. */
static int open_loop(struct worker *worker)
{
    int r = loop_open(&worker->loop);

    if (r < 0)
        return r;
    worker->async.data = worker;
    r = uv_async_init(&worker->loop, &worker->async, on_async);
    if (r == 0) {
        r = intake_open(worker->intake, &worker->loop);
        if (r == 0)
            r = uv_thread_create(&worker->thread, run, worker);
        if (r < 0)
            uv_close((uv_handle_t *)&worker->async, NULL);
    }
    if (r < 0) {
        intake_close(worker->intake);
        uv_run(&worker->loop, UV_RUN_DEFAULT);
        uv_loop_close(&worker->loop);
    }
    return r;
}

int worker_start(struct worker **ret, const struct intake_options *options)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int r;

    if (!worker)
        return -ENOMEM;
    pthread_mutex_init(&worker->lock, NULL);
    r = intake_new(&worker->intake, options);
    if (r == 0)
        r = open_loop(worker);
    if (r < 0) {
        free_worker(worker);
        return r;
    }
    *ret = worker;
    return 0;
}
