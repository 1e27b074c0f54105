/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t bits_of(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static double from_bits(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

/* splitmix64: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void must_accept(const char *text, double expected)
{
    double number = 42;

    if (!number_parse(slice_of(text), &number))
        fail_msg("refused: %s", text);
    if (bits_of(number) != bits_of(expected))
        fail_msg("%s became %a, not %a", text, number, expected);
}

static void must_refuse_bytes(struct slice text)
{
    double number = 42;

    if (number_parse(text, &number))
        fail_msg("accepted as %a: %.*s", number, (int)text.len, text.at ? text.at : "");
    assert_true(bits_of(number) == bits_of(42));
}

static void must_refuse(const char *text)
{
    must_refuse_bytes(slice_of(text));
}

static void accepts_decimal_numbers(void **state)
{
    must_accept("0", 0.0);
    must_accept("1", 1.0);
    must_accept("+1", 1.0);
    must_accept("-1", -1.0);
    must_accept("007", 7.0);
    must_accept(".5", 0.5);
    must_accept("5.", 5.0);
    must_accept("-.5", -0.5);
    must_accept("+5.", 5.0);
    must_accept("0.1", 0.1);
    must_accept("1e3", 1000.0);
    must_accept("1E3", 1000.0);
    must_accept("1e+3", 1000.0);
    must_accept("1e-3", 0.001);
    must_accept("5.e1", 50.0);
    must_accept(".5e1", 5.0);
    must_accept("1e0003", 1000.0);
    must_accept("-0", -0.0);
    must_accept("-0.0e5", -0.0);
    must_accept("123456789012345678901234567890", 123456789012345678901234567890.0);
}

static void refuses_what_is_no_decimal_number(void **state)
{
    static const char *const texts[] = {
        "",    "+",     "-",        ".",     "+.",       "-.",       "e",     "e5",   ".e5",
        "+e5", "1e",    "1e+",      "1e-",   "1e.5",     "1e1.5",    "1.2.3", "1..2", "++1",
        "--1", "+-1",   "1+",       "1-1",   " 1",       "1 ",       "\t1",   "1\n",  "1\r",
        "1 2", "1e 5",  "1,5",      "1_000", "0x1",      "0x1p3",    "1p3",   "0b1",  "nan",
        "NaN", "-nan",  "inf",      "Inf",   "+Inf",     "-inf",     "abc",   "1a",   "a1",
        "1f",  "1.5d0", "infinity", "1e5e5", "\xc2\xa0", "\xd9\xa1", "1\xff", "$1",   "1%",
        "0x",  "e",     "1e1e",     "1:2",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        must_refuse(texts[i]);
    must_refuse_bytes(SLICE("1\0"));
    must_refuse_bytes(SLICE("\0001"));
}

static void refuses_what_is_larger_than_any_double(void **state)
{
    must_accept("1.7976931348623157e308", DBL_MAX);
    must_accept("-1.7976931348623157e308", -DBL_MAX);
    must_accept("1.7976931348623158e308", DBL_MAX);
    must_refuse("1.7976931348623159e308");
    must_refuse("-1.7976931348623159e308");
    must_refuse("1e309");
    must_refuse("-1e309");
    must_refuse("1e99999999999999999999999999");
    must_refuse("1e2147483648");
    must_refuse("1e4294967297");
    must_refuse("1e18446744073709551617");
    must_refuse("0.0000000001e9999999999");
}

static void what_is_smaller_than_any_double_becomes_0(void **state)
{
    must_accept("4.9406564584124654e-324", from_bits(1));
    must_accept("2.4703282292062328e-324", from_bits(1));
    must_accept("2.4703282292062327e-324", 0.0);
    must_accept("1e-400", 0.0);
    must_accept("1e-99999999999999999999999999", 0.0);
    must_accept("1e-2147483649", 0.0);
    must_accept("1e-4294967295", 0.0);
    must_accept("123456789e-18446744073709551617", 0.0);
    must_accept("0e99999999999999999999999999", 0.0);
    must_accept("0.000e-99999999999999999999", 0.0);
}

static void ties_go_to_even(void **state)
{
    must_accept("9007199254740993", 9007199254740992.0);
    must_accept("9007199254740995", 9007199254740996.0);
    must_accept("9007199254740993.0000000000000000000000000000000000001", 9007199254740994.0);
    must_accept("9007199254740992.9999999999999999999999999999999999999", 9007199254740992.0);
    must_accept("900719925474099300000e-5", 9007199254740992.0);
    must_accept("2.2250738585072011e-308", 0x0.fffffffffffffp-1022);
    must_accept("2.2250738585072012e-308", 0x1p-1022);
    must_accept(
        "2.225073858507201136057409796709131975934819546351645648023426109724822222021e-308",
        0x0.fffffffffffffp-1022);
}

static void the_ends_of_every_path_are_exact(void **state)
{
    /* The digits and the powers of ten that a double can hold, and one more. */
    must_accept("9007199254740991", 9007199254740991.0);
    must_accept("9007199254740992", 9007199254740992.0);
    must_accept("9007199254740994", 9007199254740994.0);
    must_accept("9007199254740993e-22", 9007199254740993e-22);
    must_accept("9007199254740993e2", 9007199254740993e2);
    must_accept("9007199254740992e22", 9007199254740992e22);
    must_accept("9007199254740992e-22", 9007199254740992e-22);
    must_accept("1e22", 1e22);
    must_accept("1e23", 1e23);
    must_accept("1e-22", 1e-22);
    must_accept("1e-23", 1e-23);
    /* As much as 63 bits, 64 bits and 19 digits hold; then 20 digits. */
    must_accept("9223372036854775807", 0x1p63);
    must_accept("9223372036854775808", 0x1p63);
    must_accept("9223372036854776833", 0x1.0000000000001p63);
    must_accept("9999999999999999999", 1e19);
    must_accept("18446744073709551615", 0x1p64);
    must_accept("18446744073709551616", 0x1p64);
    must_accept("18446744073709553664", 0x1p64);
    must_accept("18446744073709553665", 0x1.0000000000001p64);
    must_accept("18446744073709555712", 0x1.0000000000001p64);
    must_accept("99999999999999999999", 1e20);
    must_accept("-99999999999999999999e-20", -1);
    /* Zeros do not count as digits at the front, but do after other digits. */
    must_accept("00000000000000000000000000000000000000017", 17);
    must_accept("0.00000000000000000000000000000000000000017", 17e-41);
    must_accept("17000000000000000000000000000000e-30", 17);
    must_accept("9007199254740993000000000000000000e-18", 9007199254740992.0);
    must_accept("9007199254740993000000000000000001e-18", 9007199254740994.0);
}

static void the_ends_of_the_doubles_are_exact(void **state)
{
    must_accept("2.2250738585072014e-308", DBL_MIN);
    must_accept("-2.2250738585072014e-308", -DBL_MIN);
    must_accept("5e-324", DBL_TRUE_MIN);
    must_accept("3e-324", DBL_TRUE_MIN);
    must_accept("2e-324", 0);
    must_accept("-2e-324", -0.0);
    must_accept("-2.4703282292062327208e-324", -0.0);
    must_accept("-2.4703282292062327209e-324", -DBL_TRUE_MIN);
    must_accept("179769313486231580793e288", DBL_MAX);
    must_accept("17976931348623158079372e286", DBL_MAX);
    must_refuse("17976931348623158079373e286");
    must_refuse("-17976931348623158079373e286");
    must_refuse("179769313486231580794e288");
    must_accept("1e308", 1e308);
    must_refuse("2e308");
}

/* NUMBER_LENGTH_MAX digits, or one more, in several forms. */
static void refuses_only_what_is_too_long(void **state)
{
    static const char *const tails[] = { "", "1", ".", ".5", "e-250", "e+0", "E5" };

    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        for (int digit = '0'; digit <= '9'; digit++) {
            char text[NUMBER_LENGTH_MAX + 2] = "";
            size_t tail = strlen(tails[i]);

            memset(text, digit, NUMBER_LENGTH_MAX + 1);
            memcpy(text + NUMBER_LENGTH_MAX + 1 - tail, tails[i], tail);
            must_refuse(text);
            must_accept(text + 1, strtod(text + 1, NULL));
        }
    }
}

