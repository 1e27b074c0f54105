/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Histogram
 *
 * The number of observations is not stored: it is the sum of the buckets, so it always agrees
 * with them. The store to the bucket comes last and commits an observation: a reader that sees
 * it counted also finds it in the sum.
 *
 * A cell with native buckets has a struct native in the place of its counts, and NAN as its sum,
 * which has always been checked. So recording an observation anywhere else costs nothing more.
 */

#include "aggregate/histogram.h"

#include "aggregate/native_reading.h"
#include "base/must.h"

#include <math.h>
#include <string.h>

_Static_assert(sizeof(struct histogram_cell) % _Alignof(struct native) == 0, "native is aligned");

static struct native *native_of(struct histogram_cell *histogram)
{
    return (struct native *)(histogram + 1);
}

/* --- cells --------------------------------------------------------------------------------- */

size_t histogram_size(const struct buckets *buckets)
{
    size_t size =
        buckets_are_native(buckets) ? sizeof(struct native) : (buckets->n + 1) * sizeof(uint64_t);

    return sizeof(struct histogram_cell) + size;
}

size_t histogram_growth(const struct buckets *buckets)
{
    return buckets_are_native(buckets) ? native_growth(buckets) : 0;
}

void histogram_init(struct cell *cell, const struct buckets *buckets)
{
    struct histogram_cell *histogram = (struct histogram_cell *)cell;

    histogram->buckets = buckets;
    histogram->carry = HISTOGRAM_SLACK;
    if (buckets_are_native(buckets)) {
        native_init(native_of(histogram));
        atomic_init(&histogram->sum, NAN);
    }
}

void histogram_deinit(struct cell *cell)
{
    struct histogram_cell *histogram = (struct histogram_cell *)cell;

    if (buckets_are_native(histogram->buckets))
        native_deinit(native_of(histogram));
}

/* --- recording ------------------------------------------------------------------------------ */

/* Record @value as often as @events says, which includes the carry, if it can be. */
NOINLINE static enum verdict record_native(struct histogram_cell *histogram, double value,
                                           double events)
{
    struct native *native = native_of(histogram);
    uint64_t n_events = (uint64_t)events;
    _Atomic uint64_t *count;
    double sum;

    if (!buckets_are_native(histogram->buckets))
        return REFUSED_VALUE_OVERFLOW;
    sum = atomic_load_explicit(&native->sum, memory_order_relaxed) + value * (double)n_events;
    if (!isfinite(sum))
        return REFUSED_VALUE_OVERFLOW;
    count = native_count_of(native, histogram->buckets, value);
    if (UNLIKELY(!count))
        return REFUSED_NO_MEMORY;
    histogram->carry = events - (double)n_events;
    atomic_store_explicit(&native->sum, sum, memory_order_relaxed);
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n_events,
                          memory_order_release);
    return VERDICT_APPLIED;
}

enum verdict histogram_record(struct histogram_cell *histogram, double value, double weight)
{
    double events = weight + histogram->carry;
    uint64_t n_events = (uint64_t)events; /* weights are at most 1e9 */
    double sum =
        atomic_load_explicit(&histogram->sum, memory_order_relaxed) + value * (double)n_events;
    _Atomic uint64_t *count;

    if (UNLIKELY(!isfinite(sum)))
        return record_native(histogram, value, events);
    count = &histogram->counts[buckets_find(histogram->buckets, value)];
    histogram->carry = events - (double)n_events;
    atomic_store_explicit(&histogram->sum, sum, memory_order_relaxed);
    /* A load and a store suffice: no other thread writes the counts. */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n_events,
                          memory_order_release);
    return VERDICT_APPLIED;
}

/* --- reading -------------------------------------------------------------------------------- */

/* Reads the counts before the sum, because recording writes them after it. */
static void add_cell(const struct histogram_cell *histogram, struct reading *to)
{
    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        to->counts[i] += atomic_load_explicit(&histogram->counts[i], memory_order_acquire);
    to->sum += atomic_load_explicit(&histogram->sum, memory_order_relaxed);
}

/* The same. Without @to_native only the classic buckets are read, and that needs no memory. */
static bool add_native(struct histogram_cell *histogram, struct reading *to,
                       struct native_reading *to_native)
{
    struct native *native = native_of(histogram);
    bool is_done = native_reading_add(to_native, native, to->counts);

    to->sum += atomic_load_explicit(&native->sum, memory_order_relaxed);
    return is_done;
}

bool histogram_read_native(_Atomic(struct cell *) *cells, unsigned n_cells,
                           const struct buckets *buckets, struct reading *ret,
                           struct native_reading *ret_native)
{
    bool is_done = true;

    ret->sum = 0;
    memset(ret->counts, 0, (buckets->n + 1) * sizeof(ret->counts[0]));
    if (ret_native)
        native_reading_begin(ret_native, &buckets->native);
    for (unsigned i = 0; i < n_cells && is_done; i++) {
        struct histogram_cell *histogram = (struct histogram_cell *)cell_load(cells, i);

        if (histogram)
            is_done = add_native(histogram, ret, ret_native);
    }
    ret->sum = reading_saturate(ret->sum);
    return is_done && (!ret_native || native_reading_end(ret_native, &buckets->native));
}

void histogram_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                    struct reading *ret)
{
    if (UNLIKELY(buckets_are_native(buckets))) {
        MUST(histogram_read_native(cells, n_cells, buckets, ret, NULL));
        return;
    }
    ret->sum = 0;
    memset(ret->counts, 0, (buckets->n + 1) * sizeof(ret->counts[0]));
    for (unsigned i = 0; i < n_cells; i++) {
        const struct histogram_cell *histogram = (struct histogram_cell *)cell_load(cells, i);

        if (histogram)
            add_cell(histogram, ret);
    }
    ret->sum = reading_saturate(ret->sum);
}
