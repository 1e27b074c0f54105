/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counter
 *
 * The value of a cell is one word, so one store commits a sample. Recording is in the header, to
 * be inlined, because most lines are counters.
 */

#include "aggregate/counter.h"

void counter_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret)
{
    double sum = 0;

    for (unsigned i = 0; i < n_cells; i++) {
        const struct counter_cell *counter = (struct counter_cell *)cell_load(cells, i);

        if (counter)
            sum += atomic_load_explicit(&counter->total, memory_order_relaxed);
    }
    ret->value = reading_saturate(sum);
}