static char *add_digits(char *at, uint64_t *random, unsigned n)
{
    /* Sometimes all zeros or all nines, as those are where rounding matters. */
    unsigned choice = next_random(random) % 8;

    for (unsigned i = 0; i < n; i++)
        *at++ = choice == 0 ? '0' : choice == 1 ? '9' : (char)('0' + next_random(random) % 10);
    return at;
}

/* Mostly what senders write; sometimes very long, or with a large exponent. */
static size_t random_number(char text[NUMBER_LENGTH_MAX + 64], uint64_t *random)
{
    uint64_t r = next_random(random);
    unsigned longest = r % 32 == 0 ? 100 : r % 4 == 0 ? 25 : 9;
    static const int greatest[] = { 5, 25, 330, 400 };
    int exponent = greatest[r >> 8 & 3];
    unsigned n_before = (unsigned)(r >> 16) % (longest + 1);
    unsigned n_behind = (unsigned)(r >> 32 & 0xffff) % (longest + 1) + (n_before == 0);
    char *at = text;

    if (r >> 60 < 6)
        *at++ = r >> 60 < 3 ? '-' : '+';
    at = add_digits(at, random, n_before);
    if (r >> 10 & 1 || n_before == 0) {
        *at++ = '.';
        at = add_digits(at, random, n_behind);
    }
    if (r >> 11 & 1)
        at += snprintf(at, 8, "%c%+d", r >> 12 & 1 ? 'e' : 'E',
                       (int)(next_random(random) % (unsigned)(2 * exponent + 1)) - exponent);
    *at = 0;
    return (size_t)(at - text);
}

