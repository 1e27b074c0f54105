/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Summary: quantiles of the latest observations, and the number and sum of all of them
 *
 * The latest are those of a window of time, which moves in steps (base/summary_options.h). A
 * quantile has the relative error DDSKETCH_ACCURACY. All observations, and the times of all
 * arrivals, may be those of several workers.
 */

#include "aggregate/cell.h"
#include "aggregate/ddsketch.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/summary_options.h"
#include "base/verdict.h"

#include <pthread.h>

/* A part of the window: a row of the sketches. */
struct summary_age {
    _Atomic int64_t number; /* counted from when the clock was 0 */
    _Atomic uint64_t n_zeros;
};

/* What a cell may allocate besides what belongs to each part of the window, and that. */
#define SUMMARY_GROWTH_MAX (2 * sizeof(struct ddsketch))
#define SUMMARY_AGE_GROWTH_MAX (DDSKETCH_BINS_MAX * sizeof(uint32_t))

struct summary_cell {
    struct cell cell;
    const struct summary_options *options; /* the family's; kept here for recording */
    double carry;                          /* owner only, as in a histogram's cell */
    int64_t age_ends_ns;                   /* owner only: of the current part of the window */
    unsigned row;                          /* owner only: that part */
    _Atomic double sum;
    _Atomic uint64_t count;
    _Atomic(struct ddsketch *) sketches[2]; /* of positive and negative values; NULL: none yet */
    pthread_mutex_t read_lock;              /* a sketch that is read is not freed */
    struct summary_age ages[];
};

/* Give a new cell the options of its family, and its first carry; free what it has allocated. */
void summary_init(struct cell *cell, const struct buckets *buckets);
void summary_deinit(struct cell *cell);

/*
 * Owner: record an observation of @value, which arrived at @arrived_ns and represents @weight
 * events, as histogram_record() does. An older one than the newest so far counts as if it had
 * arrived with that. Returns VERDICT_APPLIED; REFUSED_VALUE_OVERFLOW if the sum would overflow, or
 * REFUSED_NO_MEMORY, and nothing has changed. It waits for a reader only when it replaces a sketch
 * that is read: that is when values are of a size that has not been seen before.
 */
MUST_CHECK enum verdict summary_record(struct summary_cell *summary, double value, double weight,
                                       int64_t arrived_ns);

/*
 * Any thread: read quantiles, sum and count of all cells (struct kind), the quantiles as of
 * @ret->now_ns. The sum includes every observation that is counted, and possibly one of each worker
 * that is not counted yet.
 */
void summary_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret);
