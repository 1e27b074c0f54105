/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/duration.h"

static void assert_ns(const char *text, int64_t expected)
{
    int64_t ns = -7;

    if (duration_parse(slice_of(text), &ns) != DURATION_VALID)
        fail_msg("refused: %s", text);
    assert_int_equal(ns, expected);
}

static void assert_outcome(const char *text, enum duration_outcome expected)
{
    int64_t ns;

    if (duration_parse(slice_of(text), &ns) != expected)
        fail_msg("another outcome: %s", text);
}

static void each_number_has_a_unit(void **state)
{
    assert_ns("1ns", 1);
    assert_ns("3us", 3000);
    assert_ns("3µs", 3000);
    assert_ns("3μs", 3000);
    assert_ns("250ms", 250000000);
    assert_ns("90s", INT64_C(90000000000));
    assert_ns("15m", INT64_C(900000000000));
    assert_ns("2h", INT64_C(7200000000000));
    assert_ns("7d", INT64_C(604800000000000));
    assert_ns("0s", 0);
    assert_ns("-0s", 0);
}

static void parts_are_added(void **state)
{
    assert_ns("1m2s", INT64_C(62000000000));
    assert_ns("1h30m", INT64_C(5400000000000));
    assert_ns("1.5h", INT64_C(5400000000000));
    assert_ns(".5s", 500000000);
    assert_ns("+1s", 1000000000);
    assert_ns("2562047h47m16.854775807s", INT64_MAX);
}

static void a_zero_needs_no_unit(void **state)
{
    int64_t ns = -7;

    assert_int_equal(duration_parse(SLICE("0"), &ns), DURATION_ZERO_WITHOUT_UNIT);
    assert_int_equal(ns, 0);
    assert_outcome("5", DURATION_NO_UNIT);
    assert_outcome("1.5", DURATION_NO_UNIT);
}

static void anything_else_is_refused(void **state)
{
    assert_outcome("", DURATION_INVALID);
    assert_outcome("-", DURATION_INVALID);
    assert_outcome("soon", DURATION_INVALID);
    assert_outcome("s", DURATION_INVALID);
    assert_outcome("1 s", DURATION_INVALID);
    assert_outcome("1h30", DURATION_INVALID);
    assert_outcome("1w", DURATION_INVALID);
    assert_outcome("1S", DURATION_INVALID);
    assert_outcome("1..5s", DURATION_INVALID);
    assert_outcome("-1s", DURATION_NEGATIVE);
    assert_outcome("9223372036854775808ns", DURATION_TOO_LONG);
    assert_outcome("300000000h", DURATION_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_number_has_a_unit),
        CASE(parts_are_added),
        CASE(a_zero_needs_no_unit),
        CASE(anything_else_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
