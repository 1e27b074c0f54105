/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Histogram: how many observations fell into each bucket, and their sum
 */

#include "aggregate/cell.h"
#include "base/verdict.h"

/*
 * Owner: one observation of @value that stands for @weight events (1 / rate).
 *
 * Events are whole: the fraction of a weight is carried over to the next
 * observation, so that count and sum are right on average, in constant time.
 * May refuse an overflow of the sum.
 */
MUST_CHECK enum verdict histogram_record(struct histogram_cell *histogram, double value,
                                         double weight);

/* Any thread: add the cell's sum and counts to @sum and @counts, as many as it has. */
void histogram_merge(const struct histogram_cell *histogram, double *sum, uint64_t *counts);
