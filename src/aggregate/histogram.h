/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Histogram: how many observations fell into each bucket, and their sum
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

struct histogram_cell {
    struct cell cell;
    const struct buckets *buckets; /* the family's; here because recording needs them */
    double carry;                  /* the owner's: the part of an event not counted yet, [0, 1) */
    _Atomic double sum;
    _Atomic uint64_t counts[]; /* one for each bucket, not cumulated */
};

/* Give a new cell the buckets of its family. */
void histogram_init(struct cell *cell, const struct buckets *buckets);

/*
 * Owner: one observation of @value that stands for @weight events (1 / rate).
 *
 * Events are whole: the fraction of a weight is carried over to the next
 * observation, so that count and sum are right on average, in constant time.
 * May refuse an overflow of the sum.
 */
MUST_CHECK enum verdict histogram_record(struct histogram_cell *histogram, double value,
                                         double weight);

/*
 * Any thread: sum and counts of all cells (struct kind). The sum includes every observation
 * that is counted, and of each worker perhaps one that is not counted yet.
 */
void histogram_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                    struct reading *ret);
