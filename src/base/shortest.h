/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shortest: the decimal with the fewest digits that reads back as a double
 */

#include <stdint.h>

/* The most digits that a double needs. */
#define SHORTEST_DIGITS_MAX 17

/* digits * 10^exponent; the last digit is not 0. */
struct shortest {
    uint64_t digits;
    int exponent;
};

/*
 * The decimal with the fewest digits whose nearest double (ties to even) is @number; of several,
 * the one closest to @number. @number is finite and above 0.
 */
struct shortest shortest_of(double number);
