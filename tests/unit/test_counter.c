/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/counter.h"

#include <float.h>

static void assert_total(struct counter_cell *counter, double expected)
{
    _Atomic(struct cell *) cells[] = { &counter->cell };
    struct reading reading;

    counter_read(cells, 1, NULL, &reading);
    if (reading.value != expected)
        fail_msg("total is %.17g, not %.17g", reading.value, expected);
}

static void begins_at_0(void **state)
{
    struct counter_cell counter = { 0 };

    assert_total(&counter, 0);
}

static void adds_up(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, 1), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, 2.5), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_total(&counter, 3.5);
}

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, DBL_MAX), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, DBL_MAX), REFUSED_VALUE_OVERFLOW);
    assert_total(&counter, DBL_MAX);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_total(&counter, DBL_MAX);
}

static void an_infinite_amount_is_refused(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, 7), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, INFINITY), REFUSED_VALUE_OVERFLOW);
    assert_total(&counter, 7);
    assert_int_equal(counter_record(&counter, 1), VERDICT_APPLIED);
    assert_total(&counter, 8);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(begins_at_0),
        CASE(adds_up),
        CASE(an_overflow_is_refused_and_changes_nothing),
        CASE(an_infinite_amount_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
