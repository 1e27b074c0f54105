/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/arrivals.h"

static void what_is_received_later_arrived_no_earlier(void **state)
{
    struct arrivals arrivals = { 0 };

    assert_int_equal(arrivals_note(&arrivals, 10), 10);
    assert_int_equal(arrivals_note(&arrivals, 10), 10);
    assert_int_equal(arrivals_note(&arrivals, 7), 10); /* a clock has jumped */
    assert_int_equal(arrivals_note(&arrivals, 11), 11);
}

static void each_time_is_later_than_the_one_before(void **state)
{
    struct arrivals arrivals = { 0 };

    assert_int_equal(arrivals_next(&arrivals, 10), 10);
    assert_int_equal(arrivals_next(&arrivals, 10), 11);
    assert_int_equal(arrivals_next(&arrivals, 10), 12);
    assert_int_equal(arrivals_next(&arrivals, 20), 20);
}

/* A whole batch is received before the first of it is applied. */
static void what_is_received_does_not_change_the_times_of_what_is_applied(void **state)
{
    struct arrivals arrivals = { 0 };

    assert_int_equal(arrivals_note(&arrivals, 10), 10);
    assert_int_equal(arrivals_note(&arrivals, 20), 20);
    assert_int_equal(arrivals_next(&arrivals, 10), 10);
    assert_int_equal(arrivals_next(&arrivals, 20), 20);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(what_is_received_later_arrived_no_earlier),
        cmocka_unit_test(each_time_is_later_than_the_one_before),
        cmocka_unit_test(what_is_received_does_not_change_the_times_of_what_is_applied),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
