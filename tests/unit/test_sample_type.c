/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include "base/sample_type.h"

#include <stdio.h>

static void knows_every_type_by_its_letters(void **state)
{
    static const struct {
        const char *letters;
        enum sample_type type;
    } types[] = {
        { "c", SAMPLE_COUNTER },      { "g", SAMPLE_GAUGE }, { "ms", SAMPLE_TIMER },
        { "h", SAMPLE_HISTOGRAM },    { "s", SAMPLE_SET },   { "x", SAMPLE_END },
        { "d", SAMPLE_DISTRIBUTION },
    };
    enum sample_type type;

    assert_int_equal(ARRAY_SIZE(types), _SAMPLE_TYPE_N);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        type = _SAMPLE_TYPE_N;
        if (!sample_type_parse(slice_of(types[i].letters), &type) || type != types[i].type)
            fail_msg("%s is %d", types[i].letters, type);
    }
}

static void refuses_every_other_type(void **state)
{
    static const char *const others[] = { "",   "m",  "C",  "G",   "MS",   "Ms",  "X",   "cc",
                                          "c ", " c", "\t", "msx", "gh",   "c\r", "mms", "\xff",
                                          "m ", "k",  "@1", "#",   "ms\n", "set", "c:",  "|" };
    enum sample_type type;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (sample_type_parse(slice_of(others[i]), &type))
            fail_msg("accepted: %s", others[i]);
    assert_false(sample_type_parse(SLICE("c\0"), &type));
    assert_false(sample_type_parse((struct slice){ NULL, 0 }, &type));
}

static void each_type_is_exposed_as_one_of_prometheus(void **state)
{
    assert_int_equal(metric_type_of(SAMPLE_COUNTER), METRIC_COUNTER);
    assert_int_equal(metric_type_of(SAMPLE_GAUGE), METRIC_GAUGE);
    assert_int_equal(metric_type_of(SAMPLE_TIMER), METRIC_HISTOGRAM);
    assert_int_equal(metric_type_of(SAMPLE_HISTOGRAM), METRIC_HISTOGRAM);
    assert_int_equal(metric_type_of(SAMPLE_DISTRIBUTION), METRIC_HISTOGRAM);
    assert_int_equal(metric_type_of(SAMPLE_SET), METRIC_SET);
}

static void observations_may_become_summaries(void **state)
{
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        enum sample_type type = (enum sample_type)i;
        bool observes =
            type == SAMPLE_TIMER || type == SAMPLE_HISTOGRAM || type == SAMPLE_DISTRIBUTION;

        assert_int_equal(sample_type_observes(type), observes);
        assert_int_equal(sample_type_may_become(type, METRIC_SUMMARY), observes);
        assert_int_equal(sample_type_may_become(type, METRIC_HISTOGRAM), observes);
        assert_true(sample_type_may_become(type, metric_type_of(type)));
        assert_int_equal(sample_type_may_become(type, METRIC_SET), type == SAMPLE_SET);
    }
}

static void each_metric_type_has_a_sample_type(void **state)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        assert_true(sample_type_may_become(sample_type_for((enum metric_type)type),
                                           (enum metric_type)type));
    assert_int_equal(sample_type_for(METRIC_HISTOGRAM), SAMPLE_TIMER);
    assert_int_equal(sample_type_for(METRIC_SUMMARY), SAMPLE_TIMER);
}

static void an_end_makes_no_series(void **state)
{
    assert_int_equal(metric_type_of(SAMPLE_END), METRIC_NONE);
}

static void each_type_has_a_name(void **state)
{
    assert_string_equal(metric_type_name(METRIC_COUNTER), "counter");
    assert_string_equal(metric_type_name(METRIC_GAUGE), "gauge");
    assert_string_equal(metric_type_name(METRIC_HISTOGRAM), "histogram");
    assert_string_equal(metric_type_name(METRIC_SET), "set");
    assert_string_equal(metric_type_name(METRIC_SUMMARY), "summary");
}

static void name_what_makes_no_series(void)
{
    puts(metric_type_name(METRIC_NONE));
}

static void no_metric_has_no_name(void **state)
{
    assert_aborts(name_what_makes_no_series, "type < _METRIC_TYPE_N does not hold");
}

static void messages_list_the_letters_in_order(void **state)
{
    assert_string_equal(SAMPLE_LETTERS_OF_SERIES, "c, g, ms, h, d, s");
    assert_string_equal(SAMPLE_LETTERS, "c, g, ms, h, d, s, x");
}

static void assert_renamed(enum metric_type type, const char *name, const char *expected)
{
    struct slice renamed = own_label_rename(metric_type_own_label(type), slice_of(name));

    assert_true(slice_equal(renamed, slice_of(expected)));
}

static void le_is_a_histograms_own_label(void **state)
{
    assert_renamed(METRIC_HISTOGRAM, "le", "exported_le");
    assert_renamed(METRIC_HISTOGRAM, "exported_le", "exported_le");
    assert_renamed(METRIC_HISTOGRAM, "l", "l");
    assert_renamed(METRIC_HISTOGRAM, "LE", "LE");
    assert_renamed(METRIC_HISTOGRAM, "quantile", "quantile");
}

static void quantile_is_a_summarys_own_label(void **state)
{
    assert_renamed(METRIC_SUMMARY, "quantile", "exported_quantile");
    assert_renamed(METRIC_SUMMARY, "le", "le");
}

static void no_other_type_has_one(void **state)
{
    for (unsigned i = 0; i <= METRIC_NONE; i++) {
        enum metric_type type = (enum metric_type)i;

        if (type != METRIC_HISTOGRAM)
            assert_renamed(type, "le", "le");
        if (type != METRIC_SUMMARY)
            assert_renamed(type, "quantile", "quantile");
    }
}

static void milliseconds_become_seconds(void **state)
{
    assert_true(sample_type_scale(SAMPLE_TIMER, 125) == 0.125);
    assert_true(sample_type_scale(SAMPLE_TIMER, 0.3) == 0.3 / 1000);
}

static void every_other_number_is_exposed_as_it_is_sent(void **state)
{
    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        if (type != SAMPLE_TIMER)
            assert_true(sample_type_scale((enum sample_type)type, 0.3) == 0.3);
}

static void a_rate_weighs_what_is_added_or_observed(void **state)
{
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        enum metric_type type = metric_type_of((enum sample_type)i);

        assert_int_equal(sample_type_facts((enum sample_type)i)->is_weighted,
                         type == METRIC_COUNTER || type == METRIC_HISTOGRAM);
    }
}

static void a_meaning_begins_with_the_letters(void **state)
{
    assert_string_equal(sample_type_facts(SAMPLE_COUNTER)->meaning, "c, a counter");
    assert_string_equal(sample_type_facts(SAMPLE_END)->meaning, "x, ends series");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(knows_every_type_by_its_letters),
        CASE(refuses_every_other_type),
        CASE(each_type_is_exposed_as_one_of_prometheus),
        CASE(observations_may_become_summaries),
        CASE(each_metric_type_has_a_sample_type),
        CASE(an_end_makes_no_series),
        CASE(each_type_has_a_name),
        CASE(no_metric_has_no_name),
        CASE(messages_list_the_letters_in_order),
        CASE(le_is_a_histograms_own_label),
        CASE(quantile_is_a_summarys_own_label),
        CASE(no_other_type_has_one),
        CASE(milliseconds_become_seconds),
        CASE(every_other_number_is_exposed_as_it_is_sent),
        CASE(a_rate_weighs_what_is_added_or_observed),
        CASE(a_meaning_begins_with_the_letters),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
