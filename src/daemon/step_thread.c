/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Step thread
 *
 * There is one step at a time, so two flags are all that the threads exchange.
 */

#include "daemon/step_thread.h"

#include "base/memory.h"

#include <signal.h>

/* Wait for a step. Returns false when there will be none. */
static bool wait_for_step(struct step_thread *thread)
{
    bool is_stopping;

    pthread_mutex_lock(&thread->lock);
    while (!thread->is_asked && !thread->is_stopping)
        pthread_cond_wait(&thread->changed, &thread->lock);
    thread->is_asked = false;
    is_stopping = thread->is_stopping;
    pthread_mutex_unlock(&thread->lock);
    return !is_stopping;
}

static void *run(void *arg)
{
    struct step_thread *thread = arg;

    memory_begin_thread();
    while (wait_for_step(thread)) {
        thread->options.run(thread->options.ctx);
        pthread_mutex_lock(&thread->lock);
        thread->is_done = true;
        pthread_mutex_unlock(&thread->lock);
        uv_async_send(&thread->done);
    }
    return NULL;
}

static void on_done(uv_async_t *done)
{
    struct step_thread *thread = done->data;
    bool is_done;

    pthread_mutex_lock(&thread->lock);
    is_done = thread->is_done;
    thread->is_done = false;
    pthread_mutex_unlock(&thread->lock);
    if (is_done)
        thread->options.on_done(thread->options.ctx);
}

int step_thread_start(struct step_thread *thread, uv_loop_t *loop,
                      const struct step_thread_options *options)
{
    sigset_t all, before;
    int r;

    *thread = (struct step_thread){ .options = *options };
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->changed, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = -pthread_create(&thread->thread, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        uv_async_init(loop, &thread->done, on_done); /* cannot fail: each loop has one already */
    thread->done.data = thread;
    return r;
}

void step_thread_ask(struct step_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->is_asked = true;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

static void on_closed(uv_handle_t *handle)
{
    struct step_thread *thread = handle->data;

    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->lock);
    thread->options.on_closed(thread->options.ctx);
}

void step_thread_close(struct step_thread *thread)
{
    pthread_mutex_lock(&thread->lock);
    thread->is_stopping = true;
    pthread_cond_signal(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    pthread_join(thread->thread, NULL);
    uv_close((uv_handle_t *)&thread->done, on_closed);
}
