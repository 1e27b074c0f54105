/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Series: one label set of a family, and the cells that make up its value
 */

#include "aggregate/cell.h"
#include "aggregate/family.h"

struct series {
    struct table_node node; /* in the registry's table of series */
    uint64_t hash;
    struct family *family;
    struct series *next_fresh;      /* in the registry's list of series that no snapshot has yet */
    _Atomic unsigned refs;          /* the snapshots' one, and one for each worker with a cell */
    bool is_dying;                  /* nobody wrote for long; under the registry's lock */
    bool is_removed;                /* not in the registry any more; under both its locks */
    unsigned n_cells;               /* one for each worker */
    struct slice labels;            /* rendered; follows the cells */
    _Atomic(struct cell *) cells[]; /* NULL where that worker has none yet */
};

/* What a series is worth at one moment. */
struct reading {
    double value;                     /* counter, gauge */
    double sum;                       /* histogram */
    uint64_t counts[BUCKETS_MAX + 1]; /* histogram: per bucket, not cumulated */
};

/*
 * A series of @family for @n_workers workers, without cells, with one reference,
 * or NULL. It takes a reference of the family; @labels are copied.
 */
struct series *series_new(struct family *family, struct slice labels, unsigned n_workers);

/* How many bytes such a series takes, without cells. */
size_t series_size(struct slice labels, unsigned n_workers);

/* Free it and its cells, whatever references there are: for the end of the registry. */
void series_free(struct series *series);

/* Take, and give back, a reference; the last one frees series and cells. */
void series_ref(struct series *series);
void series_unref(struct series *series);

/* Any thread that holds a reference: what it is worth now. Never waits for a worker. */
void series_read(struct series *series, struct reading *ret);

/* Any thread that holds a reference: when a worker last wrote, in the shards' seconds. */
uint32_t series_touched_s(struct series *series);

/* The order of a scrape: by family name, then by labels. As memcmp. */
int series_compare(const struct series *a, const struct series *b);
