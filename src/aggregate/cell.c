/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cell
 *
 * The worker that will own a cell allocates it, and jemalloc gives each thread a run of
 * neighbours at a time, so cells of different workers hardly ever share a cache line:
 * not at all when they are new, and one in a thousand after many have come and gone.
 */

#include "aggregate/cell.h"

#include <stdlib.h>

size_t cell_size(enum metric_type type, const struct buckets *buckets)
{
    switch (type) {
    case METRIC_COUNTER: return sizeof(struct counter_cell);
    case METRIC_GAUGE:
        return sizeof(struct gauge_cell) + GAUGE_CHANGES_MAX * sizeof(struct gauge_change);
    case METRIC_SET: return sizeof(struct set_cell) + DISTINCT_BYTES_MAX;
    case METRIC_HISTOGRAM:
    default: return sizeof(struct histogram_cell) + (buckets->n + 1) * sizeof(uint64_t);
    }
}

/* What is allocated with the cell; a gauge's changes come later, and a set's table grows. */
static size_t initial_size(enum metric_type type, const struct buckets *buckets)
{
    if (type == METRIC_GAUGE)
        return sizeof(struct gauge_cell);
    return type == METRIC_SET ? sizeof(struct set_cell) : cell_size(type, buckets);
}

struct cell *cell_new(struct series *series, enum metric_type type, const struct buckets *buckets)
{
    struct cell *cell = calloc(1, initial_size(type, buckets));

    if (!cell)
        return NULL;
    cell->series = series;
    if (type == METRIC_HISTOGRAM)
        ((struct histogram_cell *)cell)->buckets = buckets;
    if (type == METRIC_SET)
        pthread_mutex_init(&((struct set_cell *)cell)->lock, NULL);
    return cell;
}

void cell_free(struct cell *cell, enum metric_type type)
{
    struct set_cell *set = (struct set_cell *)cell;

    if (cell && type == METRIC_SET) {
        distinct_deinit(&set->distinct);
        pthread_mutex_destroy(&set->lock);
    }
    if (cell && type == METRIC_GAUGE)
        free(atomic_load(&((struct gauge_cell *)cell)->changes));
    free(cell);
}
