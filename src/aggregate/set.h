/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Set: how many distinct values there were
 */

#include "aggregate/cell.h"
#include "base/verdict.h"

/*
 * Owner: a value with this hash was seen. All cells of a series must be given hashes
 * of one seed. May refuse for lack of memory.
 */
MUST_CHECK enum verdict set_record(struct set_cell *set, uint64_t hash);

/*
 * Any thread: how many distinct values the cells have seen together. @cells are those
 * of the series, NULL where a worker has none. Without memory it may be too few.
 */
double set_read(_Atomic(struct cell *) *cells, unsigned n_cells);
