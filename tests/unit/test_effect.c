/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/effect.h"

static void assert_effect(struct effect effect, enum effect_action action, double amount)
{
    assert_int_equal(effect.action, action);
    assert_true(effect.amount == amount);
}

static void a_counter_counts_what_its_rate_left_out_too(void **state)
{
    const struct line line = { .is_number = true, .number = 3 };

    assert_effect(effect_of(&line, SAMPLE_COUNTER, 1), EFFECT_COUNTS, 3);
    assert_effect(effect_of(&line, SAMPLE_COUNTER, 10), EFFECT_COUNTS, 30);
    assert_effect(effect_of(&line, SAMPLE_COUNTER, 2.5), EFFECT_COUNTS, 7.5);
}

static void only_a_counter_reaches_a_running_total(void **state)
{
    const struct line line = { .is_number = true, .number = 3 };

    assert_effect(effect_of_total(effect_of(&line, SAMPLE_COUNTER, 1)), EFFECT_REACHES, 3);
    assert_true(effect_may_be_total(SAMPLE_COUNTER));
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        struct effect effect = effect_of(&line, (enum sample_type)i, 1);

        if (i == SAMPLE_COUNTER)
            continue;
        assert_effect(effect_of_total(effect), effect.action, effect.amount);
        assert_false(effect_may_be_total((enum sample_type)i));
    }
}

static void a_gauge_is_set_or_with_a_sign_changed(void **state)
{
    struct line line = { .is_number = true, .number = -3 };

    assert_effect(effect_of(&line, SAMPLE_GAUGE, 10), EFFECT_SETS, -3);
    line.is_relative = true;
    assert_effect(effect_of(&line, SAMPLE_GAUGE, 10), EFFECT_ADDS, -3);
    line.is_dogstatsd = true;
    assert_effect(effect_of(&line, SAMPLE_GAUGE, 10), EFFECT_SETS, -3);
}

static void what_a_histogram_observes_is_scaled_and_weighs(void **state)
{
    const struct line line = { .is_number = true, .number = 500 };

    assert_effect(effect_of(&line, SAMPLE_TIMER, 4), EFFECT_OBSERVES, 0.5);
    assert_effect(effect_of(&line, SAMPLE_HISTOGRAM, 4), EFFECT_OBSERVES, 500);
    assert_effect(effect_of(&line, SAMPLE_DISTRIBUTION, 4), EFFECT_OBSERVES, 500);
    assert_true(effect_of(&line, SAMPLE_TIMER, 4).weight == 4);
}

static void a_value_is_divided_by_a_rate_that_is_no_whole_weight(void **state)
{
    const struct line line = { .is_number = true, .number = 15 };

    assert_effect(effect_of(&line, SAMPLE_COUNTER, 0.03), EFFECT_COUNTS, 500);
    assert_effect(effect_of(&line, SAMPLE_GAUGE, 0.03), EFFECT_SETS, 15);
    assert_effect(effect_of(&line, SAMPLE_HISTOGRAM, 0.03), EFFECT_OBSERVES, 15);
    assert_true(effect_of(&line, SAMPLE_HISTOGRAM, 0.03).weight == 1 / 0.03);
}

static void a_set_collects_and_an_end_ends(void **state)
{
    const struct line text = { .value = SLICE("a:b") };
    const struct line number = { .is_number = true, .number = 1e308 };

    assert_effect(effect_of(&text, SAMPLE_SET, 10), EFFECT_COLLECTS, 0);
    assert_effect(effect_of(&number, SAMPLE_END, 1000), EFFECT_ENDS, 0);
}

/* The shard takes the cell of a series for one of the effect's type. */
static void the_effect_of_each_type_suits_its_metric(void **state)
{
    static const enum metric_type metrics[] = {
        [EFFECT_NOTHING] = _METRIC_TYPE_N + 1, [EFFECT_COUNTS] = METRIC_COUNTER,
        [EFFECT_REACHES] = METRIC_COUNTER,     [EFFECT_ADDS] = METRIC_GAUGE,
        [EFFECT_SETS] = METRIC_GAUGE,          [EFFECT_OBSERVES] = METRIC_HISTOGRAM,
        [EFFECT_COLLECTS] = METRIC_SET,        [EFFECT_ENDS] = METRIC_NONE,
    };
    const struct line line = { .is_number = true, .number = 1 };

    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        enum sample_type type = (enum sample_type)i;

        assert_int_equal(metrics[effect_of(&line, type, 1).action], metric_type_of(type));
        assert_int_equal(metrics[effect_of_total(effect_of(&line, type, 1)).action],
                         metric_type_of(type));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_counter_counts_what_its_rate_left_out_too),
        CASE(only_a_counter_reaches_a_running_total),
        CASE(a_gauge_is_set_or_with_a_sign_changed),
        CASE(what_a_histogram_observes_is_scaled_and_weighs),
        CASE(a_value_is_divided_by_a_rate_that_is_no_whole_weight),
        CASE(a_set_collects_and_an_end_ends),
        CASE(the_effect_of_each_type_suits_its_metric),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
