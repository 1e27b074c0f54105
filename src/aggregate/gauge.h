/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gauge: the last value set, and what was added since, whichever worker got it
 *
 * Flows of one sender may end at different workers, so "last" needs an order
 * between them: `at` is when a sample reached this machine. Within a worker it
 * must strictly grow from call to call; shard.c sees to that.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

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

/* Free what a cell has allocated since it was made. */
void gauge_deinit(struct cell *cell);

/* Owner: the gauge was set to @value. */
void gauge_set(struct gauge_cell *gauge, double value, int64_t at);

/*
 * Owner of @own: the gauge was changed by @change. @cells are all cells of the
 * series, NULL where a worker has none, @own among them. May refuse an overflow,
 * or, the first time, for lack of memory.
 *
 * A set that is applied after it and came before it does not overrule it, unless
 * this worker has recorded more than GAUGE_CHANGES_MAX changes since; then it may
 * overrule the oldest of them too.
 */
MUST_CHECK enum verdict gauge_add(struct gauge_cell *own, _Atomic(struct cell *) *cells,
                                  unsigned n_cells, double change, int64_t at);

/*
 * Any thread: the value (struct kind). Changes before any set add to 0. Waits only while an
 * owner is between two stores; changes of one worker and a set by another that come
 * without a pause may be mixed. A sum beyond the range of a double is its end.
 */
void gauge_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                struct reading *ret);