static void reads_as_strtod_does(void **state)
{
    uint64_t random = 1;

    for (int i = 0; i < 1500000; i++) {
        char text[NUMBER_LENGTH_MAX + 64];
        size_t len = random_number(text, &random);
        double expected = strtod(text, NULL);

        if (isinf(expected))
            must_refuse_bytes((struct slice){ text, len });
        else
            must_accept(text, expected);
    }
}

/* 17 digits and more tell two neighbouring doubles apart. */
static void printed_doubles_read_back(void **state)
{
    static const int n_digits[] = { 17, 18, 20, 41 };
    uint64_t random = 2;

    for (int i = 0; i < 400000; i++) {
        char text[NUMBER_LENGTH_MAX];
        uint64_t r = next_random(&random);
        double number = from_bits(i % 16 < 12 ? r : r & ~(UINT64_C(0x7ff) << 52));

        if (!isfinite(number))
            continue;
        if (r & 1)
            snprintf(text, sizeof(text), "%.*g", n_digits[i % 4], number);
        else
            snprintf(text, sizeof(text), "%.*e", n_digits[i % 4] - 1, number);
        must_accept(text, number);
    }
}

/* Up to 19 digits, with every exponent that matters. */
static void reads_19_digits_as_strtod_does(void **state)
{
    uint64_t random = 6;

    for (int i = 0; i < 1000000; i++) {
        uint64_t r = next_random(&random);
        char text[NUMBER_TEXT_MAX + 16];
        size_t len = number_format_uint(text, next_random(&random) >> r % 64);
        double expected;

        text[len++] = 'e';
        text[len++] = r & 64 ? '-' : '+';
        len += number_format_uint(text + len, (r >> 8) % 350);
        text[len] = 0;
        expected = strtod(text, NULL);
        if (isinf(expected))
            must_refuse(text);
        else
            must_accept(text, expected);
    }
}

