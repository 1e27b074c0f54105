/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/summary_options.h"

static void quantiles_are_sorted_and_each_is_there_once(void **state)
{
    struct quantiles quantiles = { 5, { 0.9, 0.5, 0.99, 0.5, 0 } };

    quantiles_sort(&quantiles);
    assert_int_equal(quantiles.n, 4);
    assert_true(quantiles.at[0] == 0 && quantiles.at[1] == 0.5);
    assert_true(quantiles.at[2] == 0.9 && quantiles.at[3] == 0.99);
}

static void options_differ_in_any_part(void **state)
{
    const struct summary_options options = { quantiles_default, SUMMARY_MAX_AGE_NS,
                                             SUMMARY_N_AGES };
    struct summary_options other = options;

    assert_true(summary_options_equal(&options, &other));
    other.max_age_ns++;
    assert_false(summary_options_equal(&options, &other));
    other = options;
    other.n_ages--;
    assert_false(summary_options_equal(&options, &other));
    other = options;
    other.quantiles.n--;
    assert_false(summary_options_equal(&options, &other));
    other = options;
    other.quantiles.at[1] = 0.95;
    assert_false(summary_options_equal(&options, &other));
}

static void a_part_of_the_window_is_never_empty(void **state)
{
    const struct summary_options options = { quantiles_default, SUMMARY_MAX_AGE_NS, 5 };
    const struct summary_options short_ones = { quantiles_default, 3, 5 };

    assert_int_equal(summary_age_ns(&options), INT64_C(120000000000));
    assert_int_equal(summary_age_ns(&short_ones), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(quantiles_are_sorted_and_each_is_there_once),
        CASE(options_differ_in_any_part),
        CASE(a_part_of_the_window_is_never_empty),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
