/* SPDX-License-Identifier: Apache-2.0 */

/*
 * DDSketch
 *
 *      magnitude  0.98 .. 1.00 .. 1.02 .. 1.04 ..   ranges of a constant ratio
 *      row 0          |  3   |  0   |  7   |         a bin for each
 *      row 1          |  1   |  2   |  0   |
 *                    first
 *
 * The bins cover only the range that is needed, with some to spare. What does not fit makes a new
 * sketch, twice as large or moved; so those who read the old one never see bins move.
 */

#include "aggregate/ddsketch.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define BINS_MIN 16u

/* Indexes from the lowest to the highest; none if @from is above @to. */
struct range {
    int32_t from, to;
};

/* Where the bins of a sketch are. */
struct layout {
    int32_t first;
    uint32_t n_bins;
    bool is_wide;
    bool is_full; /* as in struct ddsketch */
};

/* --- values ----------------------------------------------------------------------------- */

/* The least magnitude with this index, divided by 2^@base. */
static double lower_bound(int32_t index, double base)
{
    double octaves = index / DDSKETCH_BINS_PER_OCTAVE;
    double exponent = floor(octaves), wanted = octaves - exponent, fraction = wanted;

    /* Newton: the slope is between 0.7 and 1.5, so that each step doubles the digits. */
    for (unsigned i = 0; i < 6; i++) {
        double slope = (18.0 / 35 * fraction - 6.0 / 5) * fraction + 10.0 / 7;

        fraction -= (ddsketch_cubic(fraction) - wanted) / slope;
    }
    return ldexp(1 + fraction, (int)(exponent - base));
}

double ddsketch_value(int32_t index)
{
    double base = floor(index / DDSKETCH_BINS_PER_OCTAVE);
    double lower = lower_bound(index, base), upper = lower_bound(index + 1, base);

    /* Equally far from both, relative to each of them. */
    return fmin(ldexp(2 / (1 / lower + 1 / upper), (int)base - 1023), DBL_MAX);
}

/* --- counts ----------------------------------------------------------------------------- */

static uint64_t count_at(const struct ddsketch *sketch, size_t at)
{
    return sketch->is_wide ? atomic_load_explicit(&sketch->wide[at], memory_order_relaxed)
                           : atomic_load_explicit(&sketch->narrow[at], memory_order_relaxed);
}

static void set_count(struct ddsketch *sketch, size_t at, uint64_t count)
{
    if (sketch->is_wide)
        atomic_store_explicit(&sketch->wide[at], count, memory_order_relaxed);
    else
        atomic_store_explicit(&sketch->narrow[at], (uint32_t)count, memory_order_relaxed);
}

void ddsketch_clear_row(struct ddsketch *sketch, unsigned row)
{
    sketch->is_full = false;
    for (uint32_t i = 0; i < sketch->n_bins; i++)
        set_count(sketch, (size_t)row * sketch->n_bins + i, 0);
}

/* The bins that are in use. @ret_n gets the number of observations. */
static struct range find_used(const struct ddsketch *sketch, uint64_t *ret_n)
{
    struct range used = { INT32_MAX, INT32_MIN };

    *ret_n = 0;
    for (uint32_t i = 0; i < sketch->n_bins; i++) {
        int32_t index = sketch->first + (int32_t)i;
        uint64_t count = 0;

        for (uint32_t row = 0; row < sketch->n_rows; row++)
            count += count_at(sketch, (size_t)row * sketch->n_bins + i);
        if (!count)
            continue;
        *ret_n += count;
        used.from = index < used.from ? index : used.from;
        used.to = index;
    }
    return used;
}

/* --- room ------------------------------------------------------------------------------- */

/* The bins for what is in @used, and @index. There are at least @n_before, if @max_bins allows. */
static struct layout plan(struct range used, int32_t index, uint32_t n_before, uint32_t max_bins)
{
    int32_t from = used.from < index ? used.from : index, to = used.to > index ? used.to : index;
    uint32_t span = (uint32_t)(to - from) + 1;
    struct layout layout = { .n_bins = n_before < max_bins ? n_before : max_bins };

    while (layout.n_bins < span && layout.n_bins < max_bins)
        layout.n_bins *= 2;
    if (span <= layout.n_bins) {
        layout.first = from - (int32_t)(layout.n_bins - span) / 2;
        return layout;
    }
    layout.is_full = true;
    layout.first = to - (int32_t)layout.n_bins + 1;
    /* Values that grow steadily would move all bins each time. */
    if (index > used.to)
        layout.first += (int32_t)layout.n_bins / 12; /* DDSKETCH_SPAN needs 931 of 1,024 */
    return layout;
}