/* @digits * 10^@exponent in one of many spellings: zeros at both ends, and a point anywhere. */
static void spell(char text[NUMBER_LENGTH_MAX + 1], const char *digits, int exponent, uint64_t r)
{
    size_t len = strlen(digits), room = NUMBER_LENGTH_MAX - strlen(".e-12345") - len;
    size_t n_before = r & 1 ? r / 8 % (room + 1) : 0;
    size_t n_behind = r & 2 ? (r >> 16) % (room - n_before + 1) : 0;
    size_t point = r & 4 ? (r >> 24) % (n_before + len + n_behind + 1) : 0;

    memset(text, '0', n_before + len + n_behind);
    memcpy(text + n_before, digits, len);
    len += n_before + n_behind;
    exponent -= (int)n_behind;
    if (r & 4) {
        memmove(text + point + 1, text + point, len - point);
        text[point] = '.';
        exponent += (int)(len - point);
        len++;
    }
    snprintf(text + len, sizeof("e-12345"), "e%d", exponent);
}

static void must_read_as_strtod_does(const char *digits, int exponent, uint64_t r)
{
    char text[NUMBER_LENGTH_MAX + 1];
    double expected;

    spell(text, digits, exponent, r);
    expected = strtod(text, NULL);
    if (isinf(expected))
        must_refuse(text);
    else
        must_accept(text, expected);
}

/* Add 1 or -1 in the last place. */
static void step(char *digits, int direction)
{
    char *at = digits + strlen(digits) - 1;
    char end = direction > 0 ? '9' : '0', begin = direction > 0 ? '0' : '9';

    while (at > digits && *at == end)
        *at-- = begin;
    *at = (char)(*at + direction);
}

/* A positive double: any, of a common size, subnormal, one of the smallest, or all ones. */
static double random_double(uint64_t *random)
{
    uint64_t bits = next_random(random) & INT64_MAX, r = next_random(random);

    switch (r % 8) {
    case 0: return from_bits(bits >> 11);
    case 1: return from_bits(bits >> 11 >> r / 8 % 52);
    case 2: return from_bits(bits | ((UINT64_C(1) << 52) - 1));
    case 3:
    case 4:
    case 5: return ldexp((double)(bits >> 10), (int)(r / 8 % 300) - 200);
    default: return from_bits(bits);
    }
}

/* The middle between a double and the next larger one. */
static long double random_middle(uint64_t *random)
{
    double number = random_double(random);

    if (!(number < DBL_MAX))
        return DBL_MAX + (long double)0x1p970;
    return (number + (long double)nextafter(number, (double)INFINITY)) / 2;
}

/*
 * Middles have up to 767 digits, so some are exact here, and some are cut off, very near the
 * middle. Adding or subtracting one in the last place gives the other side.
 */
static void reads_middles_as_strtod_does(void **state)
{
    static const int greatest[] = { 20, 60, NUMBER_LENGTH_MAX - 10 };
    uint64_t random = 7;

    for (int i = 0; i < 130000; i++) {
        char printed[NUMBER_LENGTH_MAX + 16], digits[NUMBER_LENGTH_MAX];
        uint64_t r = next_random(&random);
        int n = 17 + (int)((r >> 32) % (unsigned)(greatest[r % 3] - 16));
        int exponent;

        snprintf(printed, sizeof(printed), "%.*Le", n - 1, random_middle(&random));
        digits[0] = printed[0];
        memcpy(digits + 1, printed + 2, (size_t)n - 1);
        digits[n] = 0;
        exponent = (int)strtol(printed + n + 2, NULL, 10) - (n - 1);

        must_read_as_strtod_does(digits, exponent, next_random(&random));
        step(digits, 1);
        must_read_as_strtod_does(digits, exponent, next_random(&random));
        step(digits, -1);
        step(digits, -1);
        must_read_as_strtod_does(digits, exponent, next_random(&random));
    }
}

/* The valid part of @text ends at its first '|', which is removed. */
static void must_be_valid_up_to(const char *text)
{
    const char *bar = strchr(text, '|');
    char without[64];
    size_t len = (size_t)(bar - text);

    memcpy(without, text, len);
    strcpy(without + len, bar + 1);
    if (number_valid_prefix(slice_of(without)) != len)
        fail_msg("%s is valid up to %zu", text, number_valid_prefix(slice_of(without)));
}

