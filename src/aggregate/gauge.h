/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gauge: the last value set, plus the changes since, over all workers
 *
 * Flows of one sender may reach different workers, so "last" needs an order between them: `at` is
 * the time at which a sample reached this machine. From each source of a worker it must strictly
 * increase from call to call; base/arrivals.h ensures that.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

/* The number of relative changes that a cell keeps separately. */
#define GAUGE_CHANGES_MAX 4

/* One change, or the sum of several with the time of the first. */
struct gauge_change {
    _Atomic int64_t at;
    _Atomic double amount;
};

struct gauge_cell {
    struct cell cell;
    _Atomic uint32_t version; /* odd while the owner writes the members below */
    _Atomic uint32_t n_changes;
    _Atomic int64_t set_at; /* when this worker last set the gauge; 0: never */
    _Atomic double base;    /* the value it set */
    /* GAUGE_CHANGES_MAX, oldest first; NULL until the first change, as most gauges are only set */
    _Atomic(struct gauge_change *) changes;
};

/* Free the memory that a cell has allocated since it was made. */
void gauge_deinit(struct cell *cell);

/* Owner: set the gauge to @value. */
void gauge_set(struct gauge_cell *gauge, double value, int64_t at);

/*
 * Owner of @own: what arrived until @at no longer counts. @cells are as below. If nothing arrived
 * later, the gauge is 0.
 */
void gauge_trim(struct cell *own, _Atomic(struct cell *) *cells, unsigned n_cells, int64_t at);

/*
 * Owner of @own: change the gauge by @change. @cells are all cells of the series, including @own,
 * with NULL where a worker has none. Returns VERDICT_APPLIED, REFUSED_VALUE_OVERFLOW or, on the
 * first change of a cell, REFUSED_NO_MEMORY. A change, not 0, that is too small to change the sum
 * of this worker's changes since the newest set is an overflow as well: it would be lost later.
 *
 * A set that arrived before a change does not override it, even if it is applied later. The
 * exception: after more than GAUGE_CHANGES_MAX changes in this worker, the oldest ones share one
 * time, and a set that arrived between them may override them all.
 */
MUST_CHECK enum verdict gauge_add(struct gauge_cell *own, _Atomic(struct cell *) *cells,
                                  unsigned n_cells, double change, int64_t at);

/*
 * Owner of @own: the value as far as its worker knows it: without changes by other workers since
 * the newest set. What is added to 0 might as well be set.
 */
double gauge_known_value(const struct gauge_cell *own, _Atomic(struct cell *) *cells,
                         unsigned n_cells);

/*
 * Any thread: read the value (struct kind). Changes before the first set add to 0. Waits only
 * while an owner is between two stores. If one worker changes the gauge and another sets it
 * without a pause, the value may combine different moments. A sum beyond the range of a double is
 * clamped to it.
 */
void gauge_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                struct reading *ret);
