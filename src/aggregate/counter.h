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
 * Owner: add @amount, at least 0; it may be infinite. Returns VERDICT_APPLIED or
 * REFUSED_VALUE_OVERFLOW.
 */
static inline enum verdict counter_record(struct counter_cell *counter, double amount)
{
    double total = atomic_load_explicit(&counter->total, memory_order_relaxed) + amount;

    if (UNLIKELY(!isfinite(total)))
        return REFUSED_VALUE_OVERFLOW;
    atomic_store_explicit(&counter->total, total, memory_order_relaxed);
    return VERDICT_APPLIED;
}

/* Any thread: read the sum of the cells (struct kind). */
void counter_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret);
