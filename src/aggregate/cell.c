/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cell
 *
 * The worker that will own a cell allocates it. glibc gives threads arenas of
 * their own, so cells of different workers rarely share a cache line: when one
 * thread has freed what another one allocated, or there are more than 8 threads a
 * core.
 */

#include "aggregate/cell.h"

#include <stdlib.h>

size_t cell_size(enum metric_type type, const struct buckets *buckets)
{
    switch (type) {
    case METRIC_COUNTER: return sizeof(struct counter_cell);
    case METRIC_GAUGE: return sizeof(struct gauge_cell);
    case METRIC_HISTOGRAM:
    default: return sizeof(struct histogram_cell) + (buckets->n + 1) * sizeof(uint64_t);
    }
}

struct cell *cell_new(struct series *series, enum metric_type type, const struct buckets *buckets)
{
    struct cell *cell = calloc(1, cell_size(type, buckets));

    if (cell)
        cell->series = series;
    return cell;
}

void cell_free(struct cell *cell)
{
    free(cell);
}
