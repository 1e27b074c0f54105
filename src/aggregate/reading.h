/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reading: the value of a series at one moment
 */

#include "base/buckets.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

/* From here on a double may not hold a whole number. */
#define READING_WHOLE 0x1p53

struct reading {
    double value;                     /* counter, gauge, set; of a set, NAN if memory ran out */
    uint64_t whole;                   /* counter from READING_WHOLE on: exactly; 0: unknown */
    double sum;                       /* histogram */
    uint64_t counts[BUCKETS_MAX + 1]; /* histogram: per bucket, not cumulative */
};

/* Clamp @sum to the range of a double: each cell is finite, but their sum may not be. */
static inline double reading_saturate(double sum)
{
    return isinf(sum) ? copysign(DBL_MAX, sum) : sum;
}
