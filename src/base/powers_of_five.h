/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Powers of five: the first 128 bits of each that reading or writing a double can need
 *
 * Row q - POWER_MIN holds 5^q * 2^k, high word first, where k makes the highest bit a 1. The rest
 * is truncated, except that reciprocals of powers that fit into 64 bits are rounded up, so that a
 * quotient without remainder does not come out slightly too small. nearest.c reads numbers with
 * these rows, and shortest.c writes them.
 */

#include <stdint.h>

#define POWER_MIN (-342)
#define POWER_MAX 324

/* Powers in this range are neither truncated nor reciprocals: the rows are exact. */
#define POWER_EXACT_MAX 55

extern const uint64_t powers_of_five[POWER_MAX - POWER_MIN + 1][2];

/* The largest n with 2^n <= 10^@exponent, for all rows: 217706 is log2(10) * 2^16. */
static inline int binary_of_power(int exponent)
{
    return (exponent * 217706) >> 16;
}
