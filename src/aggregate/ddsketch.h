/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * DDSketch: how many observations there were of each size, to a relative accuracy
 *
 * A bin holds the observations of one range of magnitudes, which are at most DDSKETCH_ACCURACY from
 * the value that stands for the bin. So a quantile has that relative error, whatever the
 * distribution is. A sketch is several rows of bins over one range, such as one for each part of a
 * window. One thread writes it; others may read it meanwhile.
 *
 * The number of bins is bounded. Where magnitudes are further apart than that, the smallest of
 * them are counted in the lowest bin: their values look larger than they are. The largest factor
 * between two magnitudes that are told apart is DDSKETCH_SPAN.
 *
 * Source: Masson, Rim, Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees", VLDB.
 */

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DDSKETCH_ACCURACY 0.01

/* Magnitudes below this have no bin; count them as 0. It is the smallest normal double. */
#define DDSKETCH_LEAST 0x1p-1022

/* The maximum number of bins; the factor between the magnitudes that this many cover. */
#define DDSKETCH_BINS_MAX 1024u
#define DDSKETCH_SPAN 1e8

/* The most bytes of a sketch with @n_rows rows. */
#define DDSKETCH_BYTES_MAX(n_rows)                                                                 \
    (sizeof(struct ddsketch) + (size_t)(n_rows)*DDSKETCH_BINS_MAX * sizeof(uint32_t))

struct ddsketch {
    int32_t first;   /* the index of the first bin */
    uint32_t n_bins; /* in each row */
    uint32_t n_rows;
    bool is_wide; /* counts have 64 bits, not 32 */
    bool is_full; /* owner only: an index below the first belongs to the first bin */
    union {
        _Atomic uint32_t *narrow; /* of each row in turn; after this struct */
        _Atomic uint64_t *wide;
    };
};

/* --- indexes --------------------------------------------------------------------------- */

/* 7 / (10 ln((1 + DDSKETCH_ACCURACY) / (1 - DDSKETCH_ACCURACY))): bins for each power of two. */
#define DDSKETCH_BINS_PER_OCTAVE 34.99883330222075

/*
 * log2(1 + @fraction), almost, for a fraction from 0 to 1: a cubic polynomial that is 0 and 1 at
 * the ends, where its slope on the logarithmic scale is the same, so that bins are nowhere wider
 * than the accuracy allows. It costs 1 % more bins than the logarithm would.
 */
static inline double ddsketch_cubic(double fraction)
{
    return ((6.0 / 35 * fraction - 3.0 / 5) * fraction + 10.0 / 7) * fraction;
}

/* The index of the bin for @magnitude, finite and at least DDSKETCH_LEAST; from 34 to 71,642. */
static inline int32_t ddsketch_index(double magnitude)
{
    uint64_t bits;
    double significand;

    memcpy(&bits, &magnitude, sizeof(bits));
    significand = (double)(int64_t)(bits & ((UINT64_C(1) << 52) - 1)) * 0x1p-52;
    return (int32_t)(DDSKETCH_BINS_PER_OCTAVE *
                     ((double)(int32_t)(bits >> 52) + ddsketch_cubic(significand)));
}

/* The value that stands for the bin with this index. */
double ddsketch_value(int32_t index);

/* --- for the owner --------------------------------------------------------------------- */

/*
 * A sketch with room for @n more observations in the bin with this @index, and with what @old has
 * counted; NULL for nothing. It has at most @max_bins bins in a row, a power of two from 16 on, or
 * half of them if a count may exceed 32 bits. Returns @old itself, which may have changed, if there
 * is room in it; NULL without memory. Otherwise the caller frees @old when no other thread reads
 * it.
 */
struct ddsketch *ddsketch_extend(struct ddsketch *old, unsigned n_rows, unsigned max_bins,
                                 int32_t index, uint64_t n);

/* The same with fewer bins, and without a need for room. */
struct ddsketch *ddsketch_shrink(struct ddsketch *old, unsigned max_bins);

/* Begin @row anew. There may be room for lower bins then. */
void ddsketch_clear_row(struct ddsketch *sketch, unsigned row);

/*
 * Count @n observations, at most 2^32 - 1, in the bin with this @index of @row. Returns false if
 * the sketch needs more room; then nothing has changed.
 */
static inline bool ddsketch_add(struct ddsketch *sketch, unsigned row, int32_t index, uint64_t n)
{
    int64_t bin = (int64_t)index - sketch->first;
    _Atomic uint32_t *count;
    uint64_t after;

    if (UNLIKELY(bin < 0 && sketch->is_full))
        bin = 0;
    if (UNLIKELY((uint64_t)bin >= sketch->n_bins))
        return false;
    if (UNLIKELY(sketch->is_wide)) {
        _Atomic uint64_t *wide = &sketch->wide[row * sketch->n_bins + (uint64_t)bin];

        atomic_store_explicit(wide, atomic_load_explicit(wide, memory_order_relaxed) + n,
                              memory_order_relaxed);
        return true;
    }
    count = &sketch->narrow[row * sketch->n_bins + (uint64_t)bin];
    after = atomic_load_explicit(count, memory_order_relaxed) + n;
    if (UNLIKELY(after > UINT32_MAX))
        return false;
    atomic_store_explicit(count, (uint32_t)after, memory_order_relaxed);
    return true;
}

/* --- merging --------------------------------------------------------------------------- */

#define DDSKETCH_SUM_BINS_MAX (2 * DDSKETCH_BINS_MAX)

/* What rows of several sketches have counted together. */
struct ddsketch_sum {
    int32_t first, last; /* indexes of the bins that are used; first > last: none yet */
    uint64_t n;          /* observations */
    uint64_t counts[DDSKETCH_SUM_BINS_MAX];
};

/* Begin a sum with room for everything that @sketches have, of which some may be NULL. */
void ddsketch_sum_init(struct ddsketch_sum *sum, struct ddsketch *const *sketches, unsigned n);

/*
 * Any thread: add @row of @sketch, which was among those that the sum began with. If the owner
 * clears the row meanwhile, a part of it is added.
 */
void ddsketch_sum_add(struct ddsketch_sum *sum, const struct ddsketch *sketch, unsigned row);

/* The value of the observation at @rank, counted from 0 in ascending order, below sum->n. */
double ddsketch_sum_value(const struct ddsketch_sum *sum, uint64_t rank);
