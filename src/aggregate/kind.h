/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Kind: what is special about each type of metric
 *
 * A row for each enum metric_type, of what its cells take, how they are read, and how its
 * families behave. Only recording a sample does not go through it: that is done for
 * each line, and shard.c has a switch, whose calls are inlined.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/sample_type.h"
#include "base/slice.h"

#include <stddef.h>

/* How many suffixes a kind has at most, and how many bytes one of them. */
#define KIND_SUFFIXES_MAX 3
#define KIND_SUFFIX_LEN_MAX (sizeof("_bucket") - 1)

struct kind {
    size_t cell_size;   /* bytes of a new cell … */
    size_t bucket_size; /* … and as many for each bucket that its family has, the last too */
    size_t growth_max;  /* bytes that a cell may allocate later, at most */

    /* Make of a cell that is all zero a new one; NULL: it is one. Does not fail. */
    void (*init)(struct cell *cell, const struct buckets *buckets);
    /* Free what a cell holds; NULL: nothing. */
    void (*deinit)(struct cell *cell);
    /*
     * Any thread: what the cells of a series are worth together, each NULL while its worker
     * has none. Sets the parts of @ret that this type has. Never waits for a worker.
     */
    void (*read)(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                 struct reading *ret);

    /* What a family claims besides its name: the name with each of these; unused ones empty. */
    struct slice suffixes[KIND_SUFFIXES_MAX];

    bool can_overflow; /* samples of many series make sense in one */
};

extern const struct kind *const kind_table[_METRIC_TYPE_N];

static inline const struct kind *kind_of(enum metric_type type)
{
    return kind_table[type];
}

/* A new cell of @series, nothing recorded, or NULL without memory. @buckets are its family's. */
struct cell *kind_new_cell(enum metric_type type, struct series *series,
                           const struct buckets *buckets);

/* Free a cell of this type, or NULL. */
void kind_free_cell(enum metric_type type, struct cell *cell);

/* How many bytes such a cell takes, with all that it may allocate later. */
size_t kind_cell_size(enum metric_type type, const struct buckets *buckets);
