/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Nearest: the double nearest to a decimal of up to 64 bits
 */

#include <stdint.h>

/*
 * The double nearest to @digits * 10^@exponent, ties to even. All values are allowed:
 * a result that is too small becomes 0, one that is too large becomes infinity.
 */
double nearest_double(uint64_t digits, int exponent);