static struct ddsketch *new_sketch(unsigned n_rows, const struct layout *layout)
{
    size_t size = layout->is_wide ? sizeof(uint64_t) : sizeof(uint32_t);
    struct ddsketch *sketch = calloc(1, sizeof(*sketch) + size * n_rows * layout->n_bins);

    if (!sketch)
        return NULL;
    sketch->first = layout->first;
    sketch->n_bins = layout->n_bins;
    sketch->n_rows = n_rows;
    sketch->is_wide = layout->is_wide;
    sketch->is_full = layout->is_full;
    if (layout->is_wide)
        sketch->wide = (_Atomic uint64_t *)(sketch + 1);
    else
        sketch->narrow = (_Atomic uint32_t *)(sketch + 1);
    return sketch;
}

/* Count in @sketch what @old has counted. */
static void copy_counts(struct ddsketch *sketch, const struct ddsketch *old)
{
    int32_t moved = old->first - sketch->first;

    for (uint32_t row = 0; row < old->n_rows; row++)
        for (uint32_t i = 0; i < old->n_bins; i++) {
            uint64_t count = count_at(old, (size_t)row * old->n_bins + i);
            int32_t bin = (int32_t)i + moved > 0 ? (int32_t)i + moved : 0;
            size_t at = (size_t)row * sketch->n_bins + (uint32_t)bin;

            if (count)
                set_count(sketch, at, count_at(sketch, at) + count);
        }
}

static bool is_like(const struct ddsketch *sketch, const struct layout *layout)
{
    return sketch->first == layout->first && sketch->n_bins == layout->n_bins &&
           sketch->is_wide == layout->is_wide;
}

struct ddsketch *ddsketch_extend(struct ddsketch *old, unsigned n_rows, unsigned max_bins,
                                 int32_t index, uint64_t n)
{
    uint64_t n_before = 0;
    struct range used = old ? find_used(old, &n_before) : (struct range){ index, index };
    bool is_wide = n_before + n > UINT32_MAX;
    struct layout layout =
        plan(used, index, old ? old->n_bins : BINS_MIN, is_wide ? max_bins / 2 : max_bins);
    struct ddsketch *sketch;

    layout.is_wide = is_wide;
    if (old && is_like(old, &layout)) {
        old->is_full = layout.is_full;
        return old;
    }
    sketch = new_sketch(n_rows, &layout);
    if (sketch && old)
        copy_counts(sketch, old);
    return sketch;
}

struct ddsketch *ddsketch_shrink(struct ddsketch *old, unsigned max_bins)
{
    uint64_t n;
    struct range used = find_used(old, &n);

    return ddsketch_extend(old, old->n_rows, max_bins, n ? used.to : old->first, 0);
}

/* --- merging ---------------------------------------------------------------------------- */

void ddsketch_sum_init(struct ddsketch_sum *sum, struct ddsketch *const *sketches, unsigned n)
{
    sum->first = INT32_MAX;
    sum->last = INT32_MIN;
    sum->n = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct ddsketch *sketch = sketches[i];
        int32_t last = sketch ? sketch->first + (int32_t)sketch->n_bins - 1 : INT32_MIN;

        if (!sketch)
            continue;
        sum->first = sketch->first < sum->first ? sketch->first : sum->first;
        sum->last = last > sum->last ? last : sum->last;
    }
    if (sum->first > sum->last)
        return;
    if (sum->last - sum->first >= (int32_t)DDSKETCH_SUM_BINS_MAX)
        sum->first = sum->last - (int32_t)DDSKETCH_SUM_BINS_MAX + 1;
    memset(sum->counts, 0, (size_t)(sum->last - sum->first + 1) * sizeof(sum->counts[0]));
}

void ddsketch_sum_add(struct ddsketch_sum *sum, const struct ddsketch *sketch, unsigned row)
{
    int32_t moved = sketch->first - sum->first;

    for (uint32_t i = 0; i < sketch->n_bins; i++) {
        uint64_t count = count_at(sketch, (size_t)row * sketch->n_bins + i);
        int32_t bin = (int32_t)i + moved > 0 ? (int32_t)i + moved : 0;

        sum->counts[bin] += count;
        sum->n += count;
    }
}

double ddsketch_sum_value(const struct ddsketch_sum *sum, uint64_t rank)
{
    int32_t index = sum->first;
    uint64_t n_up_to = 0;

    for (; index < sum->last; index++) {
        n_up_to += sum->counts[index - sum->first];
        if (n_up_to > rank)
            break;
    }
    return ddsketch_value(index);
}
