/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shortest
 *
 * Every decimal between the middles to the two doubles next to a number reads back as that number
 * (Giulietti 2021, "The Schubfach way to render doubles"). That interval is 2^q wide, so with
 * 10^k as the largest power of ten up to 2^q:
 *
 *  - It holds one multiple of 10^(k+1) at most. If there is one, no decimal is shorter.
 *  - It holds one of the two multiples of 10^k around the number at least. If it holds both, the
 *    closer one is the answer.
 *
 * So the interval and the number are multiplied by 10^-k, and what is left are comparisons of
 * integers. All are kept times four, so that the middles are integers too:
 *
 *                  low           value         high
 *     -----+--------|------+-------*------+-----|-----+-----
 *        down-10          down           up
 *
 * The rows of powers_of_five.h have 128 bits of 10^-k. A product with them is not exact, but a bit
 * that says "and a little more" is enough to compare it with an integer: no product with a double
 * is so close to an integer that the error of a row would matter (shown there for 126 bits).
 */

#include "base/shortest.h"

#include "base/powers_of_five.h"

#include <stdbool.h>
#include <string.h>

#define FRACTION_BITS 52
#define FRACTION_MASK ((UINT64_C(1) << FRACTION_BITS) - 1)
#define EXPONENT_MASK 0x7ff
#define EXPONENT_BIAS (1023 + FRACTION_BITS)

/* Rows outside of this range are smaller than the power, by less than 1 in their last bit. */
#define POWER_ROUNDED_UP_MIN (-27)

/* A double: mantissa * 2^exponent. */
struct binary {
    uint64_t mantissa;
    int exponent;
    bool is_lower_closer; /* the double below it is only half as far away as the one above */
};

static struct binary take_apart(double number)
{
    struct binary binary;
    uint64_t bits;
    int biased;

    memcpy(&bits, &number, sizeof(bits));
    binary.mantissa = bits & FRACTION_MASK;
    biased = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    binary.is_lower_closer = binary.mantissa == 0 && biased > 1;
    if (biased > 0)
        binary.mantissa |= UINT64_C(1) << FRACTION_BITS;
    binary.exponent = (biased > 0 ? biased : 1) - EXPONENT_BIAS;
    return binary;
}

/*
 * The largest k with 10^k <= 2^@exponent, or 3/4 of it, for all doubles: 1262611 is
 * log10(2) * 2^22, and 524031 is log10(4/3) * 2^22.
 */
static int power_of_binary(int exponent, bool is_three_quarters)
{
    return (exponent * 1262611 - (is_three_quarters ? 524031 : 0)) >> 22;
}

/* 128 bits of 10^@exponent, rounded up. */
static unsigned __int128 power_rounded_up(int exponent)
{
    const uint64_t *row = powers_of_five[exponent - POWER_MIN];
    bool is_short = exponent < POWER_ROUNDED_UP_MIN || exponent > POWER_EXACT_MAX;

    return ((unsigned __int128)row[0] << 64 | row[1]) + is_short;
}

/* The first 64 of the 192 bits of @power * @number. The last bit is 1 if any of the others is. */
static uint64_t multiply(unsigned __int128 power, uint64_t number)
{
    unsigned __int128 low = (unsigned __int128)(uint64_t)power * number;
    unsigned __int128 high = (unsigned __int128)(uint64_t)(power >> 64) * number + (low >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static struct shortest without_zeros(struct shortest decimal)
{
    static const struct {
        uint64_t power;
        int n_zeros;
    } steps[] = { { 100000000, 8 }, { 10000, 4 }, { 100, 2 }, { 10, 1 } };

    if (decimal.digits % 10)
        return decimal;
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (decimal.digits % steps[i].power == 0) {
            decimal.digits /= steps[i].power;
            decimal.exponent += steps[i].n_zeros;
        }
    return decimal;
}

struct shortest shortest_of(double number)
{
    struct binary binary = take_apart(number);
    bool is_odd = binary.mantissa & 1;
    int k = power_of_binary(binary.exponent, binary.is_lower_closer);
    int shift = binary.exponent + binary_of_power(-k) + 1;
    unsigned __int128 power = power_rounded_up(-k);
    uint64_t middle = binary.mantissa << 2;
    uint64_t value = multiply(power, middle << shift);
    /* The middles themselves read back as the number if its mantissa is even. */
    uint64_t low = multiply(power, (middle - 2 + binary.is_lower_closer) << shift) + is_odd;
    uint64_t high = multiply(power, (middle + 2) << shift) - is_odd;
    uint64_t down = value / 4, down10 = down / 10;
    bool has_down, has_up;

    /* Multiples of 10^(k+1). Both would be in the interval only if it were wider. */
    has_down = low <= 40 * down10;
    has_up = 40 * down10 + 40 <= high;
    if (down >= 10 && has_down != has_up)
        return without_zeros((struct shortest){ down10 + has_up, k + 1 });

    has_down = low <= 4 * down;
    has_up = 4 * down + 4 <= high;
    if (has_down == has_up)
        has_up = value > 4 * down + 2 || (value == 4 * down + 2 && down % 2);
    return without_zeros((struct shortest){ down + has_up, k });
}
