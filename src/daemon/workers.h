/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Workers: all of them, and what others read of each
 */

#include "base/compiler.h"
#include "daemon/listeners.h"
#include "daemon/worker.h"

#include <pthread.h>

/* What each worker is to do, on its thread, between two drains. */
struct workers_request {
    void (*run)(void *ctx, unsigned worker, struct intake *intake);
    void *ctx;
};

/* A worker's part of a request. */
struct workers_part {
    struct workers *workers;
    struct worker_task task;
};

/* All zero: there are none. */
struct workers {
    unsigned n;
    struct telemetry_row *rows; /* one for each, and so are the next three */
    struct refused *refused;
    struct worker *items[CELLS_MAX];
    struct workers_part parts[CELLS_MAX];
    const struct workers_request *request; /* that is being done */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t answered;
    unsigned n_awaited; /* workers that have not done it yet */
};

struct workers_options {
    struct intake_options intake; /* of each; its number, row, list and sockets are filled in */
    const struct listeners *listeners; /* whose sockets they receive from; borrowed */
};

/* The number of workers, where @n_wanted is what the user wants; 0: not said. */
unsigned workers_choose(unsigned n_wanted);

/*
 * Make the rows and lists of @n workers, which do not run yet. @seed is for the lists. Returns 0 or
 * -ENOMEM; in both cases workers_deinit() may be called.
 */
MUST_CHECK int workers_init(struct workers *workers, unsigned n, uint64_t seed);

/* Free the rows and lists, after workers_stop(). */
void workers_deinit(struct workers *workers);

/*
 * Start all of them. Returns 0; or negative errno, and then some may run: workers_stop() must be
 * called in either case.
 */
MUST_CHECK int workers_start(struct workers *workers, const struct workers_options *options);

/*
 * Let the workers from number @first to before @end do @request, at the same time, and wait until
 * all have. One thread at a time, after workers_start() and before workers_stop().
 */
void workers_ask(struct workers *workers, unsigned first, unsigned end,
                 const struct workers_request *request);

/* Stop all that run, as worker_stop() does, at the same time. May be called again. */
void workers_stop(struct workers *workers);
