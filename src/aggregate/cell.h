/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cell: one worker's share of a series
 *
 * Only that worker writes it, with relaxed atomic stores; scrapes and the expiry sweep read it.
 * So writing needs no lock and no locked instruction, and touches no cache line that another
 * worker writes. The kind of the series computes its value from all of its cells (kind.h).
 *
 * The last store of a sample commits it. A reader that sees this store sees the whole sample.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The maximum number of cells in a series, and so of workers. */
#define CELLS_MAX 64

struct key;
struct series;

/* The header of every cell. */
struct cell {
    struct series *series;      /* never changes */
    struct key *keys;           /* owner only: the keys of its shard that lead to this cell */
    _Atomic uint32_t touched_s; /* time of the owner's last write, in the shard's seconds; 0: not
                                   written since it was made, or since the sweep marked it */
    _Atomic bool must_ask;      /* the series is not SERIES_LIVE: call registry_revive() first */
    bool is_released;           /* owner only: it has released its reference on the series */
};

/* Any thread: the cell of worker @i; NULL while it has none. */
static inline struct cell *cell_load(_Atomic(struct cell *) *cells, unsigned i)
{
    return atomic_load_explicit(&cells[i], memory_order_acquire);
}
