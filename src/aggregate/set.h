/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Set: the number of distinct values
 */

#include "aggregate/cell.h"
#include "aggregate/distinct.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

#include <pthread.h>

struct set_cell {
    struct cell cell;
    pthread_mutex_t lock; /* guards distinct */
    struct distinct distinct;
};

/* Make the lock of a new cell; free it and the memory that the cell has allocated since. */
void set_init(struct cell *cell, const struct buckets *buckets);
void set_deinit(struct cell *cell);

/*
 * Owner: record a value with this hash. The hashes of all cells of a series must have the same
 * seed. Returns VERDICT_APPLIED or REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict set_record(struct set_cell *set, uint64_t hash);

/*
 * Any thread: read the number of distinct values over all cells (struct kind). Without memory
 * for counting it is NAN: a part of them would look like all.
 */
void set_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
              struct reading *ret);
