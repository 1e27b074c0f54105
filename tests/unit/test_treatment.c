/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/treatment.h"

#include <float.h>

static struct line number_line(double number)
{
    return (struct line){ .value = SLICE("1"), .is_number = true, .number = number };
}

static struct line word_line(struct slice word)
{
    return (struct line){ .value = word, .fault = NULL };
}

static void a_scale_applies_to_the_exposed_unit(void **state)
{
    const struct treatment scaled = { .scale = 0.5 };
    struct line line = number_line(3000);

    assert_true(treatment_effect(&scaled, &line, SAMPLE_TIMER, 4).amount == 1.5);
    assert_true(treatment_effect(&scaled, &line, SAMPLE_TIMER, 4).weight == 4);
    assert_true(treatment_effect(&scaled, &line, SAMPLE_HISTOGRAM, 4).amount == 1500);
    assert_true(treatment_effect(&scaled, &line, SAMPLE_COUNTER, 4).amount == 6000);
    assert_true(treatment_effect(&scaled, &line, SAMPLE_GAUGE, 1).amount == 1500);
    /* Divided first, then multiplied: the other order gives 0.30000000000000004. */
    line = number_line(100);
    assert_true(
        treatment_effect(&(struct treatment){ .scale = 3 }, &line, SAMPLE_TIMER, 1).amount ==
        100 / 1000. * 3);
}

static void but_not_to_the_age_of_an_x(void **state)
{
    const struct treatment scaled = { .scale = 0.001 };
    const struct line line = { .number = -2, .is_number = true };

    assert_true(treatment_effect(&scaled, &line, SAMPLE_END, 1).amount == 2);
}

/* A text that is a number by chance, and an age, cannot become too large by it. */
static void what_is_not_scaled_is_not_out_of_range(void **state)
{
    const struct treatment scaled = { .scale = 1e300 };
    const struct line line = number_line(1e10), age = number_line(-1e10);

    assert_int_equal(treatment_check(&scaled, &line, SAMPLE_GAUGE, 1), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(treatment_check(&scaled, &line, SAMPLE_SET, 1), VERDICT_APPLIED);
    assert_int_equal(treatment_effect(&scaled, &line, SAMPLE_SET, 1).action, EFFECT_COLLECTS);
    assert_int_equal(treatment_check(&scaled, &age, SAMPLE_END, 1), VERDICT_APPLIED);
}

static void a_scale_applies_to_changes_of_a_gauge(void **state)
{
    const struct treatment scaled = { .scale = 0.001 };
    struct line line = number_line(-2000);
    struct effect effect;

    line.is_relative = true;
    effect = treatment_effect(&scaled, &line, SAMPLE_GAUGE, 1);
    assert_int_equal(effect.action, EFFECT_ADDS);
    assert_true(effect.amount == -2);
}

static void a_gauges_sign_means_what_the_treatment_says(void **state)
{
    const struct treatment absolute = { .scale = 1, .gauge = TREATMENT_GAUGE_ABSOLUTE };
    const struct treatment relative = { .scale = 1, .gauge = TREATMENT_GAUGE_RELATIVE };
    const struct treatment neither = TREATMENT_NONE;
    struct line line = number_line(-5);

    line.is_relative = true;
    for (unsigned is_dogstatsd = 0; is_dogstatsd < 2; is_dogstatsd++) {
        line.is_dogstatsd = is_dogstatsd;
        assert_int_equal(treatment_effect(&absolute, &line, SAMPLE_GAUGE, 1).action, EFFECT_SETS);
        assert_int_equal(treatment_effect(&relative, &line, SAMPLE_GAUGE, 1).action, EFFECT_ADDS);
        assert_int_equal(treatment_effect(&neither, &line, SAMPLE_GAUGE, 1).action,
                         is_dogstatsd ? EFFECT_SETS : EFFECT_ADDS);
    }
}

static void words_stand_for_numbers(void **state)
{
    const struct treatment_word words[] = { { SLICE("busy"), 1 },
                                            { SLICE("idle"), 0 },
                                            { SLICE("in transit:late"), -2 } };
    const struct treatment mapped = { .scale = 10, .words = words, .n_words = 3 };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        struct line line = word_line(words[i].word);

        assert_true(treatment_takes_whole(&mapped, &line));
        assert_int_equal(treatment_check(&mapped, &line, SAMPLE_GAUGE, 1), VERDICT_APPLIED);
        assert_int_equal(treatment_effect(&mapped, &line, SAMPLE_GAUGE, 1).action, EFFECT_SETS);
        assert_true(treatment_effect(&mapped, &line, SAMPLE_GAUGE, 1).amount ==
                    words[i].number * 10);
    }
}

