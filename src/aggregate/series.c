/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Series
 *
 * Header, cell pointers and label text are one allocation. A worker publishes its cell with a
 * release store under the registry's lock. Readers load it with acquire, without the lock.
 */

#include "aggregate/series.h"

#include "aggregate/kind.h"
#include "base/must.h"
#include "base/slots.h"

#include <stdlib.h>

size_t series_size(struct slice labels, unsigned n_workers)
{
    return series_labels_at(n_workers) + labels.len + SLOTS_BYTES_PER_ENTRY +
           sizeof(struct series *); /* in the list of a snapshot */
}

struct series *series_new(struct family *family, struct slice labels, unsigned n_workers)
{
    struct series *series = calloc(1, series_labels_at(n_workers) + labels.len);

    if (!series)
        return NULL;
    series->labels_len = labels.len & 0xffffff; /* limits are far below */
    series->n_cells = n_workers & 0xff;
    if (labels.len)
        memcpy((char *)series + series_labels_at(n_workers), labels.at, labels.len);
    series->family = family;
    family_ref(family);
    atomic_init(&series->refs, 1);
    budget_hold(family->budget, series_size(labels, n_workers));
    return series;
}

struct series *series_new_at(struct family *family, struct slice labels, unsigned n_workers,
                             int64_t (*wall_ms)(int64_t arrived_ns), int64_t arrived_ns)
{
    struct series *series = series_new(family, labels, n_workers);

    if (series && wall_ms)
        series->started_ms = wall_ms(arrived_ns);
    return series;
}

static struct cell *cell_at(struct series *series, unsigned i)
{
    return cell_load(series->cells, i);
}

bool series_add_cell(struct series *series, unsigned worker)
{
    struct family *family = series->family;
    struct cell *cell = kind_new_cell(family->type, series, family->buckets);

    if (!cell)
        return false;
    series_ref(series);
    if (!series->is_prepaid)
        budget_hold(family->budget, kind_cell_size(family->type, family->buckets));
    atomic_store_explicit(&series->cells[worker], cell, memory_order_release);
    return true;
}

/* The size of @series and its cells in bytes. */
static size_t memory_of(struct series *series)
{
    size_t size = series_size(series_labels(series), series->n_cells);

    for (unsigned i = 0; i < series->n_cells; i++)
        if (cell_at(series, i))
            size += kind_cell_size(series->family->type, series->family->buckets);
    return size;
}

void series_free(struct series *series)
{
    struct family *family = series->family;

    if (series->is_prepaid)
        budget_put_back_prepaid(&family->prepaid);
    else
        budget_release(family->budget, memory_of(series));
    for (unsigned i = 0; i < series->n_cells; i++)
        kind_free_cell(family->type, cell_at(series, i));
    family_unref(family);
    free(series);
}

void series_use_prepaid(struct series *series)
{
    if (!budget_use_prepaid(&series->family->prepaid))
        return;
    series->is_prepaid = true;
    budget_release(series->family->budget, memory_of(series));
}

void series_join_family(struct series *series)
{
    struct family *family = series->family;

    series->prev_in_family = NULL; /* it may have been in the list before */
    series->next_in_family = family->series;
    if (family->series)
        family->series->prev_in_family = series;
    family->series = series;
    family->n_series++;
    family->label_bytes += series->labels_len;
}

void series_walk_begin(struct family_walk *walk, struct family *family)
{
    family_ref(family);
    *walk = (struct family_walk){ family, family->series, family->walks };
    family->walks = walk;
}

struct series *series_walk_next(struct family_walk *walk)
{
    struct series *series = walk->next;

    if (series)
        walk->next = series->next_in_family;
    return series;
}

void series_walk_end(struct family_walk *walk)
{
    struct family_walk **link = &walk->family->walks;

    while (*link != walk)
        link = &(*link)->next_walk;
    *link = walk->next_walk;
    family_unref(walk->family);
}

void series_leave_family(struct series *series)
{
    struct family *family = series->family;
    struct series *prev = series->prev_in_family, *next = series->next_in_family;

    MUST((prev ? prev->next_in_family : family->series) == series);
    MUST(!next || next->prev_in_family == series);
    if (prev)
        prev->next_in_family = next;
    else
        family->series = next;
    if (next)
        next->prev_in_family = prev;
    for (struct family_walk *walk = family->walks; UNLIKELY(walk); walk = walk->next_walk)
        if (walk->next == series)
            walk->next = next;
    family->n_series--;
    family->label_bytes -= series->labels_len;
}

