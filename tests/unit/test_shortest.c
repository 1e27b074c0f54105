/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/shortest.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* splitmix64: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static double from_bits(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static void must_be(double number, uint64_t digits, int exponent)
{
    struct shortest shortest = shortest_of(number);

    if (shortest.digits != digits || shortest.exponent != exponent)
        fail_msg("%a became %" PRIu64 "e%d, not %" PRIu64 "e%d", number, shortest.digits,
                 shortest.exponent, digits, exponent);
}

/* Take "d.ddde±x" apart, without zeros at the end. */
static struct shortest read_scientific(const char *text)
{
    struct shortest read = { 0 };

    for (; *text != 'e'; text++) {
        if (*text == '.')
            continue;
        read.digits = read.digits * 10 + (uint64_t)(*text - '0');
        read.exponent--;
    }
    read.exponent += 1 + atoi(text + 1);
    for (; read.digits % 10 == 0; read.digits /= 10)
        read.exponent++;
    return read;
}

/*
 * The reference is the C library: the first precision whose correctly rounded decimal reads back
 * as @number. Of decimals with this many digits it is the closest.
 */
static struct shortest by_trying(double number)
{
    char text[64];
    int precision = 0;

    do
        snprintf(text, sizeof(text), "%.*e", precision, number);
    while (strtod(text, NULL) != number && precision++ < SHORTEST_DIGITS_MAX);
    return read_scientific(text);
}

/*
 * Below a power of two the interval is narrow, so the closest decimal with some number of digits
 * may be outside of it, and another one, above, inside. by_trying() does not find that one.
 */
static bool is_shorter_and_reads_back(struct shortest shortest, struct shortest other,
                                      double number)
{
    int unused;
    char text[64];

    snprintf(text, sizeof(text), "%" PRIu64 "e%d", shortest.digits, shortest.exponent);
    return frexp(number, &unused) == 0.5 && shortest.digits < other.digits / 5 &&
           strtod(text, NULL) == number;
}

static void must_be_as_by_trying(double number)
{
    struct shortest expected;

    if (!isfinite(number) || number <= 0)
        return;
    expected = by_trying(number);
    if (!is_shorter_and_reads_back(shortest_of(number), expected, number))
        must_be(number, expected.digits, expected.exponent);
}

static void finds_what_everybody_writes(void **state)
{
    must_be(0.1, 1, -1);
    must_be(0.3, 3, -1);
    must_be(0.1 + 0.2, 30000000000000004, -17);
    must_be(1.0 / 3, 3333333333333333, -16);
    must_be(1, 1, 0);
    must_be(100, 1, 2);
    must_be(1e23, 1, 23);
    must_be(4.35, 435, -2);
}

static void finds_the_smallest_and_the_largest(void **state)
{
    must_be(5e-324, 5, -324);
    must_be(1e-323, 1, -323);
    must_be(2e-323, 2, -323);
    must_be(DBL_MIN, 22250738585072014, -324);
    must_be(2.2250738585072011e-308, 2225073858507201, -323);
    must_be(DBL_MAX, 17976931348623157, 292);
}

/* 1e23 is in the middle of two doubles, and reads back as the one with the even mantissa. */
static void a_tie_reads_back_as_the_even_one(void **state)
{
    must_be(from_bits(UINT64_C(0x44b52d02c7e14af6)), 1, 23);
    must_be(from_bits(UINT64_C(0x44b52d02c7e14af7)), 10000000000000001, 7);
    must_be(9007199254740992.0, 9007199254740992, 0);
    must_be(9007199254740994.0, 9007199254740994, 0);
}

/* The double below a power of two is closer than the one above. */
static void knows_the_edges_of_powers_of_two(void **state)
{
    for (int exponent = -1074; exponent < 1024; exponent++) {
        must_be_as_by_trying(ldexp(1, exponent));
        must_be_as_by_trying(nextafter(ldexp(1, exponent), 0));
        must_be_as_by_trying(nextafter(ldexp(1, exponent), INFINITY));
    }
}

static void knows_powers_of_ten_and_their_neighbours(void **state)
{
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[16];
        double number;

        snprintf(text, sizeof(text), "1e%d", exponent);
        number = strtod(text, NULL);
        must_be(number, 1, exponent);
        must_be_as_by_trying(nextafter(number, 0));
        must_be_as_by_trying(nextafter(number, INFINITY));
    }
}

static void knows_the_ends_of_each_binary_exponent(void **state)
{
    for (uint64_t exponent = 0; exponent < 2047; exponent++)
        for (uint64_t i = 0; i < 4; i++) {
            must_be_as_by_trying(from_bits(exponent << 52 | i));
            must_be_as_by_trying(from_bits(exponent << 52 | ((UINT64_C(1) << 52) - 1 - i)));
        }
}

/* UDOMETER_NUMBERS asks for more of each kind. */
static void agrees_with_the_c_library(void **state)
{
    const char *wanted = getenv("UDOMETER_NUMBERS");
    long n = wanted ? atol(wanted) : 30000;
    uint64_t random = 1;

    for (long i = 0; i < n; i++) {
        uint64_t r = next_random(&random);

        must_be_as_by_trying(from_bits(r >> 1));
        must_be_as_by_trying(from_bits(r >> 12));
        must_be_as_by_trying((double)(r % 1000000000) / 1000);
        must_be_as_by_trying(ldexp((double)(r >> 11), -53));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(finds_what_everybody_writes),
        CASE(finds_the_smallest_and_the_largest),
        CASE(a_tie_reads_back_as_the_even_one),
        CASE(knows_the_edges_of_powers_of_two),
        CASE(knows_powers_of_ten_and_their_neighbours),
        CASE(knows_the_ends_of_each_binary_exponent),
        CASE(agrees_with_the_c_library),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
