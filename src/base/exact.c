/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exact
 *
 * The middle between two doubles is an integer times a power of two. The two sides of
 *
 *     digits * 5^exponent * 2^exponent   and   middle * 2^binary
 *
 * become integers when each negative power moves to the other side as a positive
 * one. Then they are compared word by word.
 *
 * Their length is bounded. A decimal of 256 digits has 851 bits. If it is not
 * rounded to 0, it is above 1e-324, so its exponent is above -324 - 256, and 5^580
 * times the middle's 54 bits has 1401 bits. If it is finite as a double, it is
 * below 2^1024. The two sides are nearly equal, so their lengths differ by at most
 * one bit. That makes 1402 bits, and NATURAL_WORDS has room for 1536.
 */

#include "base/exact.h"

#include <stdint.h>

#define NATURAL_WORDS 24
#define WORD_BITS 64

#define FRACTION_BITS 52
#define SUBNORMAL_BINARY (-1074) /* all subnormals are multiples of 2^-1074 */

/* The largest powers of 10 and of 5 that fit into a word. */
#define WORD_DIGITS 19
#define WORD_FIVES 27
#define FIVE_POWER_27 UINT64_C(7450580596923828125)

/* A whole number, lowest word first. The highest word is not zero. */
struct natural {
    uint64_t words[NATURAL_WORDS];
    int n_words;
};

static void multiply_add(struct natural *natural, uint64_t factor, uint64_t summand)
{
    uint64_t carry = summand;

    for (int i = 0; i < natural->n_words; i++) {
        unsigned __int128 product = (unsigned __int128)natural->words[i] * factor + carry;

        natural->words[i] = (uint64_t)product;
        carry = (uint64_t)(product >> WORD_BITS);
    }
    if (carry)
        natural->words[natural->n_words++] = carry;
}

static void multiply_by_power_of_five(struct natural *natural, int exponent)
{
    uint64_t rest = 1;

    for (; exponent >= WORD_FIVES; exponent -= WORD_FIVES)
        multiply_add(natural, FIVE_POWER_27, 0);
    for (; exponent > 0; exponent--)
        rest *= 5;
    multiply_add(natural, rest, 0);
}

static void multiply_by_power_of_two(struct natural *natural, int exponent)
{
    int n_words = exponent / WORD_BITS;

    if (natural->n_words == 0)
        return;
    multiply_add(natural, UINT64_C(1) << exponent % WORD_BITS, 0);
    memmove(natural->words + n_words, natural->words,
            (size_t)natural->n_words * sizeof(natural->words[0]));
    memset(natural->words, 0, (size_t)n_words * sizeof(natural->words[0]));
    natural->n_words += n_words;
}

static void read_digits(struct natural *natural, struct slice digits)
{
    uint64_t word = 0, power = 1;
    int n = 0;

    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] == '.')
            continue;
        word = word * 10 + (uint64_t)(digits.at[i] - '0');
        power *= 10;
        if (++n == WORD_DIGITS) {
            multiply_add(natural, power, word);
            word = 0;
            power = 1;
            n = 0;
        }
    }
    multiply_add(natural, power, word);
}

/* Returns a negative number, 0 or a positive one if @a is less than, equal to or above @b. */
static int compare(const struct natural *a, const struct natural *b)
{
    if (a->n_words != b->n_words)
        return a->n_words - b->n_words;
    for (int i = a->n_words - 1; i >= 0; i--)
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* The middle above the double with these @bits, as a multiple of 2^@ret_binary. */
static uint64_t middle_above(uint64_t bits, int *ret_binary)
{
    uint64_t mantissa = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    int exponent = (int)(bits >> FRACTION_BITS);

    *ret_binary = SUBNORMAL_BINARY - 1;
    if (exponent > 0) {
        mantissa |= UINT64_C(1) << FRACTION_BITS;
        *ret_binary += exponent - 1;
    }
    return 2 * mantissa + 1;
}

double exact_round(struct slice digits, int exponent, double lower)
{
    /* The words need no initial value: n_words says which ones are in use. */
    struct natural decimal, middle;
    int binary, order;
    uint64_t bits;

    memcpy(&bits, &lower, sizeof(bits));
    decimal.n_words = 0;
    read_digits(&decimal, digits);
    middle.n_words = 1;
    middle.words[0] = middle_above(bits, &binary);

    multiply_by_power_of_five(exponent < 0 ? &middle : &decimal,
                              exponent < 0 ? -exponent : exponent);
    multiply_by_power_of_two(exponent < binary ? &middle : &decimal,
                             exponent < binary ? binary - exponent : exponent - binary);

    /* Doubles from 0 to infinity have the same order as their bits. */
    order = compare(&decimal, &middle);
    if (order > 0 || (order == 0 && (bits & 1)))
        bits++;
    memcpy(&lower, &bits, sizeof(lower));
    return lower;
}
