/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/nearest.h"

#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* splitmix64: the same numbers in every run. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void must_become(uint64_t digits, int exponent, double expected)
{
    double number = nearest_double(digits, exponent);

    if (memcmp(&number, &expected, sizeof(number)) != 0)
        fail_msg("%" PRIu64 "e%d became %a, not %a", digits, exponent, number, expected);
}

static void must_be_as_strtod(uint64_t digits, int exponent)
{
    char text[64];

    snprintf(text, sizeof(text), "%" PRIu64 "e%d", digits, exponent);
    must_become(digits, exponent, strtod(text, NULL));
}

/* Each row of the table, and some beyond its ends. */
static void rounds_with_every_power_of_ten(void **state)
{
    uint64_t random = 1;

    for (int exponent = -350; exponent <= 340; exponent++) {
        must_be_as_strtod(1, exponent);
        must_be_as_strtod(UINT64_C(1) << 63, exponent);
        must_be_as_strtod(UINT64_C(10000000000000000000), exponent);
        must_be_as_strtod(UINT64_MAX, exponent);
        for (int i = 0; i < 500; i++)
            must_be_as_strtod(next_random(&random) >> i % 64, exponent);
    }
}

/* Found by trying, for every row, the digits whose product has the most ones. */
static void rounds_what_is_nearly_a_carry(void **state)
{
    must_be_as_strtod(UINT64_C(2176832332097939832), 199);
    must_be_as_strtod(UINT64_C(1360520207561212395), 198);
    must_be_as_strtod(UINT64_C(7185620434951919351), 205);
    must_be_as_strtod(UINT64_C(2178999185345151731), -184);
    must_be_as_strtod(UINT64_C(9838157730118219477), -292);
    must_be_as_strtod(UINT64_C(12029093508560145852), 209);
}

static void ties_go_to_even(void **state)
{
    must_become(UINT64_C(9007199254740993), 0, 9007199254740992.0);
    must_become(UINT64_C(9007199254740995), 0, 9007199254740996.0);
    must_become(UINT64_C(90071992547409930), -1, 9007199254740992.0);
    must_become(UINT64_C(90071992547409950), -1, 9007199254740996.0);
    must_become(UINT64_C(90071992547409931), -1, 9007199254740994.0);
    must_become(UINT64_C(90071992547409949), -1, 9007199254740994.0);
    must_become(UINT64_C(9007199254740993000), -3, 9007199254740992.0);
    must_become(UINT64_C(9007199254740993001), -3, 9007199254740994.0);
    /* 2^64 - 2^10 is a middle, and carries into a new exponent. */
    must_become(UINT64_C(18446744073709550592), 0, 0x1p64);
    must_become(UINT64_C(18446744073709550591), 0, 0x1.fffffffffffffp63);
}

/* An odd product of 54 bits is a middle; none exist from 5^24 on. */
static void finds_ties_in_products(void **state)
{
    uint64_t five = 1, random = 2;

    for (int exponent = 0; exponent <= 26; exponent++, five *= 5) {
        for (int i = 0; i < 3000; i++) {
            uint64_t middle = next_random(&random) >> 11 | UINT64_C(1) << 53;
            uint64_t digits = (middle / five | 1) << next_random(&random) % 11;

            must_be_as_strtod(digits, exponent);
            must_be_as_strtod(digits + 1, exponent);
            must_be_as_strtod(digits - 1, exponent);
        }
    }
}

/* So is an odd quotient; below 5^-4 the digits have no room for one. */
static void finds_ties_in_quotients(void **state)
{
    uint64_t five = 5, random = 3;

    for (int exponent = -1; exponent >= -6; exponent--, five *= 5) {
        for (int i = 0; i < 3000; i++) {
            uint64_t middle = next_random(&random) >> 11 | UINT64_C(1) << 53 | 1;

            must_be_as_strtod(middle * five, exponent);
            must_be_as_strtod(middle * five + 1, exponent);
            must_be_as_strtod(middle * five - 1, exponent);
        }
    }
}

static void what_is_too_small_becomes_0(void **state)
{
    must_become(0, 0, 0);
    must_become(0, INT_MAX, 0);
    must_become(0, INT_MIN, 0);
    must_become(1, -400, 0);
    must_become(UINT64_MAX, -343, 0);
    must_become(UINT64_MAX, INT_MIN, 0);
    must_become(2, -324, 0);
    must_become(3, -324, DBL_TRUE_MIN);
    must_become(UINT64_C(2470328229206232720), -342, 0);
    must_become(UINT64_C(2470328229206232721), -342, DBL_TRUE_MIN);
    must_become(UINT64_C(7410984687618698162), -342, DBL_TRUE_MIN);
    must_become(UINT64_C(7410984687618698163), -342, 2 * DBL_TRUE_MIN);
}

static void subnormals_become_normal_where_they_should(void **state)
{
    must_become(UINT64_C(2225073858507201136), -326, DBL_MIN - DBL_TRUE_MIN);
    must_become(UINT64_C(2225073858507201137), -326, DBL_MIN);
    must_become(UINT64_C(22250738585072014), -324, DBL_MIN);
}

static void what_is_too_large_becomes_infinite(void **state)
{
    must_become(UINT64_C(17976931348623157), 292, DBL_MAX);
    must_become(UINT64_C(1797693134862315807), 290, DBL_MAX);
    must_become(UINT64_C(1797693134862315808), 290, (double)INFINITY);
    must_become(UINT64_MAX, 308, (double)INFINITY);
    must_become(1, 308, 1e308);
    must_become(1, 309, (double)INFINITY);
    must_become(1, INT_MAX, (double)INFINITY);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(rounds_with_every_power_of_ten),
        CASE(rounds_what_is_nearly_a_carry),
        CASE(ties_go_to_even),
        CASE(finds_ties_in_products),
        CASE(finds_ties_in_quotients),
        CASE(what_is_too_small_becomes_0),
        CASE(subnormals_become_normal_where_they_should),
        CASE(what_is_too_large_becomes_infinite),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
