/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/line.h"

static void what_is_no_number_suits_sets_only(void **state)
{
    const struct line line = { .is_number = false, .value = SLICE("a:b") };

    for (enum sample_type type = 0; type < _SAMPLE_TYPE_N; type++)
        assert_int_equal(line_check(&line, type),
                         type == SAMPLE_SET ? VERDICT_APPLIED : REFUSED_MALFORMED_VALUE);
}

static void nothing_at_all_suits_no_type(void **state)
{
    const struct line line = { .is_number = false, .value = SLICE("") };

    for (enum sample_type type = 0; type < _SAMPLE_TYPE_N; type++)
        assert_int_equal(line_check(&line, type), REFUSED_MALFORMED_VALUE);
}

static void only_a_counter_minds_a_negative_number(void **state)
{
    const struct line line = { .is_number = true, .number = -1, .value = SLICE("-1") };

    assert_int_equal(line_check(&line, SAMPLE_COUNTER), REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    for (enum sample_type type = SAMPLE_COUNTER + 1; type < _SAMPLE_TYPE_N; type++)
        assert_int_equal(line_check(&line, type), VERDICT_APPLIED);
}

static void a_counter_may_be_0_with_any_sign(void **state)
{
    const struct line zero = { .is_number = true, .number = 0.0 };
    const struct line minus_zero = { .is_number = true, .number = -0.0 };

    assert_int_equal(line_check(&zero, SAMPLE_COUNTER), VERDICT_APPLIED);
    assert_int_equal(line_check(&minus_zero, SAMPLE_COUNTER), VERDICT_APPLIED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(what_is_no_number_suits_sets_only),
        CASE(nothing_at_all_suits_no_type),
        CASE(only_a_counter_minds_a_negative_number),
        CASE(a_counter_may_be_0_with_any_sign),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
