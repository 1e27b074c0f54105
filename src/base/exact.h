/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exact: a long decimal against the middle between two doubles
 */

#include "base/slice.h"

#define EXACT_DIGITS_MAX 256

/*
 * Round @digits * 10^@exponent to @lower or to the next larger double, which may
 * be infinite: the nearer one, or in the middle the even one.
 *
 * @digits are at most EXACT_DIGITS_MAX decimal digits, the zeros at their front
 * included. A point among them is passed over; @exponent has counted it. @lower
 * is finite, not negative, and within a millionth of the decimal (if it is 0, the
 * decimal is below 1e-323): further away the arithmetic would have no room.
 */
double exact_round(struct slice digits, int exponent, double lower);