static void points_at_the_first_byte_that_makes_it_no_number(void **state)
{
    static const char *const texts[] = {
        /* Numbers, the last two of them too large or too small. */
        "0|", "1.5|", "-.5|", "+5.|", "1e5|", "1.e-5|", "007|", "1e999|", "1e-999|",
        /* These end too early. */
        "|", "+|", "-|", ".|", "-.|", "1e|", "1e+|", "1.5E-|",
        /* These are wrong somewhere. */
        "|x", "| 1", "|e5", "|nan", "+|+1", "-|-1", "+|inf", ".|e5", "-.|e5", ".|.", "+|e5", "1|x",
        "1| ", "1|\n", "1|,5", "1|-1", "0|x1", "1.|x", "1.5|.", "1.5| e", "1e|x", "1e|.5", "1e+|x",
        "1e+|-5", "1e5|e5", "1e5|.", "1e5|+", "1e-5|-", "1|p3", "1|\xff"
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        must_be_valid_up_to(texts[i]);
    assert_int_equal(number_valid_prefix(SLICE("1\0")), 1);
    assert_int_equal(number_valid_prefix((struct slice){ NULL, 0 }), 0);
}

static void points_at_the_first_byte_that_makes_it_too_long(void **state)
{
    char text[NUMBER_LENGTH_MAX + 2];

    memset(text, '7', sizeof(text));
    assert_int_equal(number_valid_prefix((struct slice){ text, NUMBER_LENGTH_MAX - 1 }),
                     NUMBER_LENGTH_MAX - 1);
    assert_int_equal(number_valid_prefix((struct slice){ text, NUMBER_LENGTH_MAX }),
                     NUMBER_LENGTH_MAX);
    assert_int_equal(number_valid_prefix((struct slice){ text, NUMBER_LENGTH_MAX + 1 }),
                     NUMBER_LENGTH_MAX);
    text[NUMBER_LENGTH_MAX + 1] = 'x';
    assert_int_equal(number_valid_prefix((struct slice){ text, sizeof(text) }), NUMBER_LENGTH_MAX);
    text[NUMBER_LENGTH_MAX - 1] = 'x';
    assert_int_equal(number_valid_prefix((struct slice){ text, sizeof(text) }),
                     NUMBER_LENGTH_MAX - 1);
}

/* Whether strtod() reads all of @text and a 1 after it, so @text is the beginning of a number. */
static bool strtod_can_go_on(const char *text, size_t len)
{
    char longer[32];
    char *end;

    memcpy(longer, text, len);
    longer[len] = '1';
    longer[len + 1] = 0;
    strtod(longer, &end);
    return end == longer + len + 1;
}

static void points_where_strtod_stops(void **state)
{
    static const char bytes[] = "+-.eE0123456789_";
    uint64_t random = 8;

    for (int i = 0; i < 200000; i++) {
        char text[12];
        size_t len = next_random(&random) % sizeof(text), valid = 0;

        for (size_t j = 0; j < len; j++)
            text[j] = bytes[next_random(&random) % (sizeof(bytes) - 1)];
        while (valid < len && strtod_can_go_on(text, valid + 1))
            valid++;
        if (number_valid_prefix((struct slice){ text, len }) != valid)
            fail_msg("%.*s is valid up to %zu", (int)len, text, valid);
    }
}

/* The longest number at the beginning is what strtod() reads, of any range. */
static void measures_the_number_that_strtod_reads(void **state)
{
    static const char bytes[] = "+-.eE0123456789_:";
    uint64_t random = 9;

    for (int i = 0; i < 200000; i++) {
        char text[13] = "";
        size_t len = next_random(&random) % sizeof(text), actual;
        char *end;

        for (size_t j = 0; j < len; j++)
            text[j] = bytes[next_random(&random) % (sizeof(bytes) - 1)];
        strtod(text, &end);
        actual = number_prefix((struct slice){ text, len });
        if (actual != (size_t)(end - text))
            fail_msg("%s: a number of %zu bytes", text, actual);
    }
}

static void measures_numbers_of_any_length(void **state)
{
    char text[2 * NUMBER_LENGTH_MAX];

    memset(text, '7', sizeof(text));
    assert_int_equal(number_prefix((struct slice){ text, sizeof(text) }), sizeof(text));
    assert_int_equal(number_prefix(SLICE("1e99999999999999999999:2")), 22);
    assert_int_equal(number_prefix((struct slice){ NULL, 0 }), 0);
}

/* The number of significant digits of @text: without the zeros at the ends of the mantissa. */
static int significant_digits(const char *text)
{
    int n = 0, n_zeros = 0;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (*text == '0' && n == 0))
            continue;
        n_zeros = *text == '0' ? n_zeros + 1 : 0;
        n++;
    }
    return n - n_zeros;
}

