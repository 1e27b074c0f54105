/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exact: rounding a long decimal by comparing it with the middle between two doubles
 */

#include "base/slice.h"

#define EXACT_DIGITS_MAX 256

/*
 * Round @digits * 10^@exponent to @lower or to the next larger double, which may
 * be infinite: to the nearer of the two, ties to even.
 *
 * @digits has at most EXACT_DIGITS_MAX decimal digits, including leading zeros. A
 * point among them is skipped; @exponent already accounts for it. @lower is finite,
 * not negative, and within a millionth of the decimal (if it is 0, the decimal is
 * below 1e-323). Otherwise the arithmetic could run out of words.
 */
double exact_round(struct slice digits, int exponent, double lower);
