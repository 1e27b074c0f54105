/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Kind: the properties of each metric type
 *
 * There is a row for each enum metric_type: the memory of its cells, how they are made, freed and
 * read, and how its families behave.
 *
 * What floors below need, such as a type's own label, is a column of METRIC_TYPES
 * (base/sample_type.h). Everything else that depends on the type is a switch without "default:".
 * That is so where a row would cost each line a call (base/effect.h, shard.c), and in code that
 * knows types but not kinds, such as formats (output/). tests/style/check_types.py lists these
 * places.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/sample_type.h"
#include "base/slice.h"

#include <stddef.h>

struct native_reading; /* aggregate/native_reading.h */

/* The maximum number of suffixes of a kind; the maximum bytes of a suffix. */
#define KIND_SUFFIXES_MAX 3
#define KIND_SUFFIX_LEN_MAX (sizeof("_bucket") - 1)

struct kind {
    size_t cell_size;  /* bytes of a new cell */
    size_t growth_max; /* the most bytes that a cell may allocate later */

    /* The same two of a kind that has buckets, where they depend on these. NULL: it has none. */
    size_t (*size)(const struct buckets *buckets);
    size_t (*growth)(const struct buckets *buckets);

    /* The same two for each part of the window, of a kind that has one. */
    size_t age_size, age_growth_max;

    /* Complete a new cell, which is zero except for its series. NULL: nothing to do. */
    void (*init)(struct cell *cell, const struct buckets *buckets);

    /* Free the memory that a cell has allocated, but not the cell. NULL: nothing to do. */
    void (*deinit)(struct cell *cell);

    /*
     * Any thread: read the value of a series from all its cells. @cells has NULL for a worker
     * without a cell; @buckets are the family's. Sets those members of @ret that belong to the
     * type. Waits at most while the owner of a cell is recording one sample.
     */
    void (*read)(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                 struct reading *ret);

    /*
     * The same for a family with native buckets, which @ret_native gets. Returns false without
     * memory. NULL: families of the kind have none.
     */
    bool (*read_native)(_Atomic(struct cell *) *cells, unsigned n_cells,
                        const struct buckets *buckets, struct reading *ret,
                        struct native_reading *ret_native);

    /*
     * Owner of @own, one of @cells: from now on the value is that of the samples that arrived after
     * @at, the time at which @own would record a sample now. NULL: a cell does not tell when its
     * samples arrived.
     */
    void (*trim)(struct cell *own, _Atomic(struct cell *) *cells, unsigned n_cells, int64_t at);

    /* A family claims its name, and its name with each of these suffixes. Unused ones are empty. */
    struct slice suffixes[KIND_SUFFIXES_MAX];

    /* Beyond a limit, one series of the family may take the samples of all new ones. */
    bool can_overflow;
};

extern const struct kind *const kind_table[_METRIC_TYPE_N];

/* @type is a family's, so it is not METRIC_NONE: family_new() sees to that. */
static inline const struct kind *kind_of(enum metric_type type)
{
    return kind_table[type];
}

/* Make a cell of @series without a sample. Returns NULL without memory. @buckets are borrowed. */
struct cell *kind_new_cell(enum metric_type type, struct series *series,
                           const struct buckets *buckets);

/* Free a cell of this type, or NULL. */
void kind_free_cell(enum metric_type type, struct cell *cell);

/* The size of such a cell in bytes, including everything that it may allocate later. */
size_t kind_cell_size(enum metric_type type, const struct buckets *buckets);
