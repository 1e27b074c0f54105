/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The specification's formula is taken as real numbers. That a double is below 2^(i/256) is decided
 * by its 256th power, in whole numbers of any length.
 */

#include "unit.h"

#include "aggregate/native_index.h"
#include "base/compiler.h"

#include <float.h>
#include <math.h>

#define WORDS_MAX 216 /* 53 bits to the power of 256 */

struct natural {
    uint64_t words[WORDS_MAX]; /* lowest first */
    unsigned n;
};

static void square(struct natural *number)
{
    struct natural result = { .n = 2 * number->n };

    for (unsigned i = 0; i < number->n; i++) {
        uint64_t carry = 0;

        for (unsigned j = 0; j < number->n; j++) {
            __extension__ unsigned __int128 sum =
                (unsigned __int128)number->words[i] * number->words[j] + result.words[i + j] +
                carry;

            result.words[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        result.words[i + number->n] = carry;
    }
    while (result.n > 1 && !result.words[result.n - 1])
        result.n--;
    *number = result;
}

static unsigned bit_length(const struct natural *number)
{
    return number->n * 64 - (unsigned)__builtin_clzll(number->words[number->n - 1]);
}

static bool is_power_of_two(const struct natural *number)
{
    for (unsigned i = 0; i + 1 < number->n; i++)
        if (number->words[i])
            return false;
    return !(number->words[number->n - 1] & (number->words[number->n - 1] - 1));
}

/* Whether @mantissa / 2^52 is at most 2^(@i / 256). */
static bool is_up_to_bound(uint64_t mantissa, unsigned i)
{
    struct natural power = { { mantissa }, 1 };
    unsigned bound = 52 * 256 + i + 1; /* the length of 2^(52 * 256 + i) */

    for (unsigned k = 0; k < 8; k++)
        square(&power);
    return bit_length(&power) < bound || (bit_length(&power) == bound && is_power_of_two(&power));
}

static void each_bound_is_the_largest_double_up_to_the_formula(void **state)
{
    for (unsigned i = 0; i < NATIVE_FRACTIONS_N; i++) {
        uint64_t mantissa = (UINT64_C(1) << 52) + native_fractions[i];

        if (!is_up_to_bound(mantissa, i) || is_up_to_bound(mantissa + 1, i))
            fail_msg("bound %u is wrong", i);
    }
}

static void assert_index(double value, int schema, int32_t expected)
{
    int32_t index = native_index(value, schema);

    if (index != expected)
        fail_msg("%a in schema %d: bucket %d instead of %d", value, schema, index, expected);
}

/* Each bound that is a normal number, and its neighbours. */
static void a_bound_is_in_its_bucket_and_what_follows_in_the_next(void **state)
{
    for (int schema = NATIVE_SCHEMA_MIN; schema <= NATIVE_SCHEMA_MAX; schema++) {
        int first = -native_index_lower(1022 * 256, NATIVE_SCHEMA_MAX - schema) + 1;
        int last = native_index_lower(1024 * 256, NATIVE_SCHEMA_MAX - schema) - 1;

        for (int i = first; i <= last; i++) {
            double bound = native_bound(i, schema);

            assert_index(bound, schema, i);
            assert_index(nextafter(bound, INFINITY), schema, i + 1);
            assert_index(nextafter(bound, 0), schema, i);
        }
        assert_index(DBL_MAX, schema, last + 1);
    }
}

static void powers_of_two_are_bounds_even_if_they_are_subnormal(void **state)
{
    for (int exponent = -1074; exponent < 1024; exponent++) {
        double power = ldexp(1, exponent);

        for (int schema = 0; schema <= NATIVE_SCHEMA_MAX; schema++) {
            assert_index(power, schema, exponent * (1 << schema));
            if (exponent > -1023 + 8)
                assert_index(nextafter(power, INFINITY), schema, exponent * (1 << schema) + 1);
        }
        for (int schema = -1; schema >= NATIVE_SCHEMA_MIN; schema--)
            assert_index(power, schema, native_index_lower(exponent, -schema));
    }
    assert_index(3 * 0x1p-1074, 0, -1072);
    assert_index(5 * 0x1p-1074, 0, -1071);
}

static void a_lower_schema_has_two_buckets_in_one(void **state)
{
    double value = DBL_TRUE_MIN;

    for (; isfinite(value); value *= 1.0123) {
        for (int schema = NATIVE_SCHEMA_MIN; schema < NATIVE_SCHEMA_MAX; schema++)
            assert_index(value, schema, native_index_lower(native_index(value, schema + 1), 1));
        value = nextafter(value, INFINITY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_bound_is_the_largest_double_up_to_the_formula),
        CASE(a_bound_is_in_its_bucket_and_what_follows_in_the_next),
        CASE(powers_of_two_are_bounds_even_if_they_are_subnormal),
        CASE(a_lower_schema_has_two_buckets_in_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
