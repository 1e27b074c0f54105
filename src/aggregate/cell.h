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
 *
 * There may be millions of cells, and a counter's is 32 bytes, as jemalloc allocates them. So the
 * flag that each line reads has no word of its own: it is a bit of the pointer to the series.
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
    _Atomic uintptr_t series_word; /* use cell_series() and cell_must_ask() */
    struct key *keys;              /* owner only: the keys of its shard that lead to this cell */
    /*
     * The arrival of the last sample that the owner wrote, monotonic; it never decreases. 0: not
     * written since it was made, or since the sweep marked it. CELL_RELEASED: never again.
     */
    _Atomic int64_t touched_ns;
};

/* The owner has released its reference on the series. */
#define CELL_RELEASED INT64_C(-1)

/* The bit of series_word that is set while workers must ask. */
#define CELL_MUST_ASK ((uintptr_t)1)

/* Initialize the header of a new cell of @series; the rest of it is zero. */
static inline void cell_init(struct cell *cell, struct series *series)
{
    atomic_init(&cell->series_word, (uintptr_t)series);
}

/* Its series, which never changes. */
static inline struct series *cell_series(const struct cell *cell)
{
    uintptr_t word = atomic_load_explicit(&cell->series_word, memory_order_relaxed);

    return (struct series *)(word & ~CELL_MUST_ASK);
}

/* Whether the series is not SERIES_LIVE: call registry_revive() before writing. */
static inline bool cell_must_ask(const struct cell *cell)
{
    return atomic_load_explicit(&cell->series_word, memory_order_relaxed) & CELL_MUST_ASK;
}

/* With the registry's lock held. */
static inline void cell_set_must_ask(struct cell *cell, bool must_ask)
{
    atomic_store_explicit(&cell->series_word,
                          (uintptr_t)cell_series(cell) | (must_ask ? CELL_MUST_ASK : 0),
                          memory_order_relaxed);
}

static inline int64_t cell_touched_ns(const struct cell *cell)
{
    return atomic_load_explicit(&cell->touched_ns, memory_order_acquire);
}

/* Owner: a sample that arrived at @arrived_ns has been written. */
static inline void cell_touch(struct cell *cell, int64_t arrived_ns)
{
    atomic_store_explicit(&cell->touched_ns, arrived_ns, memory_order_release);
}

/* Any thread: the cell of worker @i; NULL while it has none. */
static inline struct cell *cell_load(_Atomic(struct cell *) *cells, unsigned i)
{
    return atomic_load_explicit(&cells[i], memory_order_acquire);
}
