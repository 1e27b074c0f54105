/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Histogram
 *
 * The number of observations is not stored: it is the sum of the buckets, and so
 * always agrees with them, also for a scrape that comes between two stores.
 */

#include "aggregate/histogram.h"

#include <math.h>

enum verdict histogram_record(struct histogram_cell *histogram, double value, double weight)
{
    double events = weight + histogram->carry;
    uint64_t n_events = (uint64_t)events; /* weights are at most 1e9 */
    double sum =
        atomic_load_explicit(&histogram->sum, memory_order_relaxed) + value * (double)n_events;

    if (UNLIKELY(!isfinite(sum)))
        return REFUSED_VALUE_OVERFLOW;
    histogram->carry = events - (double)n_events;
    cell_add_uint(&histogram->counts[buckets_find(histogram->buckets, value)], n_events);
    atomic_store_explicit(&histogram->sum, sum, memory_order_relaxed);
    return VERDICT_APPLIED;
}

void histogram_merge(const struct histogram_cell *histogram, double *sum, uint64_t *counts)
{
    *sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
}
