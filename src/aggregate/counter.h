/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Counter: a sum that only grows
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

#include <math.h>

struct counter_cell {
    struct cell cell;
    _Atomic double total;
};

/*
 * Owner: add @value, at least 0, once for each of the @weight events that the sample represents.
 * Returns VERDICT_APPLIED or REFUSED_VALUE_OVERFLOW.
 */
static inline enum verdict counter_record(struct counter_cell *counter, double value, double weight)
{
    double total = atomic_load_explicit(&counter->total, memory_order_relaxed) + value * weight;

    if (UNLIKELY(!isfinite(total)))
        return REFUSED_VALUE_OVERFLOW;
    atomic_store_explicit(&counter->total, total, memory_order_relaxed);
    return VERDICT_APPLIED;
}

/* Any thread: read the sum of the cells (struct kind). */
void counter_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret);