static void must_come_back(double number)
{
    char text[NUMBER_TEXT_MAX + 1];
    size_t len = number_format(text, number);
    double back = 42;

    assert_in_range(len, 1, NUMBER_TEXT_MAX);
    text[len] = 0;
    if (!number_parse((struct slice){ text, len }, &back) || bits_of(back) != bits_of(number))
        fail_msg("%a was written %s, which is %a", number, text, back);
    if (bits_of(strtod(text, NULL)) != bits_of(number))
        fail_msg("%a was written %s, which is another to strtod", number, text);
}

static void what_is_written_reads_back(void **state)
{
    static const double extremes[] = { 0.0,    DBL_MAX, -DBL_MAX, DBL_MIN, DBL_EPSILON,
                                       5e-324, -5e-324, 0.1,      1.0 / 3, 1e21,
                                       1e22,   1e23,    1e-5,     1e-7,    4503599627370496.5,
                                       0x1p53, 0x1p63,  0x1p64,   1e15,    1e16,
                                       1e17 };
    uint64_t random = 3;

    for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++)
        must_come_back(extremes[i]);
    for (int i = 0; i < 150000; i++) {
        uint64_t r = next_random(&random);

        if (isfinite(from_bits(r)))
            must_come_back(from_bits(r));
        must_come_back((double)(int64_t)(r >> r % 64));
        must_come_back(from_bits(r >> 12));
        must_come_back((double)(r % 1000000) / 1000);
    }
    for (int exponent = -1074; exponent < 1024; exponent++)
        must_come_back(ldexp(1, exponent));
}

/* The examples of OpenMetrics 1.0, "Canonical Numbers", and where Go changes to an exponent. */
static void writes_bounds_as_openmetrics_wants_them(void **state)
{
    static const char *const texts[] = {
        "0.0",   "0.001",    "0.002",   "0.01",   "0.1",          "0.9",    "0.95",
        "0.99",  "0.999",    "1.0",     "1.7",    "10.0",         "1e-10",  "1e-09",
        "1e-05", "0.0001",   "0.00012", "1e+06",  "100000.0",     "1e+10",  "1e+23",
        "+Inf",  "1.1e+23",  "-1.0",    "-0.5",   "999999.0",     "1e+15",  "1.234567e+06",
        "-Inf",  "999999.5", "-1e+06",  "5e-324", "1.000001e+06", "-1e-05", "123456.789",
        "NaN",   "-0.0",     "1e+100",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[NUMBER_TEXT_MAX + 1];
        size_t len = number_format_canonical(text, strtod(texts[i], NULL));

        assert_in_range(len, 1, NUMBER_TEXT_MAX);
        text[len] = 0;
        assert_string_equal(text, texts[i]);
    }
}

static void must_be_shortest(double number)
{
    char text[NUMBER_TEXT_MAX + 1], least[64];
    int digits = 0;

    text[number_format(text, number)] = 0;
    do
        snprintf(least, sizeof(least), "%.*e", digits++, number);
    while (bits_of(strtod(least, NULL)) != bits_of(number));
    if (significant_digits(text) > digits)
        fail_msg("%s could be %s", text, least);
}

static void writes_no_digit_too_many(void **state)
{
    uint64_t random = 4;

    for (int i = 0; i < 10000; i++) {
        uint64_t r = next_random(&random);

        if (fabs(from_bits(r)) >= DBL_MIN && isfinite(from_bits(r)))
            must_be_shortest(from_bits(r));
        must_be_shortest((double)(r % 100000000) / 10000);
        must_be_shortest((double)(r % 10000) * 1e20);
    }
}

