/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Number
 *
 * Nearly every number that a program sends has few digits. When the digits fit into 53
 * bits, and a double holds the power of ten exactly, a single multiplication or division
 * is correctly rounded (Clinger 1990, "How to read floating point numbers accurately").
 * For up to 19 digits, which fit into a word, nearest.c rounds with one more
 * multiplication.
 *
 * A number with more digits lies between its first 19 digits and these plus 1. Nearly
 * always both have the same nearest double, so the number has it too. If they do not,
 * exact.c looks at every digit. So the locale does not matter, and the worst input costs
 * about a microsecond.
 *
 * Writing also has a fast path, for whole numbers, such as counters and buckets, and for
 * short fractions. The digits of the rest come from shortest.c.
 */

#include "base/number.h"

#include "base/exact.h"
#include "base/nearest.h"
#include "base/shortest.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define EXACT_POWER_MAX 22
#define EXACT_INTEGER_MAX (UINT64_C(1) << 53)
#define FIXED_MIN (-4) /* smaller powers of ten are written with an exponent */
#define DIGITS_MAX 19  /* any 19 digits fit into 64 bits */

_Static_assert(NUMBER_LENGTH_MAX <= EXACT_DIGITS_MAX, "exact.c cannot take every number");

/* The powers of ten that a double holds exactly. */
static const double power_of_ten[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* A decimal as read: digits * 10^exponent, where `digits` holds the first DIGITS_MAX. */
struct decimal {
    uint64_t digits;
    int n_digits; /* leading zeros not counted */
    int n_seen;   /* all digits */
    int exponent;
    bool is_negative;
    bool is_complete; /* it is a number if the text ends here */
};

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static const char *read_digits(const char *at, const char *end, struct decimal *decimal)
{
    for (; at < end && is_digit(*at); at++) {
        decimal->n_seen++;
        if (decimal->n_digits < DIGITS_MAX)
            decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
        if (decimal->digits)
            decimal->n_digits++;
    }
    return at;
}

/* Read what follows 'e': the sign and digits of an exponent. */
static const char *read_exponent(const char *at, const char *end, struct decimal *decimal)
{
    bool is_negative = false;
    const char *first;
    int exponent = 0;

    if (at < end && (*at == '+' || *at == '-'))
        is_negative = *at++ == '-';
    first = at;
    for (; at < end && is_digit(*at); at++)
        if (exponent < 100000)
            exponent = exponent * 10 + (*at - '0');
    decimal->exponent += is_negative ? -exponent : exponent;
    decimal->is_complete = at > first;
    return at;
}

/*
 * Read a number at the beginning of @text, which is not empty. Returns the number of
 * bytes that can belong to it. Even then its end may be missing: see is_complete.
 * Inline, so that the caller keeps @decimal in registers.
 */
__attribute__((__always_inline__)) static inline size_t decimal_read(struct slice text,
                                                                     struct decimal *decimal)
{
    const char *at = text.at, *end = text.at + text.len, *point;

    if (*at == '+' || *at == '-')
        decimal->is_negative = *at++ == '-';
    at = read_digits(at, end, decimal);
    if (at < end && *at == '.') {
        point = ++at;
        at = read_digits(at, end, decimal);
        decimal->exponent = -(int)(at - point);
    }
    decimal->is_complete = decimal->n_seen > 0;
    if (decimal->is_complete && at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at + 1, end, decimal);
    return (size_t)(at - text.at);
}

/* The digits of @number without sign and exponent, but with the point. */
static struct slice digits_of(struct slice number)
{
    size_t n = 0;

    if (number.at[0] == '+' || number.at[0] == '-')
        number = (struct slice){ number.at + 1, number.len - 1 };
    while (n < number.len && (is_digit(number.at[n]) || number.at[n] == '.'))
        n++;
    return (struct slice){ number.at, n };
}

/* The operands are exact, so there is one rounding, and it is correct. */
static double round_simply(uint64_t digits, int exponent)
{
    double number = (double)digits;

    if (exponent < 0)
        return number / power_of_ten[-exponent];
    return exponent > 0 ? number * power_of_ten[exponent] : number;
}

/*
 * For every other number. @digits holds the first of its @n_digits; the rest are in @text.
 * Not inline, and without the struct, which would cost short decimals registers.
 */
__attribute__((__noinline__)) static double round_with_care(struct slice text, uint64_t digits,
                                                            int n_digits, int exponent)
{
    int n_cut = n_digits > DIGITS_MAX ? n_digits - DIGITS_MAX : 0;
    double number = nearest_double(digits, exponent + n_cut);

    if (n_cut == 0 || number == nearest_double(digits + 1, exponent + n_cut))
        return number;
    return exact_round(digits_of(text), exponent, number);
}

/* Any whole number with this many digits is exact as a double. */
#define SHORT_LENGTH_MAX 15

/*
 * Parse a few digits without a sign, with or without a point: the most common case. Both operands
 * of the division are exact.
 */
static bool parse_short(struct slice text, double *ret)
{
    uint64_t number = 0;
    size_t i = 0, point;

    if (text.len - 1 >= SHORT_LENGTH_MAX) /* includes 0 */
        return false;
    for (; i < text.len && is_digit(text.at[i]); i++)
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    *ret = (double)(int64_t)number; /* signed: one instruction instead of eight */
    if (i == text.len)
        return true;
    if (text.at[i] != '.' || text.len == 1)
        return false;
    for (point = i++; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    *ret = (double)(int64_t)number / power_of_ten[text.len - 1 - point];
    return true;
}

bool number_parse(struct slice text, double *ret)
{
    struct decimal decimal = { 0 };
    double number;

    if (parse_short(text, &number)) {
        *ret = number;
        return true;
    }
    if (text.len == 0 || text.len > NUMBER_LENGTH_MAX)
        return false;
    if (decimal_read(text, &decimal) < text.len || !decimal.is_complete)
        return false;

    /* If they are this small, no digit was cut off. */
    if (decimal.digits <= EXACT_INTEGER_MAX && decimal.exponent <= EXACT_POWER_MAX &&
        decimal.exponent >= -EXACT_POWER_MAX) {
        number = round_simply(decimal.digits, decimal.exponent);
    } else {
        number = round_with_care(text, decimal.digits, decimal.n_digits, decimal.exponent);
        if (isinf(number))
            return false;
    }
    *ret = decimal.is_negative ? -number : number;
    return true;
}

static size_t count_digits_at(struct slice text, size_t i)
{
    size_t begin = i;

    while (i < text.len && is_digit(text.at[i]))
        i++;
    return i - begin;
}

static bool is_sign_at(struct slice text, size_t i)
{
    return i < text.len && (text.at[i] == '+' || text.at[i] == '-');
}

size_t number_prefix(struct slice text)
{
    size_t i = is_sign_at(text, 0), n_digits = count_digits_at(text, i), exponent;

    i += n_digits;
    if (i < text.len && text.at[i] == '.') {
        size_t n_decimals = count_digits_at(text, i + 1);

        i += 1 + n_decimals;
        n_digits += n_decimals;
    }
    if (n_digits == 0)
        return 0;
    if (i < text.len && (text.at[i] == 'e' || text.at[i] == 'E')) {
        exponent = i + 1 + is_sign_at(text, i + 1);
        n_digits = count_digits_at(text, exponent);
        if (n_digits > 0)
            i = exponent + n_digits;
    }
    return i;
}

size_t number_valid_prefix(struct slice text)
{
    struct decimal decimal = { 0 };

    if (text.len > NUMBER_LENGTH_MAX)
        text.len = NUMBER_LENGTH_MAX;
    return text.len == 0 ? 0 : decimal_read(text, &decimal);
}

/* 00 to 99. Division is the slowest step, and pairs need half as many. */
static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

/* Write the last @n digits of @number. */
static void write_digits(char *out, uint64_t number, size_t n)
{
    for (; n >= 2; n -= 2, number /= 100)
        memcpy(out + n - 2, digit_pairs + 2 * (number % 100), 2);
    if (n)
        out[0] = (char)('0' + number % 10);
}

static size_t count_digits(uint64_t number)
{
    uint64_t power = 10;
    size_t n = 1;

    for (; n < 20 && number >= power; power *= 10)
        n++;
    return n;
}

size_t number_format_uint(char out[NUMBER_TEXT_MAX], uint64_t number)
{
    size_t n = count_digits(number);

    write_digits(out, number, n);
    return n;
}

/* Write @decimal, with its first digit before the point, and an exponent. */
static size_t write_scientific(char *out, uint64_t digits, size_t n_digits, int exponent)
{
    size_t len = n_digits > 1 ? n_digits + 1 : 1,
           n_more = exponent <= -100 || exponent >= 100 ? 3 : 2;

    write_digits(out + 1, digits, n_digits);
    out[0] = out[1];
    out[1] = '.';
    out[len] = 'e';
    out[len + 1] = exponent < 0 ? '-' : '+';
    write_digits(out + len + 2, (uint64_t)abs(exponent), n_more);
    return len + 2 + n_more;
}

/* Write @digits with the point after the first @n_before of them; 0 or less: zeros are added. */
static size_t write_fixed(char *out, uint64_t digits, size_t n_digits, int n_before)
{
    size_t n_zeros = n_before > 0 ? 0 : (size_t)(1 - n_before), before = (size_t)n_before;

    if (n_zeros) {
        memset(out, '0', n_zeros + 1);
        out[1] = '.';
        write_digits(out + n_zeros + 1, digits, n_digits);
        return n_zeros + 1 + n_digits;
    }
    write_digits(out + 1, digits, n_digits);
    memmove(out, out + 1, before);
    if (before == n_digits)
        return n_digits;
    out[before] = '.';
    return n_digits + 1;
}

/*
 * Write a number that is not whole, or too large to be exact, as "%.{n}g" does, n being the number
 * of its digits and DBL_DIG at least.
 */
static size_t format_fraction(char *out, double number)
{
    struct shortest shortest = shortest_of(number);
    size_t n_digits = count_digits(shortest.digits);
    int exponent = shortest.exponent + (int)n_digits - 1;

    if (exponent >= FIXED_MIN && exponent < (n_digits > DBL_DIG ? (int)n_digits : DBL_DIG))
        return write_fixed(out, shortest.digits, n_digits, exponent + 1);
    return write_scientific(out, shortest.digits, n_digits, exponent);
}

static size_t format_word(char out[NUMBER_TEXT_MAX], struct slice word)
{
    memcpy(out, word.at, word.len);
    return word.len;
}

/* For a number that is not negative. Conversion to a signed integer is one instruction. */
static bool is_whole(double number)
{
    return number <= (double)EXACT_INTEGER_MAX && number == (double)(int64_t)number;
}

/* The range of format_decimal(). Outside of it, the powers are not exact enough. */
#define DECIMAL_MIN 1e-4
#define DECIMAL_MAX 1e9
#define DECIMALS_MAX 6

/*
 * Write a fraction with few decimals, as most have. A whole number divided by a power of ten then
 * gives exactly @number, and as both operands are exact, the text reads back as @number. It has 15
 * digits at most, and no other decimal with so few reads back as the same. Returns 0 when
 * DECIMALS_MAX decimals are not enough.
 */
static size_t format_decimal(char *out, double number)
{
    size_t n, n_decimals = DECIMALS_MAX;
    uint64_t scaled;

    if (number < DECIMAL_MIN || number > DECIMAL_MAX)
        return 0;
    scaled = (uint64_t)(int64_t)(number * power_of_ten[DECIMALS_MAX] + 0.5);
    if ((double)(int64_t)scaled / power_of_ten[DECIMALS_MAX] != number)
        return 0;
    if (scaled % 1000 == 0) {
        scaled /= 1000;
        n_decimals -= 3;
    }
    for (; scaled % 10 == 0; scaled /= 10)
        n_decimals--;
    n = number_format_uint(out, (uint64_t)(int64_t)number);
    out[n] = '.';
    write_digits(out + n + 1, scaled, n_decimals);
    return n + 1 + n_decimals;
}

/* Write a finite number without its sign. */
static size_t format_positive(char *out, double number)
{
    size_t len;

    if (is_whole(number))
        return number_format_uint(out, (uint64_t)(int64_t)number);
    len = format_decimal(out, number);
    return len ? len : format_fraction(out, number);
}

size_t number_format(char out[NUMBER_TEXT_MAX], double number)
{
    /* The most common case comes first. */
    if (!signbit(number) && is_whole(number))
        return number_format_uint(out, (uint64_t)(int64_t)number);
    if (isnan(number))
        return format_word(out, SLICE("NaN"));
    if (isinf(number))
        return format_word(out, number > 0 ? SLICE("+Inf") : SLICE("-Inf"));
    if (signbit(number)) {
        out[0] = '-';
        return 1 + format_positive(out + 1, -number);
    }
    return format_positive(out, number);
}

/* --- canonical ------------------------------------------------------------------------------ */

/* Go writes an exponent from here on, if it chooses the number of digits itself. */
#define CANONICAL_FIXED_MAX 1e6

/* Write a finite number above 0. */
static size_t format_canonical(char *out, double number)
{
    struct shortest shortest;
    size_t n_digits;
    int exponent;

    if (is_whole(number) && number < CANONICAL_FIXED_MAX) {
        size_t len = number_format_uint(out, (uint64_t)number);

        memcpy(out + len, ".0", 2);
        return len + 2;
    }
    shortest = shortest_of(number);
    n_digits = count_digits(shortest.digits);
    exponent = shortest.exponent + (int)n_digits - 1;
    if (exponent >= FIXED_MIN && number < CANONICAL_FIXED_MAX)
        return write_fixed(out, shortest.digits, n_digits, exponent + 1);
    return write_scientific(out, shortest.digits, n_digits, exponent);
}

size_t number_format_canonical(char out[NUMBER_TEXT_MAX], double number)
{
    size_t n = 0;

    if (isnan(number) || isinf(number))
        return number_format(out, number);
    if (signbit(number))
        out[n++] = '-';
    if (number == 0)
        return n + format_word(out + n, SLICE("0.0"));
    return n + format_canonical(out + n, fabs(number));
}
