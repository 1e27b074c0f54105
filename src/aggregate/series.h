/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Series: one label set of a family, and the cells that make up its value
 */

#include "aggregate/cell.h"
#include "aggregate/family.h"

/*
 * There are a million of these, so every byte counts.
 * What a scrape reads stands at the end.
 */
struct series {
    struct series *next_fresh; /* in the roster's list of series that no snapshot has yet */
    struct series *next_in_family, *prev_in_family; /* under the registry's lock */
    struct family *family;
    uint32_t labels_len : 24;
    uint32_t n_cells : 8;    /* one for each worker */
    _Atomic uint16_t refs;   /* the snapshots' one, one for each worker with a cell, a few more */
    _Atomic bool is_removed; /* gone, and not in the next snapshot; set under both its locks */
    bool is_gone : 1;        /* not in the registry any more; as the next, under its lock */
    bool is_dying : 1;       /* workers must ask before they write */
    bool is_prepaid : 1;     /* its memory is counted with its family's */
    _Atomic(struct cell *) cells[]; /* NULL where that worker has none yet; then the labels */
};

/* Where the labels of a series with so many cells begin, in bytes. */
static inline size_t series_labels_at(unsigned n_cells)
{
    return sizeof(struct series) + n_cells * sizeof(struct cell *);
}

/* Its labels, rendered. */
static inline struct slice series_labels(const struct series *series)
{
    return (struct slice){ (const char *)series + series_labels_at(series->n_cells),
                           series->labels_len };
}

/*
 * For whoever walks many of them: begin to fetch from memory what series_read() and the
 * labels need, first of the series itself, and when that is there, of its cells.
 */
static inline void series_prefetch(const struct series *series)
{
    __builtin_prefetch(&series->family);
    __builtin_prefetch((const char *)&series->family + CACHE_LINE);
}

static inline void series_prefetch_cells(struct series *series)
{
    for (unsigned i = 0; i < series->n_cells; i++) {
        const char *cell =
            (const char *)atomic_load_explicit(&series->cells[i], memory_order_relaxed);

        if (!cell)
            continue;
        __builtin_prefetch(cell);
        __builtin_prefetch(cell + CACHE_LINE);
        __builtin_prefetch(cell + 2 * CACHE_LINE);
    }
}

/* What a series is worth at one moment. */
struct reading {
    double value;                     /* counter, gauge, set */
    double sum;                       /* histogram */
    uint64_t counts[BUCKETS_MAX + 1]; /* histogram: per bucket, not cumulated */
};

/*
 * A series of @family for @n_workers workers, without cells, with one reference,
 * or NULL. It takes a reference of the family; @labels are copied.
 */
struct series *series_new(struct family *family, struct slice labels, unsigned n_workers);

/* How many bytes such a series takes, without cells, and with its place in a table. */
size_t series_size(struct slice labels, unsigned n_workers);

/*
 * Give @series, which has none for @worker, a cell that counts as its worker's
 * reference. With the registry's lock held. Returns false without memory.
 */
MUST_CHECK bool series_add_cell(struct series *series, unsigned worker);

/* Free it and its cells, whatever references there are: for the end of the registry. */
void series_free(struct series *series);

/* Take, and give back, a reference; the last one frees series and cells. */
void series_ref(struct series *series);
void series_unref(struct series *series);

/* Any thread that holds a reference: what it is worth now. Never waits for a worker. */
void series_read(struct series *series, struct reading *ret);

/* Any thread that holds a reference: when a worker last wrote, in the shards' seconds. */
uint32_t series_touched_s(struct series *series);

/*
 * With the registry's lock held, on a new series: let its memory be that which its
 * family has in reserve (family_hold), if no other series has it.
 */
void series_take_reserve(struct series *series);

/* With the registry's lock held: tell all workers to ask before they write, or not to. */
void series_set_dying(struct series *series, bool is_dying);

/* When its workers are gone: give back the references that they have not given back. */
void series_forget_workers(struct series *series);

/* The order of a scrape: by family name, then by labels. As memcmp. */
int series_compare(const struct series *a, const struct series *b);
