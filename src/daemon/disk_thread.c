/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Disk thread
 *
 * One flag says whether the thread may be waiting for a disk. While it is set, the thread may be
 * abandoned; it learns that when it wants to clear the flag, and then touches nothing.
 */

#include "daemon/disk_thread.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define TICK_NS CLOCK_NS_PER_S
#define END_MAX_NS CLOCK_NS_PER_S

struct disk_thread {
    struct disk_thread_options options;
    pthread_t thread;
    bool is_running, is_stuck; /* only for whoever starts and stops it */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool is_asked;
    bool is_waiting;    /* perhaps for a disk, */
    bool is_looking_up; /* or only for a name server */
    bool is_stopping, has_ended;
};

static struct timespec after(int64_t ns)
{
    int64_t until_ns = clock_monotonic_ns() + ns;

    return (struct timespec){ until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S };
}

static void set(struct disk_thread *thread, bool *flag)
{
    pthread_mutex_lock(&thread->lock);
    *flag = true;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Wait until there is something to do: what was asked for, or a tick. False: the process ends. */
static bool wait_for_work(struct disk_thread *thread, bool *ret_is_asked)
{
    bool has_ticks = thread->options.needs_ticks(thread->options.ctx), is_stopping;
    const struct timespec until = after(TICK_NS);
    int r = 0;

    pthread_mutex_lock(&thread->lock);
    while (!thread->is_asked && !thread->is_stopping && r != ETIMEDOUT)
        r = has_ticks ? pthread_cond_timedwait(&thread->changed, &thread->lock, &until)
                      : pthread_cond_wait(&thread->changed, &thread->lock);
    *ret_is_asked = thread->is_asked;
    thread->is_asked = false;
    is_stopping = thread->is_stopping;
    pthread_mutex_unlock(&thread->lock);
    return !is_stopping;
}

static void *run(void *arg)
{
    struct disk_thread *thread = arg;
    bool is_asked;

    while (wait_for_work(thread, &is_asked)) {
        if (is_asked)
            thread->options.on_asked(thread->options.ctx);
        else
            thread->options.on_tick(thread->options.ctx);
    }
    set(thread, &thread->has_ended);
    return NULL;
}

/* Returns false if the process ends. */
static bool set_waiting(struct disk_thread *thread, bool is_waiting, bool is_looking_up)
{
    bool is_stopping;

    pthread_mutex_lock(&thread->lock);
    is_stopping = thread->is_stopping;
    thread->is_waiting = is_waiting && !is_stopping;
    thread->is_looking_up = is_looking_up;
    pthread_mutex_unlock(&thread->lock);
    return !is_stopping;
}

bool disk_thread_begin_wait(struct disk_thread *thread)
{
    return set_waiting(thread, true, false);
}

bool disk_thread_begin_look_up(struct disk_thread *thread)
{
    return set_waiting(thread, true, true);
}

bool disk_thread_end_wait(struct disk_thread *thread)
{
    return set_waiting(thread, false, false);
}

void disk_thread_ask(struct disk_thread *thread)
{
    set(thread, &thread->is_asked);
}

/* --- beginning and end ---------------------------------------------------------------------- */

int disk_thread_new(struct disk_thread **ret)
{
    struct disk_thread *thread = calloc(1, sizeof(*thread));
    pthread_condattr_t attributes;

    if (!thread)
        return -ENOMEM;
    pthread_mutex_init(&thread->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&thread->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret = thread;
    return 0;
}

int disk_thread_start(struct disk_thread *thread, const struct disk_thread_options *options)
{
    int r;

    thread->options = *options;
    r = -pthread_create(&thread->thread, NULL, run, thread);
    thread->is_running = r == 0;
    return r;
}

/* Returns whether the thread has ended; otherwise it waits for a disk or a name server. */
static bool wait_for_end(struct disk_thread *thread)
{
    struct timespec until;
    bool has_ended;
    int r = 0;

    pthread_mutex_lock(&thread->lock);
    thread->is_stopping = true;
    until = after(thread->is_looking_up ? 0 : END_MAX_NS);
    pthread_cond_broadcast(&thread->changed);
    while (!thread->has_ended && !(thread->is_waiting && r == ETIMEDOUT))
        r = thread->is_waiting ? pthread_cond_timedwait(&thread->changed, &thread->lock, &until)
                               : pthread_cond_wait(&thread->changed, &thread->lock);
    has_ended = thread->has_ended;
    pthread_mutex_unlock(&thread->lock);
    return has_ended;
}

void disk_thread_stop(struct disk_thread *thread)
{
    if (!thread || !thread->is_running)
        return;
    thread->is_running = false;
    if (wait_for_end(thread)) {
        pthread_join(thread->thread, NULL);
        return;
    }
    pthread_detach(thread->thread);
    thread->is_stuck = true;
}

bool disk_thread_is_stuck(const struct disk_thread *thread)
{
    return thread && thread->is_stuck;
}

void disk_thread_free(struct disk_thread *thread)
{
    if (!thread || thread->is_stuck)
        return;
    pthread_cond_destroy(&thread->changed);
    pthread_mutex_destroy(&thread->lock);
    free(thread);
}
