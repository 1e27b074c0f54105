/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Series: one label set of a family, and the cells that make up its value
 */

#include "aggregate/cell.h"
#include "aggregate/family.h"
#include "aggregate/reading.h"

/*
 * The states of a series' life:
 *
 *      made by registry_admit()
 *               |
 *               v        1: not written for its TTL
 *             LIVE ------------------------------------> EXPIRING
 *             ^ |  ^                                      |  |  |
 *             | |  '------- 2: a worker will write, ------'  |  |
 *     6: back | |              or has written                |  |
 *             | | 3: x                                 3: x  |  | 4: still not written
 *             | v                                            |  |
 *             ENDED <----------------------------------------'  |
 *               |                                               v
 *               '------- 5: snapshots leave it out -------> REMOVED
 *                                                               |
 *                               freed with its last reference <-'
 *
 *      step  taken by                                    in
 *      1     the sweep                                   registry_mark_expiring
 *      2     a worker that has a sample for it           registry_revive, registry_admit
 *            the sweep, which sees that it was written   registry_remove_expiring
 *      3     a worker that receives an x                 registry_end
 *      4     the sweep                                   registry_remove_expiring
 *      5     the next scrape or sweep                    whichever brings the snapshot up to date
 *      6     the same, if a worker has written a sample  ending_remove
 *            that arrived after the x
 *
 * Every step is taken with the registry's `lock` held, so the state does not change while a thread
 * holds it. Steps to REMOVED also need `view_lock`. Without a lock, only REMOVED can be relied on,
 * because no state follows it.
 */
enum series_state {
    SERIES_LIVE,     /* in the registry; workers write without asking */
    SERIES_EXPIRING, /* in the registry; workers ask before they write */
    SERIES_ENDED,    /* not in the registry: the next sample begins a new series */
    SERIES_REMOVED,  /* the same, and in no new snapshot: workers release their references */
} __attribute__((__packed__));

/* There may be a million of these, so every byte counts. A scrape reads only the last members. */
struct series {
    struct series *next_fresh; /* among those in no snapshot yet; when removed, in its last one */
    struct series *next_in_family, *prev_in_family; /* under the registry's lock */
    struct family *family;
    int64_t started_ms; /* since 1970: when its value began at zero; 0: unknown */
    uint32_t labels_len : 24;
    uint32_t n_cells : 8;  /* one for each worker */
    _Atomic uint16_t refs; /* one of the snapshots, one of each worker with a cell, a few more */
    _Atomic(enum series_state) state;
    bool is_prepaid : 1;            /* it uses the prepaid memory of its family */
    bool is_declared : 1;           /* the config declares it; this and the last: under the lock */
    _Atomic(struct cell *) cells[]; /* NULL until that worker has one; the labels follow them */
};

_Static_assert(sizeof(struct series) <= 48, "of a million, each byte counts");

/* The offset of the labels in a series with @n_cells cells, in bytes. */
static inline size_t series_labels_at(unsigned n_cells)
{
    return sizeof(struct series) + n_cells * sizeof(struct cell *);
}

/* The labels as they are exposed. */
static inline struct slice series_labels(const struct series *series)
{
    return (struct slice){ (const char *)series + series_labels_at(series->n_cells),
                           series->labels_len };
}

/*
 * Prefetch what series_read() and series_labels() need: first the series itself and later, when
 * it has arrived, its cells.
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

/*
 * Make a live series of @family for @n_workers workers, without cells and with one reference,
 * the caller's. It takes a reference on the family; @labels are copied. Its start is unknown until
 * the caller sets started_ms, before others see it. Returns NULL without memory.
 */
struct series *series_new(struct family *family, struct slice labels, unsigned n_workers);

/*
 * The same for a series that begins with what arrived at @arrived_ns; 0: now. @wall_ms is that of
 * struct registry_options.
 */
struct series *series_new_at(struct family *family, struct slice labels, unsigned n_workers,
                             int64_t (*wall_ms)(int64_t arrived_ns), int64_t arrived_ns);

/* The size of such a series in bytes, with its share of a table and of a list, without cells. */
size_t series_size(struct slice labels, unsigned n_workers);

/*
 * Add a cell for @worker, which has none in @series. With the cell the worker has a reference on
 * the series. With the registry's lock held. Returns false without memory.
 */
MUST_CHECK bool series_add_cell(struct series *series, unsigned worker);

/* Free it and its cells, regardless of references: for freeing the registry. */
void series_free(struct series *series);

/* With the registry's lock held: add @series to the list of its family; take it out. */
void series_join_family(struct series *series);
void series_leave_family(struct series *series);

/*
 * With the registry's lock held: walk over the series of @family. Between two calls the lock may be
 * released. A series that leaves the family meanwhile is passed over, and one that joins it too.
 * Each walk must be ended; it has a reference on the family until then.
 */
void series_walk_begin(struct family_walk *walk, struct family *family);
struct series *series_walk_next(struct family_walk *walk); /* or NULL */
void series_walk_end(struct family_walk *walk);

/* Take a reference; release one. Releasing the last one frees the series and its cells. */
void series_ref(struct series *series);
void series_unref(struct series *series);

/*
 * Any thread with a reference: read its value. Waits at most while a worker records one sample.
 * What depends on the time is as of the latest sample of the series; or of @ret->now_ns, monotonic,
 * which the caller of series_read_at() has set, if that is later.
 */
void series_read(struct series *series, struct reading *ret);
void series_read_at(struct series *series, struct reading *ret);

/* The same for a family with native buckets, and these. Returns false without memory. */
MUST_CHECK bool series_read_native(struct series *series, struct reading *ret,
                                   struct native_reading *ret_native);

/* Any thread with a reference: the arrival of the latest sample (struct cell), or 0. */
int64_t series_touched_ns(struct series *series);

/*
 * With the registry's lock held, on a new series: use the prepaid memory of its family
 * (family_set_budget), unless another series uses it, and stop counting its own.
 */
void series_use_prepaid(struct series *series);

static inline enum series_state series_state(const struct series *series)
{
    return atomic_load_explicit(&series->state, memory_order_acquire);
}

/*
 * With the registry's lock held, on a registered series: make it SERIES_EXPIRING if its last write
 * was at @touched_ns. From then on any write sets touched_ns, which is 0 until then. If it has been
 * written later, it stays as it is.
 */
void series_mark_expiring(struct series *series, int64_t touched_ns);

/*
 * Whether it is declared, and as it was made: no worker has a cell, so its value is zero. With the
 * registry's lock held.
 */
bool series_is_pristine(struct series *series);

/* Whether lookups find it. With the registry's lock held. */
static inline bool series_is_registered(const struct series *series)
{
    return series_state(series) < SERIES_ENDED;
}

/*
 * Take one of the steps above, with the locks it needs held, and tell the workers whether they
 * must ask before they write. Any other step aborts the program.
 */
void series_set_state(struct series *series, enum series_state state);

/*
 * With the registry's lock held, by the owner of @cell, which will write a sample that arrived at
 * @arrived_ns: @series stays, or becomes live again, and counts as written. So until the sample is
 * written, neither the sweep nor an x that arrived before it takes the series away.
 */
static inline void series_keep(struct series *series, struct cell *cell, int64_t arrived_ns)
{
    if (UNLIKELY(series_state(series) == SERIES_EXPIRING))
        series_set_state(series, SERIES_LIVE);
    cell_touch(cell, arrived_ns);
}

/* After all workers have stopped: release the references that they still have. */
void series_release_workers(struct series *series);

/* Compare in the order of a scrape: by family name, then by labels. Returns as memcmp() does. */
int series_compare(const struct series *a, const struct series *b);
