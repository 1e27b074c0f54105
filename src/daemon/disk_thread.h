/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Disk thread: does all that may wait for a disk or a name server while the daemon runs
 *
 * A disk may hang, and a name server may not answer. Then this thread waits, and no other.
 */

#include "base/compiler.h"

#include <stdbool.h>

struct disk_thread;

/* All are called on the thread. */
struct disk_thread_options {
    void (*on_asked)(void *ctx);
    void (*on_tick)(void *ctx); /* about once a second while there is need */
    /* Whether there is. It is asked after each of the others, so that an idle process can sleep. */
    bool (*needs_ticks)(void *ctx);
    void *ctx;
};

/* Make the thread, which does not run yet. Returns 0 or -ENOMEM. */
MUST_CHECK int disk_thread_new(struct disk_thread **ret);

/* Let it run. Returns 0 or negative errno. */
MUST_CHECK int disk_thread_start(struct disk_thread *thread,
                                 const struct disk_thread_options *options);

/*
 * Let it call on_asked() soon. If it has been asked already, and has not begun, then once for both.
 * Does not wait. Any thread, until disk_thread_free().
 */
void disk_thread_ask(struct disk_thread *thread);

/*
 * On the thread: what follows, up to disk_thread_end_wait(), may wait for a disk or a name server.
 * The process may end meanwhile, so it may use only memory that stays: see disk_thread_is_stuck().
 * Between two such parts the thread waits for workers at most, and the end of the process waits for
 * it.
 *
 * If one of them returns false, the process ends: return, and touch nothing else.
 */
MUST_CHECK bool disk_thread_begin_wait(struct disk_thread *thread);

/* The same if what follows only looks up names: as nothing is half done, it is given no time. */
MUST_CHECK bool disk_thread_begin_look_up(struct disk_thread *thread);
MUST_CHECK bool disk_thread_end_wait(struct disk_thread *thread);

/*
 * End the thread, before the workers are stopped. If it waits for a disk, it is given a second, and
 * is abandoned then; for a name server, at once. NULL is fine, and so is a second call.
 */
void disk_thread_stop(struct disk_thread *thread);

/* Whether it was abandoned. What it uses between begin and end must not be freed then. */
bool disk_thread_is_stuck(const struct disk_thread *thread);

/* Free it, after disk_thread_stop(), unless it is stuck. NULL is fine. */
void disk_thread_free(struct disk_thread *thread);
