/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Histogram
 *
 * The number of observations is not stored: it is the sum of the buckets, so it always agrees
 * with them. The store to the bucket comes last and commits an observation: a reader that sees
 * it counted also finds it in the sum.
 */

#include "aggregate/histogram.h"

#include <math.h>
#include <string.h>

void histogram_init(struct cell *cell, const struct buckets *buckets)
{
    struct histogram_cell *histogram = (struct histogram_cell *)cell;

    histogram->buckets = buckets;
    histogram->carry = HISTOGRAM_SLACK;
}

enum verdict histogram_record(struct histogram_cell *histogram, double value, double weight)
{
    double events = weight + histogram->carry;
    uint64_t n_events = (uint64_t)events; /* weights are at most 1e9 */
    double sum =
        atomic_load_explicit(&histogram->sum, memory_order_relaxed) + value * (double)n_events;
    _Atomic uint64_t *count;

    if (UNLIKELY(!isfinite(sum)))
        return REFUSED_VALUE_OVERFLOW;
    count = &histogram->counts[buckets_find(histogram->buckets, value)];
    histogram->carry = events - (double)n_events;
    atomic_store_explicit(&histogram->sum, sum, memory_order_relaxed);
    /* A load and a store suffice: no other thread writes the counts. */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n_events,
                          memory_order_release);
    return VERDICT_APPLIED;
}

/* Reads the counts before the sum, because recording writes them after it. */
static void add_cell(const struct histogram_cell *histogram, struct reading *to)
{
    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        to->counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_acquire);
    to->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

void histogram_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                    struct reading *ret)
{
    ret->sum = 0;
    memset(ret->counts, 0, (buckets->n + 1) * sizeof(ret->counts[0]));
    for (unsigned i = 0; i < n_cells; i++) {
        const struct histogram_cell *histogram = (struct histogram_cell *)cell_load(cells, i);

        if (histogram)
            add_cell(histogram, ret);
    }
    ret->sum = reading_saturate(ret->sum);
}
