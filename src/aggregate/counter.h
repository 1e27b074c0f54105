/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Counter: a sum that only grows
 */

#include "aggregate/cell.h"
#include "base/verdict.h"

#include <math.h>

/* Owner: add @value, at least 0, standing for @weight events. May refuse an overflow. */
static inline enum verdict counter_record(struct counter_cell *counter, double value, double weight)
{
    double total = atomic_load_explicit(&counter->total, memory_order_relaxed) + value * weight;

    if (UNLIKELY(!isfinite(total)))
        return REFUSED_VALUE_OVERFLOW;
    atomic_store_explicit(&counter->total, total, memory_order_relaxed);
    return VERDICT_APPLIED;
}

/* Any thread: what the owner has counted. */
static inline double counter_read(const struct counter_cell *counter)
{
    return atomic_load_explicit(&counter->total, memory_order_relaxed);
}
