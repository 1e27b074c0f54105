/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cell: one worker's share of a series
 *
 * Written by that worker alone, with relaxed atomic stores; read by scrapes and
 * by the expiry sweep. So writing needs no lock, no locked instruction and no
 * line of memory that another worker writes. What a series is worth is the sum
 * over its cells (series_read), and for gauges what gauge.h says.
 */

#include "aggregate/buckets.h"
#include "aggregate/distinct.h"
#include "base/sample_type.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* The most cells of a series, and so the most workers. */
#define CELLS_MAX 64

struct key;
struct series;

/* What all cells begin with. */
struct cell {
    struct series *series;      /* never changes */
    struct key *keys;           /* the owner's: the keys of its shard that lead here */
    _Atomic uint32_t touched_s; /* when the owner last wrote, in the shard's seconds; 0: not
                                   since it was made, or since the sweep marked it */
    _Atomic bool must_ask;      /* the series is not SERIES_LIVE: registry_revive() comes first */
    bool is_released;           /* the owner's: it has given back its reference on the series */
};

struct counter_cell {
    struct cell cell;
    _Atomic double total;
};

/* How many relative changes of a gauge a cell keeps apart. */
#define GAUGE_CHANGES_MAX 4

/* One change, or the sum of several, of which this is the time of the first. */
struct gauge_change {
    _Atomic int64_t at;
    _Atomic double amount;
};

struct gauge_cell {
    struct cell cell;
    _Atomic uint32_t version; /* odd while the owner writes what follows */
    _Atomic uint32_t n_changes;
    _Atomic int64_t set_at; /* when this worker last set the gauge; 0: never */
    _Atomic double base;    /* what it set it to */
    /* GAUGE_CHANGES_MAX, oldest first; NULL until the first one, as most gauges are only set */
    _Atomic(struct gauge_change *) changes;
};

struct histogram_cell {
    struct cell cell;
    const struct buckets *buckets; /* the family's: at hand without a look at series and family */
    double carry;                  /* the owner's: the part of an event not counted yet, [0, 1) */
    _Atomic double sum;
    _Atomic uint64_t counts[]; /* one for each bucket, not cumulated */
};

struct set_cell {
    struct cell cell;
    pthread_mutex_t lock; /* guards what follows */
    struct distinct distinct;
};

/* A new cell of @series, all zero, or NULL. @buckets matter for histograms only. */
struct cell *cell_new(struct series *series, enum metric_type type, const struct buckets *buckets);
void cell_free(struct cell *cell, enum metric_type type);

/* How many bytes such a cell takes; of a gauge or set, at most. */
size_t cell_size(enum metric_type type, const struct buckets *buckets);

/* Owner: plain addition, by way of two relaxed moves. */
static inline void cell_add_uint(_Atomic uint64_t *to, uint64_t value)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + value,
                          memory_order_relaxed);
}
