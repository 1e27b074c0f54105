/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cell: one worker's share of a series
 *
 * Written by that worker alone, with relaxed atomic stores; read by scrapes and
 * by the expiry sweep. So writing needs no lock, no locked instruction and no
 * line of memory that another worker writes. A series is worth what its kind reads
 * from all of its cells (kind.h).
 *
 * The last store of a sample commits it. A reader that finds a sample committed finds all
 * of it.
 */

#include <stdatomic.h>
#include <stdbool.h>
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

/* Any thread: the cell of worker @i; NULL while it has none. */
static inline struct cell *cell_load(_Atomic(struct cell *) *cells, unsigned i)
{
    return atomic_load_explicit(&cells[i], memory_order_acquire);
}
