/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Kind
 *
 * Each row has the name of its type in METRIC_TYPES, and the table is made from that list, so
 * a type without a row does not compile.
 *
 * The worker that will own a cell allocates it, and jemalloc gives each thread a run of adjacent
 * blocks at a time. So cells of different workers hardly ever share a cache line: none do when
 * they are new, and one in a thousand after many have been freed and allocated.
 */

#include "aggregate/kind.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/set.h"
#include "aggregate/summary.h"

#include <stdlib.h>

/* --- the rows ------------------------------------------------------------------------- */

static const struct kind counter = {
    .cell_size = sizeof(struct counter_cell),
    .read = counter_read,
    .can_overflow = true,
};

/* Gauges do not overflow: the last value of several senders would be right for none of them. */
static const struct kind gauge = {
    .cell_size = sizeof(struct gauge_cell),
    .growth_max = GAUGE_CHANGES_MAX * sizeof(struct gauge_change),
    .deinit = gauge_deinit,
    .read = gauge_read,
    .trim = gauge_trim,
    .can_overflow = false,
};

static const struct kind histogram = {
    .size = histogram_size,
    .growth = histogram_growth,
    .init = histogram_init,
    .deinit = histogram_deinit,
    .read = histogram_read,
    .read_native = histogram_read_native,
    .suffixes = { { "_bucket", 7 }, { "_sum", 4 }, { "_count", 6 } },
    .can_overflow = true,
};

static const struct kind set = {
    .cell_size = sizeof(struct set_cell),
    .growth_max = DISTINCT_BYTES_MAX,
    .init = set_init,
    .deinit = set_deinit,
    .read = set_read,
    .can_overflow = true,
};

static const struct kind summary = {
    .cell_size = sizeof(struct summary_cell),
    .growth_max = SUMMARY_GROWTH_MAX,
    .age_size = sizeof(struct summary_age),
    .age_growth_max = SUMMARY_AGE_GROWTH_MAX,
    .init = summary_init,
    .deinit = summary_deinit,
    .read = summary_read,
    .suffixes = { { "_sum", 4 }, { "_count", 6 } },
    .can_overflow = true,
};

const struct kind *const kind_table[_METRIC_TYPE_N] = {
#define X(id, name, ...) [METRIC_##id] = &name,
    METRIC_TYPES(X)
#undef X
};

/* --- cells ---------------------------------------------------------------------------- */

/* The bytes allocated for a new cell. */
static size_t initial_size(const struct kind *kind, const struct buckets *buckets)
{
    if (kind->size)
        return kind->size(buckets);
    return kind->cell_size + (kind->age_size ? buckets->summary.n_ages * kind->age_size : 0);
}

/* The most bytes that it may allocate later. */
static size_t growth_of(const struct kind *kind, const struct buckets *buckets)
{
    if (kind->growth)
        return kind->growth(buckets);
    return kind->growth_max +
           (kind->age_growth_max ? buckets->summary.n_ages * kind->age_growth_max : 0);
}

size_t kind_cell_size(enum metric_type type, const struct buckets *buckets)
{
    return initial_size(kind_of(type), buckets) + growth_of(kind_of(type), buckets);
}

struct cell *kind_new_cell(enum metric_type type, struct series *series,
                           const struct buckets *buckets)
{
    const struct kind *kind = kind_of(type);
    struct cell *cell = calloc(1, initial_size(kind, buckets));

    if (!cell)
        return NULL;
    cell_init(cell, series);
    if (kind->init)
        kind->init(cell, buckets);
    return cell;
}

void kind_free_cell(enum metric_type type, struct cell *cell)
{
    const struct kind *kind = kind_of(type);

    if (cell && kind->deinit)
        kind->deinit(cell);
    free(cell);
}
