/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading: the value of a series at one moment
 */

#include "base/buckets.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* From here on a double may not hold a whole number. */
#define READING_WHOLE 0x1p53

/* Consecutive buckets of a native histogram. */
struct native_span {
    int32_t offset;  /* of the first span: the index of its first bucket; of others: buckets left
                        out after the span before */
    uint32_t length; /* at least 1 */
};

/* The buckets of its positive observations, or of its negative ones, in order of their index. */
struct native_side {
    const struct native_span *spans;
    unsigned n_spans;       /* 0: there are no buckets */
    const uint64_t *counts; /* of each bucket, not cumulative and not a difference; some may be 0 */
    unsigned n_counts;      /* the sum of the lengths */
};

/*
 * The buckets of a native histogram, as docs/specs/native_histograms.md in prometheus/docs defines
 * them. With @zero_count they add up to exactly as many observations as the classic buckets that
 * were read with them.
 */
struct native_buckets {
    int schema; /* -4 to 8 */
    double zero_threshold;
    uint64_t zero_count;
    struct native_side positive, negative;
};

struct reading {
    int64_t now_ns;                   /* the caller says it: see series_read() */
    double value;                     /* counter, gauge, set; of a set, NAN if memory ran out */
    uint64_t whole;                   /* counter from READING_WHOLE on: exactly; 0: unknown */
    double sum;                       /* histogram, summary */
    uint64_t count;                   /* summary */
    bool has_negative;                /* summary: some observations are below 0 */
    double quantiles[QUANTILES_MAX];  /* summary: of each of its quantiles; NAN: of nothing */
    uint64_t counts[BUCKETS_MAX + 1]; /* histogram: per bucket, not cumulative */
};

/* Clamp @sum to the range of a double: each cell is finite, but their sum may not be. */
static inline double reading_saturate(double sum)
{
    return isinf(sum) ? copysign(DBL_MAX, sum) : sum;
}
