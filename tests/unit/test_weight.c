/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/weight.h"

static void a_rate_of_1_to_n_weighs_n(void **state)
{
    for (double n = 1; n <= 1e9; n = n < 1e5 ? n + 1 : n * 10 + 7) {
        double weight = weight_of_rate(1 / n);

        if (weight != n || !weight_is_whole(weight))
            fail_msg("1/%g weighs %.17g", n, weight);
    }
    assert_true(weight_of_rate(0.1) == 10);
    assert_true(weight_of_rate(1e-5) == 100000); /* 1 / 1e-5 is less */
    assert_true(weight_of_rate(1e-9) == 1e9);    /* as is 1 / 1e-9 */
}

static void any_other_rate_divides(void **state)
{
    assert_false(weight_is_whole(weight_of_rate(0.03)));
    assert_true(weight_times(weight_of_rate(0.03), 15) == 500);
    assert_true(weight_times(weight_of_rate(0.3), 3) == 10);
    assert_true(weight_times(weight_of_rate(0.7), 7) == 10);
    assert_true(weight_times(weight_of_rate(0.9999), 9999) == 10000);
}

static void the_value_of_a_whole_weight_is_a_multiple(void **state)
{
    assert_true(weight_times(weight_of_rate(0.1), 3) == 30);
    assert_true(weight_times(weight_of_rate(1e-5), 1) == 100000);
    assert_true(weight_times(1, 0.1) == 0.1);
}

static void events_are_right_on_average(void **state)
{
    assert_true(weight_events(weight_of_rate(1)) == 1);
    assert_true(weight_events(weight_of_rate(0.001)) == 1000);
    assert_true(weight_events(weight_of_rate(0.75)) == 1 / 0.75);
}

static void a_value_may_become_infinite(void **state)
{
    assert_true(isinf(weight_times(weight_of_rate(0.1), 1e308)));
    assert_true(isinf(weight_times(weight_of_rate(0.3), 1e308)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_rate_of_1_to_n_weighs_n),
        CASE(any_other_rate_divides),
        CASE(the_value_of_a_whole_weight_is_a_multiple),
        CASE(events_are_right_on_average),
        CASE(a_value_may_become_infinite),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