void series_ref(struct series *series)
{
    atomic_fetch_add_explicit(&series->refs, 1, memory_order_relaxed);
}

void series_unref(struct series *series)
{
    unsigned refs = atomic_fetch_sub_explicit(&series->refs, 1, memory_order_acq_rel);

    MUST_BE(refs, >, 0u);
    if (refs == 1)
        series_free(series);
}

void series_read_at(struct series *series, struct reading *ret)
{
    const struct family *family = series->family;

    kind_of(family->type)->read(series->cells, series->n_cells, family->buckets, ret);
}

void series_read(struct series *series, struct reading *ret)
{
    ret->now_ns = 0;
    series_read_at(series, ret);
}

bool series_read_native(struct series *series, struct reading *ret,
                        struct native_reading *ret_native)
{
    const struct family *family = series->family;

    return kind_of(family->type)
        ->read_native(series->cells, series->n_cells, family->buckets, ret, ret_native);
}

int64_t series_touched_ns(struct series *series)
{
    int64_t newest = 0;

    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);
        int64_t touched_ns = cell ? cell_touched_ns(cell) : 0;

        if (touched_ns > newest)
            newest = touched_ns;
    }
    return newest;
}

bool series_is_pristine(struct series *series)
{
    for (unsigned i = 0; i < series->n_cells; i++)
        if (cell_at(series, i))
            return false;
    return series->is_declared;
}

/* Whether series.h allows this step. */
static bool is_step(enum series_state from, enum series_state to)
{
    switch (from) {
    case SERIES_LIVE: return to == SERIES_EXPIRING || to == SERIES_ENDED;
    case SERIES_EXPIRING: return to != SERIES_EXPIRING;
    case SERIES_ENDED: return to == SERIES_REMOVED || to == SERIES_LIVE;
    case SERIES_REMOVED: return false;
    }
    return false;
}

static void tell_workers(struct series *series, bool must_ask)
{
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);

        if (cell)
            cell_set_must_ask(cell, must_ask);
    }
}

void series_set_state(struct series *series, enum series_state state)
{
    enum series_state before = series_state(series);

    MUST(is_step(before, state));
    atomic_store_explicit(&series->state, state, memory_order_release);
    /* Most steps change nothing for the workers, and cells are costly to reach. */
    if ((before == SERIES_LIVE) != (state == SERIES_LIVE))
        tell_workers(series, state != SERIES_LIVE);
}

/* Set touched_ns to 0 in all cells, so that any later write shows. Returns the newest of them. */
static int64_t reset_touched(struct series *series)
{
    int64_t newest = 0;

    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = series->cells[i];
        int64_t touched_ns =
            cell ? atomic_exchange_explicit(&cell->touched_ns, 0, memory_order_acq_rel) : 0;

        if (touched_ns > newest)
            newest = touched_ns;
    }
    return newest;
}

/* Undo this in the cells that no worker has written since. */
static void restore_touched(struct series *series, int64_t touched_ns)
{
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = series->cells[i];
        int64_t unwritten = 0;

        if (cell)
            atomic_compare_exchange_strong(&cell->touched_ns, &unwritten, touched_ns);
    }
}

void series_mark_expiring(struct series *series, int64_t touched_ns)
{
    int64_t newest = reset_touched(series);

    if (newest != touched_ns)
        restore_touched(series, newest);
    /* A sweep that was finished early may have marked it already. */
    else if (series_state(series) == SERIES_LIVE)
        series_set_state(series, SERIES_EXPIRING);
}

void series_release_workers(struct series *series)
{
    /* Keeps the series until the loop is done with its cells. */
    series_ref(series);
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = cell_at(series, i);

        if (cell && cell_touched_ns(cell) != CELL_RELEASED) {
            cell_touch(cell, CELL_RELEASED);
            series_unref(series);
        }
    }
    series_unref(series);
}

int series_compare(const struct series *a, const struct series *b)
{
    int order = a->family == b->family ? 0 : slice_compare(a->family->name, b->family->name);

    return order ? order : slice_compare(series_labels(a), series_labels(b));
}
