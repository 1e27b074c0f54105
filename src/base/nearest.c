/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Nearest
 *
 * digits * 10^q is digits * 5^q times a power of two, which only changes the exponent
 * of the result (Lemire 2021, "Number parsing at a gigabyte per second"). So the digits
 * are shifted until their highest bit is a 1, and multiplied by the first 128 bits of
 * 5^q. The first bits of the product are those of the result:
 *
 *     product    1 mmmm...mmmm r ssss...ssss     (or 01 mmm..., one place lower)
 *                '----53-----' |
 *                              rounding bit
 *
 * In most rows 5^q is truncated. This makes the product too small, by less than 1 in
 * the last of its first 128 bits. If all bits s were ones, the missing part could carry
 * into r. That never happens: no row and no 64 bits of digits give that many ones
 * (Mushtak and Lemire 2023, "Fast number parsing without fallback"). The closest case,
 * with 5^199, misses by 1.5 times the largest error.
 *
 * The other danger is a tie: r = 1, followed by zeros only. Only small powers can make
 * one. A product that ends after 54 bits has 5^q below 2^54, and a quotient without
 * remainder has no more than 5^4 as its divisor (as 54 of the digits' 64 bits are
 * taken). In these rows the product shows a tie exactly: rows from 0 up are not
 * truncated, and the error of the rows below is too small to show in a quotient without
 * remainder.
 */

#include "base/nearest.h"

#include "base/powers_of_five.h"

#include <math.h>
#include <string.h>

#define FRACTION_BITS 52
#define BINARY_MIN (-1022) /* 2^BINARY_MIN is the smallest normal double */
#define INFINITE_BITS (UINT64_C(0x7ff) << FRACTION_BITS)

/* The powers of ten that can give a tie. */
#define TIE_POWER_MIN (-4)
#define TIE_POWER_MAX 23

/* The first 128 of the 192 bits of @digits * 5^@exponent. */
static unsigned __int128 multiply(uint64_t digits, int exponent)
{
    const uint64_t *power = powers_of_five[exponent - POWER_MIN];
    unsigned __int128 low = (unsigned __int128)digits * power[1];

    return (unsigned __int128)digits * power[0] + (uint64_t)(low >> 64);
}

/* Round @mantissa, 53 bits and the rounding bit, and combine it with its exponent. */
static double assemble(uint64_t mantissa, int binary)
{
    uint64_t bits = 0;
    double number;

    if (binary < BINARY_MIN - FRACTION_BITS - 1)
        return 0;
    if (binary < BINARY_MIN)
        mantissa >>= BINARY_MIN - binary;
    else
        bits = (uint64_t)(binary - BINARY_MIN) << FRACTION_BITS;
    /* The mantissa's highest bit, and a carry out of it, increment the exponent. */
    bits += (mantissa + 1) >> 1;
    if (bits > INFINITE_BITS)
        bits = INFINITE_BITS;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

double nearest_double(uint64_t digits, int exponent)
{
    int n_zeros, is_long, binary;
    unsigned __int128 product;
    uint64_t high, mantissa;

    if (digits == 0 || exponent < POWER_MIN)
        return 0;
    if (exponent > POWER_MAX)
        return (double)INFINITY;

    n_zeros = __builtin_clzll(digits);
    product = multiply(digits << n_zeros, exponent);
    high = (uint64_t)(product >> 64);
    is_long = (int)(high >> 63);
    mantissa = high >> (9 + is_long);
    binary = binary_of_power(exponent) + 63 - n_zeros + is_long;

    /* assemble() rounds a tie up, which is wrong if the number below it is even. */
    if (exponent >= TIE_POWER_MIN && exponent <= TIE_POWER_MAX && (mantissa & 3) == 1 &&
        product == (unsigned __int128)mantissa << (64 + 9 + is_long))
        mantissa--;
    return assemble(mantissa, binary);
}
