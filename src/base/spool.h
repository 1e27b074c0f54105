/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Spool: texts on their way to a descriptor, which a thread writes
 *
 * write() waits while a pipe is full, a terminal is stopped or a disk is slow. Here only the
 * spool's own thread waits. Everybody else puts a text in a ring of fixed size, and goes on. What
 * the ring has no room for, or write() refuses, is dropped and counted.
 */

#include "base/buffer.h"
#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>

/* What may wait, a few bytes of each text included. */
#define SPOOL_BYTES ((size_t)256 * 1024)

/* Everything after the options is the spool's own. All zero before spool_start(). */
struct spool {
    int fd; /* whose texts are counted when they are dropped */
    /* Adds the text that says that @n_dropped texts are missing in its place. Spool's thread. */
    void (*report)(struct buffer *out, uint64_t n_dropped);

    bool has_locks;
    pthread_mutex_t lock; /* guards what follows; no thread holds it while writing */
    pthread_cond_t has_work;
    pthread_cond_t has_emptied; /* or the thread has ended */
    pthread_t thread;
    char ring[SPOOL_BYTES];
    size_t begin, end; /* bytes taken out, and put in, since the start */
    uint64_t n_unreported;
    bool is_full;   /* nothing is added until the ring is empty, so that a report fits in there */
    bool is_broken; /* the last write() failed; do not report before the next text */
    bool is_stopping, has_ended;
    bool is_mid_line; /* the thread's own: the last text was cut */
    _Atomic uint64_t n_dropped;
};

/*
 * Start the thread, with all signals blocked. @fd and @report must be set. A spool must exist as
 * long as the process: its thread may never end. Returns 0 or negative errno.
 */
MUST_CHECK int spool_start(struct spool *spool);

/*
 * Put a copy of @text in the spool, to be written to @fd by one write() after all texts before it.
 * If there is no room, it is dropped. Any thread; never waits for the writing.
 */
void spool_add(struct spool *spool, int fd, struct slice text);

/* The texts for spool->fd that were dropped so far. Any thread, at any time. */
uint64_t spool_n_dropped(const struct spool *spool);

/* Wait until everything is written, but not after @end_ns (monotonic). */
void spool_flush(struct spool *spool, int64_t end_ns);

/*
 * The same, then end the thread. Returns false if it was still writing: it goes on, what is left
 * may never be written, and the spool cannot be started again. Texts that are added after the end
 * are dropped and counted.
 */
MUST_CHECK bool spool_stop(struct spool *spool, int64_t end_ns);
