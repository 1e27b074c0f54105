/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Kind: what is special about each type of metric
 *
 * A row for each enum metric_type: the memory of its cells, how they are made, freed and
 * read, and how its families behave.
 *
 * What is not in the row is a switch without "default:", where it would cost a line a call
 * (shard.c), or where types are known and kinds are not: labels (base/identity.h,
 * input/labeller.c) and formats (output/). tests/style/check_types.py lists these places.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/sample_type.h"
#include "base/slice.h"

#include <stddef.h>

/* The most suffixes of a kind, and the most bytes of one. */
#define KIND_SUFFIXES_MAX 3
#define KIND_SUFFIX_LEN_MAX (sizeof("_bucket") - 1)

struct kind {
    size_t cell_size;   /* bytes of a new cell, without its buckets */
    size_t bucket_size; /* bytes of each bucket in it, the one up to +Inf included; 0: none */
    size_t growth_max;  /* bytes that a cell may allocate later, at most */

    /* Complete a new cell, which is zero but for its series. NULL: nothing to do. */
    void (*init)(struct cell *cell, const struct buckets *buckets);

    /* Free what a cell has allocated, but not the cell. NULL: nothing to do. */
    void (*deinit)(struct cell *cell);

    /*
     * Any thread: what the cells of a series are worth together. A worker without a cell has
     * NULL in @cells; @buckets are the family's. Sets those members of @ret that belong to
     * the type. Waits at most while the owner of a cell is recording one sample.
     */
    void (*read)(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                 struct reading *ret);

    /* A family claims its name, and its name with each of these. The rest are empty. */
    struct slice suffixes[KIND_SUFFIXES_MAX];

    /* Beyond a limit, one series of the family may take the samples of all others. */
    bool can_overflow;
};

extern const struct kind *const kind_table[_METRIC_TYPE_N];

static inline const struct kind *kind_of(enum metric_type type)
{
    return kind_table[type];
}

/* A new cell of @series, without a sample; NULL if there is no memory. @buckets are borrowed. */
struct cell *kind_new_cell(enum metric_type type, struct series *series,
                           const struct buckets *buckets);

/* Free a cell of this type, or NULL. */
void kind_free_cell(enum metric_type type, struct cell *cell);

/* How many bytes such a cell takes, with everything that it may allocate later. */
size_t kind_cell_size(enum metric_type type, const struct buckets *buckets);
