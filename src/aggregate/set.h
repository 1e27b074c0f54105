/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Set: how many distinct values there were
 */

#include "aggregate/cell.h"
#include "aggregate/distinct.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

#include <pthread.h>

struct set_cell {
    struct cell cell;
    pthread_mutex_t lock; /* guards what follows */
    struct distinct distinct;
};

/* Make the lock of a new cell; free it, and what the cell has allocated since. */
void set_init(struct cell *cell, const struct buckets *buckets);
void set_deinit(struct cell *cell);

/*
 * Owner: a value with this hash was seen. All cells of a series must be given hashes
 * of one seed. May refuse for lack of memory.
 */
MUST_CHECK enum verdict set_record(struct set_cell *set, uint64_t hash);

/*
 * Any thread: how many distinct values the cells have seen together (struct kind).
 * Without memory it may be too few.
 */
void set_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
              struct reading *ret);
