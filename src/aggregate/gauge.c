/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Gauge
 *
 * A worker may not write another's cell, and "+5" means five more than a value that another
 * worker may have set. So each cell holds two things: the last value this worker set, with its
 * time, and this worker's last few changes, with theirs. The value is then
 *
 *      the newest set of all cells + every change that arrived after it
 *
 * in whatever order they were applied. The next change removes those that a set has overridden.
 * When there are too many, the two oldest are merged (docs/decisions/0005).
 *
 * A value takes several words, so a cell is written under a sequence lock: its owner makes the
 * version odd, stores the words, and makes it even again. A reader that finds an odd version, or a
 * newer one afterwards, reads again. The words are atomics, stored with release and loaded with
 * acquire, which on x86 are ordinary moves.
 */

#include "aggregate/gauge.h"

#include <math.h>
#include <stdlib.h>

/* The number of times a reader starts over because the gauge was set meanwhile. */
#define TRIES_MAX 16

void gauge_deinit(struct cell *cell)
{
    free(atomic_load_explicit(&((struct gauge_cell *)cell)->changes, memory_order_relaxed));
}

/* --- writing: the owner ----------------------------------------------------------- */

static void begin_write(struct gauge_cell *gauge)
{
    uint32_t version = atomic_load_explicit(&gauge->version, memory_order_relaxed);

    atomic_store_explicit(&gauge->version, version + 1, memory_order_relaxed);
}

static void end_write(struct gauge_cell *gauge)
{
    uint32_t version = atomic_load_explicit(&gauge->version, memory_order_relaxed);

    atomic_store_explicit(&gauge->version, version + 1, memory_order_release);
}

void gauge_set(struct gauge_cell *gauge, double value, int64_t at)
{
    begin_write(gauge);
    atomic_store_explicit(&gauge->base, value, memory_order_release);
    atomic_store_explicit(&gauge->set_at, at, memory_order_release);
    end_write(gauge);
}

/* The time of the newest set; @ret is its cell. 0 and NULL if there is none. */
static int64_t newest_set(_Atomic(struct cell *) *cells, unsigned n_cells, struct gauge_cell **ret)
{
    int64_t newest = 0;

    *ret = NULL;
    for (unsigned i = 0; i < n_cells; i++) {
        struct gauge_cell *gauge = (struct gauge_cell *)cell_load(cells, i);
        int64_t at = gauge ? atomic_load_explicit(&gauge->set_at, memory_order_acquire) : 0;

        if (at > newest) {
            newest = at;
            *ret = gauge;
        }
    }
    return newest;
}

void gauge_trim(struct cell *own, _Atomic(struct cell *) *cells, unsigned n_cells, int64_t at)
{
    struct gauge_cell *setter;

    /* A newer set says it all; otherwise changes that arrived later begin at 0. */
    if (newest_set(cells, n_cells, &setter) <= at)
        gauge_set((struct gauge_cell *)own, 0, at);
}

static void store_change(struct gauge_change *change, int64_t at, double amount)
{
    atomic_store_explicit(&change->at, at, memory_order_release);
    atomic_store_explicit(&change->amount, amount, memory_order_release);
}

/* The owner's array of changes, allocated for the first of them; NULL without memory. */
static struct gauge_change *room_for_changes(struct gauge_cell *gauge)
{
    struct gauge_change *changes = atomic_load_explicit(&gauge->changes, memory_order_relaxed);

    if (LIKELY(changes))
        return changes;
    changes = calloc(GAUGE_CHANGES_MAX, sizeof(*changes));
    atomic_store_explicit(&gauge->changes, changes, memory_order_release);
    return changes;
}

/* An owner's plain copy of its changes. */
struct changes {
    uint32_t n;
    struct {
        int64_t at;
        double amount;
    } items[GAUGE_CHANGES_MAX];
};

/* Copy the changes that arrived after @set_at. Returns their sum. */
static double copy_changes(const struct gauge_cell *gauge, int64_t set_at, struct changes *ret)
{
    uint32_t n = atomic_load_explicit(&gauge->n_changes, memory_order_acquire);
    const struct gauge_change *changes =
        atomic_load_explicit(&gauge->changes, memory_order_acquire);
    double sum = 0;

    ret->n = 0;
    for (uint32_t i = 0; i < n && i < GAUGE_CHANGES_MAX; i++) {
        int64_t at = atomic_load_explicit(&changes[i].at, memory_order_acquire);
        double amount = atomic_load_explicit(&changes[i].amount, memory_order_acquire);

        if (at > set_at) {
            ret->items[ret->n].at = at;
            ret->items[ret->n++].amount = amount;
            sum += amount;
        }
    }
    return sum;
}