static void writes_no_digit_too_many_of_denormals(void **state)
{
    for (uint64_t bits = 1; bits < UINT64_C(1) << 52; bits = bits * 3 + 1)
        must_be_shortest(from_bits(bits));
}

static void negative_zero_keeps_its_sign(void **state)
{
    must_come_back(-0.0);
}

/* Skipped where no locale with a decimal comma is installed. */
static void every_locale_reads_and_writes_alike(void **state)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8", "de_DE" };
    size_t i = 0;

    while (i < 4 && !setlocale(LC_NUMERIC, names[i]))
        i++;
    if (i == 4)
        skip();
    must_accept("1.5", 1.5);
    must_accept("1.23456789012345678901234567890", 1.23456789012345678901234567890);
    must_accept("1.5e-300", 1.5e-300);
    must_refuse("1,5");
    must_come_back(0.1);
    must_come_back(1.5e-300);
    setlocale(LC_NUMERIC, "C");
}

static void must_be_written(double number, const char *expected)
{
    char text[NUMBER_TEXT_MAX + 1];

    text[number_format(text, number)] = 0;
    assert_string_equal(text, expected);
}

static void writes_what_prometheus_reads(void **state)
{
    must_be_written((double)NAN, "NaN");
    must_be_written(-(double)NAN, "NaN");
    must_be_written((double)INFINITY, "+Inf");
    must_be_written(-(double)INFINITY, "-Inf");
    must_be_written(0, "0");
    must_be_written(1, "1");
    must_be_written(-17, "-17");
    must_be_written(0.5, "0.5");
    must_be_written(0.1, "0.1");
    must_be_written(0.005, "0.005");
    must_be_written(2.5, "2.5");
    must_be_written(1000000, "1000000");
}

static void must_write_uint(uint64_t number)
{
    char text[NUMBER_TEXT_MAX + 1], expected[32];
    size_t len = number_format_uint(text, number);

    text[len] = 0;
    snprintf(expected, sizeof(expected), "%" PRIu64, number);
    assert_string_equal(text, expected);
}

static void writes_every_unsigned_number(void **state)
{
    uint64_t random = 5;

    for (uint64_t i = 0; i < 100100; i++)
        must_write_uint(i);
    for (uint64_t power = 10; power < UINT64_MAX / 10; power *= 10)
        for (uint64_t i = power - 2; i < power + 2; i++)
            must_write_uint(i);
    for (int i = 0; i < 100000; i++)
        must_write_uint(next_random(&random) >> i % 64);
    must_write_uint(UINT64_MAX);
    must_write_uint(UINT64_C(10000000000000000000));
    must_write_uint(UINT64_C(9999999999999999999));
}

/* As base/slice.h allows. */
static void a_slice_of_nothing_may_be_null(void **state)
{
    must_refuse_bytes((struct slice){ NULL, 0 });
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(accepts_decimal_numbers),
        CASE(refuses_what_is_no_decimal_number),
        CASE(refuses_what_is_larger_than_any_double),
        CASE(what_is_smaller_than_any_double_becomes_0),
        CASE(ties_go_to_even),
        CASE(the_ends_of_every_path_are_exact),
        CASE(the_ends_of_the_doubles_are_exact),
        CASE(refuses_only_what_is_too_long),
        CASE(reads_as_strtod_does),
        CASE(printed_doubles_read_back),
        CASE(reads_19_digits_as_strtod_does),
        CASE(reads_middles_as_strtod_does),
        CASE(points_at_the_first_byte_that_makes_it_no_number),
        CASE(points_at_the_first_byte_that_makes_it_too_long),
        CASE(points_where_strtod_stops),
        CASE(measures_the_number_that_strtod_reads),
        CASE(measures_numbers_of_any_length),
        CASE(what_is_written_reads_back),
        CASE(writes_no_digit_too_many),
        CASE(writes_no_digit_too_many_of_denormals),
        CASE(negative_zero_keeps_its_sign),
        CASE(writes_what_prometheus_reads),
        CASE(writes_every_unsigned_number),
        CASE(writes_bounds_as_openmetrics_wants_them),
        CASE(every_locale_reads_and_writes_alike),
        CASE(a_slice_of_nothing_may_be_null),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
