/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Series
 *
 * Header, cell pointers and label text are one allocation. A worker publishes its
 * cell with a release store under the registry's lock; readers load it with
 * acquire and without the lock.
 */

#include "aggregate/series.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

size_t series_size(struct slice labels, unsigned n_workers)
{
    return sizeof(struct series) + n_workers * sizeof(struct cell *) + labels.len;
}

struct series *series_new(struct family *family, struct slice labels, unsigned n_workers)
{
    struct series *series = calloc(1, series_size(labels, n_workers));
    char *text;

    if (!series)
        return NULL;
    text = (char *)series + series_size(SLICE(""), n_workers);
    if (labels.len)
        memcpy(text, labels.at, labels.len);
    series->labels = (struct slice){ text, labels.len };
    series->n_cells = n_workers;
    series->family = family;
    family_ref(family);
    atomic_init(&series->refs, 1);
    return series;
}

static struct cell *cell_at(struct series *series, unsigned i)
{
    return atomic_load_explicit(&series->cells[i], memory_order_acquire);
}

void series_free(struct series *series)
{
    for (unsigned i = 0; i < series->n_cells; i++)
        cell_free(cell_at(series, i));
    family_unref(series->family);
    free(series);
}

void series_ref(struct series *series)
{
    atomic_fetch_add_explicit(&series->refs, 1, memory_order_relaxed);
}

void series_unref(struct series *series)
{
    if (atomic_fetch_sub_explicit(&series->refs, 1, memory_order_acq_rel) == 1)
        series_free(series);
}

/* Each cell is finite, but their sum may not be. */
static double saturate(double sum)
{
    return isinf(sum) ? copysign(DBL_MAX, sum) : sum;
}

static void read_counter(struct series *series, struct reading *ret)
{
    ret->value = 0;
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);

        if (cell)
            ret->value += counter_read((struct counter_cell *)cell);
    }
    ret->value = saturate(ret->value);
}

static void read_histogram(struct series *series, struct reading *ret)
{
    const struct buckets *buckets = series->family->buckets;

    ret->sum = 0;
    memset(ret->counts, 0, (buckets->n + 1) * sizeof(ret->counts[0]));
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);

        if (cell)
            histogram_merge((struct histogram_cell *)cell, buckets, &ret->sum, ret->counts);
    }
    ret->sum = saturate(ret->sum);
}

void series_read(struct series *series, struct reading *ret)
{
    switch (series->family->type) {
    case METRIC_COUNTER: read_counter(series, ret); return;
    case METRIC_GAUGE: ret->value = gauge_read(series->cells, series->n_cells); return;
    case METRIC_HISTOGRAM: read_histogram(series, ret); return;
    case _METRIC_TYPE_N: return;
    }
}

uint32_t series_touched_s(struct series *series)
{
    uint32_t newest = 0;

    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);
        uint32_t touched_s =
            cell ? atomic_load_explicit(&cell->touched_s, memory_order_acquire) : 0;

        if (touched_s > newest)
            newest = touched_s;
    }
    return newest;
}

int series_compare(const struct series *a, const struct series *b)
{
    int order = a->family == b->family ? 0 : slice_compare(a->family->name, b->family->name);

    return order ? order : slice_compare(a->labels, b->labels);
}