/* Merge the two oldest changes. The result has the time of the older one. */
static void merge_oldest(struct changes *changes)
{
    changes->items[0].amount += changes->items[1].amount;
    for (uint32_t i = 1; i + 1 < changes->n; i++)
        changes->items[i] = changes->items[i + 1];
    changes->n--;
}

double gauge_known_value(const struct gauge_cell *own, _Atomic(struct cell *) *cells,
                         unsigned n_cells)
{
    struct gauge_cell *setter;
    struct changes changes;
    int64_t set_at = newest_set(cells, n_cells, &setter);
    double base = setter ? atomic_load_explicit(&setter->base, memory_order_relaxed) : 0;

    return base + copy_changes(own, set_at, &changes);
}

enum verdict gauge_add(struct gauge_cell *own, _Atomic(struct cell *) *cells, unsigned n_cells,
                       double change, int64_t at)
{
    struct gauge_cell *setter;
    struct changes changes;
    int64_t set_at = newest_set(cells, n_cells, &setter);
    double base = setter ? atomic_load_explicit(&setter->base, memory_order_relaxed) : 0;
    double sum = copy_changes(own, set_at, &changes);
    struct gauge_change *room;

    if (!isfinite(base + sum + change) || (sum + change == sum && change != 0))
        return REFUSED_VALUE_OVERFLOW;
    room = room_for_changes(own);
    if (!room)
        return REFUSED_NO_MEMORY;
    if (changes.n == GAUGE_CHANGES_MAX)
        merge_oldest(&changes);
    begin_write(own);
    for (uint32_t i = 0; i < changes.n; i++)
        store_change(&room[i], changes.items[i].at, changes.items[i].amount);
    store_change(&room[changes.n], at, change);
    atomic_store_explicit(&own->n_changes, changes.n + 1, memory_order_release);
    end_write(own);
    return VERDICT_APPLIED;
}

/* --- reading: anybody --------------------------------------------------------------- */

/* A cell as it was at one moment. */
struct copy {
    int64_t set_at;
    double base;
    struct changes changes;
};

/* Wait while the owner is between two stores, then copy what it has stored. */
static void read_cell(const struct gauge_cell *gauge, struct copy *ret)
{
    uint32_t before, after;

    do {
        before = atomic_load_explicit(&gauge->version, memory_order_acquire);
        ret->set_at = atomic_load_explicit(&gauge->set_at, memory_order_acquire);
        ret->base = atomic_load_explicit(&gauge->base, memory_order_acquire);
        copy_changes(gauge, 0, &ret->changes);
        after = atomic_load_explicit(&gauge->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
}

static unsigned read_cells(_Atomic(struct cell *) *cells, unsigned n_cells, struct copy *ret)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_cells; i++) {
        struct gauge_cell *gauge = (struct gauge_cell *)cell_load(cells, i);

        if (gauge)
            read_cell(gauge, &ret[n++]);
    }
    return n;
}

/* The value of the copies; @ret_set_at is the time of the set it starts from. */
static double sum_up(const struct copy *copies, unsigned n, int64_t *ret_set_at)
{
    double base = 0, sum = 0, value;
    int64_t set_at = 0;

    for (unsigned i = 0; i < n; i++) {
        if (copies[i].set_at > set_at) {
            set_at = copies[i].set_at;
            base = copies[i].base;
        }
    }
    /* Changes first: each alone may be too small to change the base. */
    for (unsigned i = 0; i < n; i++)
        for (uint32_t j = 0; j < copies[i].changes.n; j++)
            if (copies[i].changes.items[j].at > set_at)
                sum += copies[i].changes.items[j].amount;
    value = base + sum;

    *ret_set_at = set_at;
    if (isnan(value))
        return base;
    return reading_saturate(value);
}

void gauge_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                struct reading *ret)
{
    struct copy copies[CELLS_MAX];
    struct gauge_cell *setter;
    unsigned n, n_tries = 0;
    int64_t set_at;

    /*
     * Each copy is consistent, but they were taken one after the other. If the gauge was set
     * meanwhile, they may include changes that followed this set, but not the set itself.
     */
    do {
        n = read_cells(cells, n_cells, copies);
        ret->value = sum_up(copies, n, &set_at);
    } while (n > 1 && newest_set(cells, n_cells, &setter) != set_at && ++n_tries < TRIES_MAX);
}
