/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Histogram: the number of observations in each bucket, classic and native, and their sum
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

#include <stdbool.h>
#include <stddef.h>

struct native_reading; /* aggregate/native_reading.h */

/*
 * What rounding may have taken from the fractions of a series, in events: seven samples at a rate
 * of 0.35 stand for 20, and must not count 19 because their sum is 19.999999999999996.
 */
#define HISTOGRAM_SLACK 0x1p-20

struct histogram_cell {
    struct cell cell;
    const struct buckets *buckets; /* the family's; kept here for recording */
    double carry;                  /* owner only: the fraction of an event not yet counted, and
                                      HISTOGRAM_SLACK */
    _Atomic double sum;
    _Atomic uint64_t counts[]; /* one for each bucket, not cumulative; or a struct native */
};

/* The bytes of a new cell with @buckets, and the most that it allocates later. */
size_t histogram_size(const struct buckets *buckets);
size_t histogram_growth(const struct buckets *buckets);

/* Give a new cell the buckets of its family, and its first carry; free what it has allocated. */
void histogram_init(struct cell *cell, const struct buckets *buckets);
void histogram_deinit(struct cell *cell);

/*
 * Owner: record an observation of @value that represents @weight events, from 1 to 1e9.
 *
 * Only whole events are counted. The fraction of a weight is carried over to the next
 * observation, so that count and sum are right on average, in constant time.
 * Returns VERDICT_APPLIED or, if the sum would overflow, REFUSED_VALUE_OVERFLOW. With native
 * buckets, also REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict histogram_record(struct histogram_cell *histogram, double value,
                                         double weight);

/*
 * Any thread: read sum and counts of all cells (struct kind). The sum includes every observation
 * that is counted, and possibly one of each worker that is not counted yet.
 */
void histogram_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                    struct reading *ret);

/*
 * The same for a family with native buckets, which are set in @ret_native: they have exactly the
 * observations of the classic ones. Waits at most while the owner of a cell switches a pointer.
 * Returns false without memory.
 */
MUST_CHECK bool histogram_read_native(_Atomic(struct cell *) *cells, unsigned n_cells,
                                      const struct buckets *buckets, struct reading *ret,
                                      struct native_reading *ret_native);
