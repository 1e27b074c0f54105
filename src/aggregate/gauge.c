/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Gauge
 *
 * A worker may not write another's cell, and "+5" means five more than what
 * somebody else may have set. So each cell holds two things: the last value this
 * worker set, with its time, and the sum of this worker's changes, with the time
 * of the first of them. The value is then
 *
 *      the newest set of all cells + every sum that began after that set
 *
 * A sum that began earlier was overruled by the set. Its worker starts a new sum
 * when it next sees a change, because it looks for a newer set first: a read of
 * the other cells, and only for relative changes.
 *
 * A reader may come between two stores. Each pair is stored value first and time
 * second (release), and read the other way round, so a time never comes with a
 * value older than itself.
 */

#include "aggregate/gauge.h"

#include <math.h>

static struct gauge_cell *gauge_at(_Atomic(struct cell *) *cells, unsigned i)
{
    return (struct gauge_cell *)atomic_load_explicit(&cells[i], memory_order_acquire);
}

/* The time of the newest set, and what was set then. */
static int64_t newest_set(_Atomic(struct cell *) *cells, unsigned n_cells, double *ret_base)
{
    int64_t newest = 0;

    *ret_base = 0;
    for (unsigned i = 0; i < n_cells; i++) {
        struct gauge_cell *gauge = gauge_at(cells, i);
        int64_t at = gauge ? atomic_load_explicit(&gauge->set_at, memory_order_acquire) : 0;

        if (at > newest) {
            newest = at;
            *ret_base = atomic_load_explicit(&gauge->base, memory_order_relaxed);
        }
    }
    return newest;
}

void gauge_set(struct gauge_cell *gauge, double value, int64_t at)
{
    atomic_store_explicit(&gauge->base, value, memory_order_relaxed);
    atomic_store_explicit(&gauge->set_at, at, memory_order_release);
}

enum verdict gauge_add(struct gauge_cell *own, _Atomic(struct cell *) *cells, unsigned n_cells,
                       double change, int64_t at)
{
    int64_t since = atomic_load_explicit(&own->added_since, memory_order_relaxed);
    double base, added = atomic_load_explicit(&own->added, memory_order_relaxed);
    bool is_overruled = since <= newest_set(cells, n_cells, &base);

    added = is_overruled ? change : added + change;
    if (!isfinite(base + added))
        return REFUSED_VALUE_OVERFLOW;
    atomic_store_explicit(&own->added, added, memory_order_relaxed);
    if (is_overruled)
        atomic_store_explicit(&own->added_since, at, memory_order_release);
    return VERDICT_APPLIED;
}

double gauge_read(_Atomic(struct cell *) *cells, unsigned n_cells)
{
    double value;
    int64_t set_at = newest_set(cells, n_cells, &value);

    for (unsigned i = 0; i < n_cells; i++) {
        struct gauge_cell *gauge = gauge_at(cells, i);

        if (gauge && atomic_load_explicit(&gauge->added_since, memory_order_acquire) > set_at)
            value += atomic_load_explicit(&gauge->added, memory_order_relaxed);
    }
    return value;
}