/* Also one that begins with a sign. */
static void a_word_sets_a_gauge_whatever_it_begins_with(void **state)
{
    const struct treatment_word words[] = { { SLICE("-off"), 0 } };
    const struct treatment mapped = { .scale = 1, .words = words, .n_words = 1 };
    struct line line = word_line(words[0].word);

    line.is_relative = true;
    assert_int_equal(treatment_effect(&mapped, &line, SAMPLE_GAUGE, 1).action, EFFECT_SETS);
}

static void other_words_are_no_numbers(void **state)
{
    static const char *const others[] = { "", "Busy", "bus", "busyy", "zz", "a" };
    const struct treatment_word words[] = { { SLICE("busy"), 1 }, { SLICE("idle"), 0 } };
    const struct treatment mapped = { .scale = 1, .words = words, .n_words = 2 };

    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        struct line line = word_line(slice_of(others[i]));

        assert_false(treatment_takes_whole(&mapped, &line));
        assert_int_equal(treatment_check(&mapped, &line, SAMPLE_GAUGE, 1), REFUSED_MALFORMED_VALUE);
    }
}

static void a_scaled_amount_must_stay_an_amount(void **state)
{
    const struct treatment negative = { .scale = -1 }, large = { .scale = 10 };
    struct line line = number_line(1), many = number_line(DBL_MAX);

    assert_int_equal(treatment_check(&negative, &line, SAMPLE_COUNTER, 1),
                     REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_int_equal(treatment_check(&negative, &line, SAMPLE_GAUGE, 1), VERDICT_APPLIED);
    assert_int_equal(treatment_check(&large, &many, SAMPLE_GAUGE, 1), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(treatment_check(&large, &many, SAMPLE_COUNTER, 1), REFUSED_VALUE_OVERFLOW);
    many.number = DBL_MAX / 100;
    assert_int_equal(treatment_check(&large, &many, SAMPLE_COUNTER, 1), VERDICT_APPLIED);
    assert_int_equal(treatment_check(&large, &many, SAMPLE_COUNTER, 100), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(treatment_check(&large, &many, SAMPLE_GAUGE, 100), VERDICT_APPLIED);
}

static void a_counter_is_a_total_as_its_listener_or_the_treatment_says(void **state)
{
    const struct treatment none = TREATMENT_NONE;
    const struct treatment totals = { .scale = 1, .counter = TREATMENT_COUNTER_ABSOLUTE };
    const struct treatment increments = { .scale = 1, .counter = TREATMENT_COUNTER_INCREMENT };

    for (unsigned i = 0; i < 2; i++) {
        bool by_listener = i;

        assert_int_equal(treatment_is_absolute(NULL, SAMPLE_COUNTER, by_listener), by_listener);
        assert_int_equal(treatment_is_absolute(&none, SAMPLE_COUNTER, by_listener), by_listener);
        assert_true(treatment_is_absolute(&totals, SAMPLE_COUNTER, by_listener));
        assert_false(treatment_is_absolute(&increments, SAMPLE_COUNTER, by_listener));
        assert_false(treatment_is_absolute(&totals, SAMPLE_GAUGE, by_listener));
        assert_false(treatment_is_absolute(NULL, SAMPLE_TIMER, by_listener));
    }
}

static void lines_to_skip_are_skipped_whatever_their_value(void **state)
{
    const struct treatment skipped = { .fate = SKIPPED_RULE, .scale = 1 };
    const struct identity identity = { .treatment = &skipped }, other = { .treatment = NULL };
    struct line word = word_line(SLICE("1:x:2")), number = number_line(1);

    assert_true(treatment_takes_whole(&skipped, &word));
    assert_int_equal(treatment_check(&skipped, &word, SAMPLE_COUNTER, 1), SKIPPED_RULE);
    assert_int_equal(treatment_check(&skipped, &number, SAMPLE_GAUGE, 1), SKIPPED_RULE);
    assert_true(identity_is_skipped(&identity));
    assert_false(identity_is_skipped(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_scale_applies_to_the_exposed_unit),
        CASE(but_not_to_the_age_of_an_x),
        CASE(what_is_not_scaled_is_not_out_of_range),
        CASE(a_scale_applies_to_changes_of_a_gauge),
        CASE(a_gauges_sign_means_what_the_treatment_says),
        CASE(words_stand_for_numbers),
        CASE(a_word_sets_a_gauge_whatever_it_begins_with),
        CASE(other_words_are_no_numbers),
        CASE(a_scaled_amount_must_stay_an_amount),
        CASE(a_counter_is_a_total_as_its_listener_or_the_treatment_says),
        CASE(lines_to_skip_are_skipped_whatever_their_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
