/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Native index: which bucket of a native histogram a value is in
 *
 * By docs/specs/native_histograms.md in prometheus/docs, a positive value is in the bucket with
 * index i of schema s if it is above (2**2**-s)**(i-1), and not above (2**2**-s)**i. These bounds
 * are real numbers here, not doubles.
 */

#include "base/compiler.h"

#include <stdint.h>
#include <string.h>

/* The highest and the lowest resolution: 256 buckets between two powers of two, and 1 in 16. */
#define NATIVE_SCHEMA_MAX 8
#define NATIVE_SCHEMA_MIN (-4)

#define NATIVE_FRACTIONS_N (1 << NATIVE_SCHEMA_MAX)

/* Implementation: of each bound from 1 to 2, the 52 bits of the largest double up to it. */
extern const uint64_t native_fractions[NATIVE_FRACTIONS_N + 2];

/* Implementation: the number of bounds below a fraction of which only these 8 bits are not 0. */
extern const uint16_t native_starts[256];

/* The upper bound of the bucket with @index in @schema: the largest double up to it. */
double native_bound(int32_t index, int schema);

/* The index, in a schema lower by @steps (0 to 12), of the bucket that contains this one. */
static inline int32_t native_index_lower(int32_t index, int steps)
{
    return (index + (1 << steps) - 1) >> steps;
}

/* The index of @magnitude, which is above 0 and finite, in the highest schema. */
static inline int32_t native_index_highest(double magnitude)
{
    uint64_t bits, fraction;
    int exponent, scaled = 0;
    unsigned n_below;

    memcpy(&bits, &magnitude, sizeof(bits));
    if (UNLIKELY(bits >> 52 == 0)) {
        scaled = 54;
        magnitude *= 0x1p54; /* a subnormal number becomes a normal one */
        memcpy(&bits, &magnitude, sizeof(bits));
    }
    exponent = (int)(bits >> 52) - 1023 - scaled;
    fraction = bits & ((UINT64_C(1) << 52) - 1);
    n_below = native_starts[fraction >> 44];
    n_below += native_fractions[n_below] < fraction;
    n_below += native_fractions[n_below] < fraction;
    return exponent * NATIVE_FRACTIONS_N + (int32_t)n_below;
}

/* The index of @magnitude, which is above 0 and finite, in @schema. */
static inline int32_t native_index(double magnitude, int schema)
{
    return native_index_lower(native_index_highest(magnitude), NATIVE_SCHEMA_MAX - schema);
}
