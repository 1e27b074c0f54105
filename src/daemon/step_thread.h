/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Step thread: takes a long step for a loop, which goes on meanwhile
 *
 * A thread of our own, and not of libuv's pool: that would be started by the first step, and abort
 * the process if there is no memory for it. Here the thread is there from the start.
 */

#include "base/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <uv.h>

struct step_thread_options {
    void (*run)(void *ctx);       /* take the step; on the thread */
    void (*on_done)(void *ctx);   /* it is taken; on the loop's thread */
    void (*on_closed)(void *ctx); /* the memory may be freed; likewise */
    void *ctx;
};

struct step_thread {
    struct step_thread_options options;
    pthread_t thread;
    uv_async_t done;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool is_asked, is_done, is_stopping;
};

/* Start the thread, with all signals blocked. Returns 0 or negative errno; then nothing is left. */
MUST_CHECK int step_thread_start(struct step_thread *thread, uv_loop_t *loop,
                                 const struct step_thread_options *options);

/* Ask for a step; on_done() follows. On the loop's thread, and not before the last one is done. */
void step_thread_ask(struct step_thread *thread);

/* End the thread, after its step, of which on_done() says nothing any more. on_closed() follows. */
void step_thread_close(struct step_thread *thread);
