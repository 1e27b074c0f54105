/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Native cells: histograms with native buckets, and what they should have counted
 */

#include "unit.h"

#include "aggregate/histogram.h"
#include "aggregate/kind.h"
#include "aggregate/native_reading.h"

#include <float.h>
#include <math.h>

#define CELLS 3
#define VALUES_MAX 4096

static struct buckets *native_buckets; /* up to -1, 0, 1, 10 */
static _Atomic(struct cell *) cells[CELLS];
static struct reading reading;
static struct native_reading native;
static struct {
    double value;
    uint64_t n;
} observed[VALUES_MAX];
static size_t n_observed;

/* Make the cells anew, with these options. */
static inline void make_cells(int schema, unsigned max_buckets, double zero_threshold)
{
    for (unsigned i = 0; i < CELLS; i++)
        kind_free_cell(METRIC_HISTOGRAM, atomic_load(&cells[i]));
    buckets_free(native_buckets);
    assert_int_equal(buckets_new(&native_buckets, (const double[]){ -1, 0, 1, 10 }, 4), 0);
    native_buckets->native = (struct native_options){ schema, max_buckets, zero_threshold };
    for (unsigned i = 0; i < CELLS; i++)
        atomic_store(&cells[i], kind_new_cell(METRIC_HISTOGRAM, NULL, native_buckets));
    n_observed = 0;
}

static inline int free_cells(void **state)
{
    for (unsigned i = 0; i < CELLS; i++)
        kind_free_cell(METRIC_HISTOGRAM, atomic_exchange(&cells[i], NULL));
    buckets_free(TAKE(native_buckets));
    native_reading_deinit(&native);
    return 0;
}

/* Record @value @n times in cell @i. */
static inline void observe_in(unsigned i, double value, uint64_t n)
{
    struct histogram_cell *cell = (struct histogram_cell *)atomic_load(&cells[i]);

    assert_int_equal(histogram_record(cell, value, (double)n), VERDICT_APPLIED);
    assert_true(n_observed < VALUES_MAX);
    observed[n_observed].value = value;
    observed[n_observed++].n = n;
}

static inline void observe(double value)
{
    observe_in(0, value, 1);
}

static inline void read_cells(void)
{
    assert_true(histogram_read_native(cells, CELLS, native_buckets, &reading, &native));
}

static inline uint64_t sum_of(const uint64_t *counts, unsigned n)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

/* All native observations. */
static inline uint64_t native_total(void)
{
    const struct native_buckets *is = &native.buckets;

    return is->zero_count + sum_of(is->positive.counts, is->positive.n_counts) +
           sum_of(is->negative.counts, is->negative.n_counts);
}

/* The count of the bucket @index of a side. */
static inline uint64_t count_at(const struct native_side *side, int32_t index)
{
    const uint64_t *counts = side->counts;
    int32_t at = 0;

    for (unsigned i = 0; i < side->n_spans; i++) {
        at += side->spans[i].offset;
        if (index < at)
            return 0;
        if (index < at + (int32_t)side->spans[i].length)
            return counts[index - at];
        at += (int32_t)side->spans[i].length;
        counts += side->spans[i].length;
    }
    return 0;
}

/* Whether @a and @b are in the same native bucket. */
static inline bool are_together(double a, double b)
{
    double threshold = native.buckets.zero_threshold;

    return native_code(a, threshold, native.buckets.schema) ==
           native_code(b, threshold, native.buckets.schema);
}

/* What has been read must have everything that was observed, in its buckets. */
static inline void assert_all_observed(void)
{
    uint64_t total = 0;

    for (size_t i = 0; i < n_observed; i++) {
        double value = observed[i].value, threshold = native.buckets.zero_threshold;
        uint64_t expected = 0, n;

        total += observed[i].n;
        for (size_t j = 0; j < n_observed; j++)
            expected += are_together(value, observed[j].value) ? observed[j].n : 0;
        if (fabs(value) <= threshold)
            n = native.buckets.zero_count;
        else
            n = count_at(value < 0 ? &native.buckets.negative : &native.buckets.positive,
                         native_index(fabs(value), native.buckets.schema));
        if (n != expected)
            fail_msg("%a: %lu counted instead of %lu", value, n, expected);
    }
    assert_int_equal(native_total(), total);
    assert_int_equal(sum_of(reading.counts, native_buckets->n + 1), total);
}

/* The buckets with observations, without the zero bucket. */
static inline unsigned n_populated(void)
{
    const struct native_side *sides[] = { &native.buckets.positive, &native.buckets.negative };
    unsigned n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(sides); i++)
        for (unsigned j = 0; j < sides[i]->n_counts; j++)
            n += sides[i]->counts[j] > 0;
    return n;
}

/* A number of any size, or in half of the cases of usual size: splitmix64 of @seed. */
static inline double any_value(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    double value;

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    memcpy(&value, &z, sizeof(value));
    if (z & 1 || !isfinite(value) || fabs(value) > 1e300)
        return ldexp((double)(z >> 11), -40 - (int)(z >> 1 & 31)) * (z & 64 ? -1 : 1);
    return value;
}
