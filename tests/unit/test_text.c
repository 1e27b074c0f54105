/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/labels.h"
#include "base/number.h"
#include "output/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

size_t __wrap_number_format(char out[NUMBER_TEXT_MAX], double number);
size_t __real_number_format(char out[NUMBER_TEXT_MAX], double number);

/* The numbers rendered, without counts. */
static unsigned n_rendered;

size_t __wrap_number_format(char out[NUMBER_TEXT_MAX], double number)
{
    n_rendered++;
    return __real_number_format(out, number);
}

static struct buffer buffer;
static void *text_state;

/* A family of this name and type, whose help does not matter. */
static struct exposition_family family_of(const char *name, enum metric_type type)
{
    return (struct exposition_family){ .name = slice_of(name), .type = type };
}

static void write_family(const char *name, enum metric_type type, struct slice help)
{
    text_writer.family(
        text_state, &buffer,
        &(struct exposition_family){ .name = slice_of(name), .type = type, .help = help });
}

static void write_sample(const char *name, struct slice labels, double value)
{
    const struct exposition_family family = family_of(name, METRIC_GAUGE);

    text_writer.sample(text_state, &buffer, &family,
                       &(struct exposition_sample){ .labels = labels, .value = value });
}

static void write_histogram(const char *name, struct slice labels, const struct buckets *buckets,
                            const uint64_t *counts, double sum)
{
    const struct exposition_family family = family_of(name, METRIC_HISTOGRAM);

    text_writer.histogram(text_state, &buffer, &family,
                          &(struct exposition_histogram){
                              .labels = labels, .buckets = buckets, .counts = counts, .sum = sum });
}

static void write_summary(struct slice labels, const struct quantiles *quantiles,
                          const double *values_of)
{
    const struct exposition_family family = family_of("x", METRIC_SUMMARY);
    const struct exposition_summary summary = {
        .labels = labels,
        .n_quantiles = quantiles->n,
        .quantiles = quantiles->at,
        .values = values_of,
        .sum = 12.5,
        .count = 3,
    };

    text_writer.summary(text_state, &buffer, &family, &summary);
}

/* All that was written so far, which is then cleared. */
#define assert_written(literal)                                                                    \
    do {                                                                                           \
        assert_false(buffer.has_failed);                                                           \
        buffer_add_char(&buffer, '\0');                                                            \
        assert_string_equal(buffer.data, (literal));                                               \
        buffer_clear(&buffer);                                                                     \
    } while (0)

static void names_the_types_as_prometheus_does(void **state)
{
    static const char *const words[_METRIC_TYPE_N] = {
        [METRIC_COUNTER] = "counter",     [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram", [METRIC_SET] = "gauge", /* it knows no sets */
        [METRIC_SUMMARY] = "summary",
    };

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++) {
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "# HELP x \n# TYPE x %s\n", words[type]);
        write_family("x", (enum metric_type)type, SLICE(""));
        assert_written(wanted);
    }
}

static void announces_a_family(void **state)
{
    write_family("x_total", METRIC_COUNTER, SLICE("Of x."));
    assert_written("# HELP x_total Of x.\n# TYPE x_total counter\n");
}

static void escapes_help(void **state)
{
    write_family("x", METRIC_GAUGE, SLICE("a\\b\nc\"d\"\\"));
    assert_written("# HELP x a\\\\b\\nc\"d\"\\\\\n# TYPE x gauge\n");
}

static void writes_a_sample_with_and_without_labels(void **state)
{
    write_sample("x", SLICE(""), 1);
    write_sample("x", SLICE("a=\"1\",b=\"2\""), 0.5);
    assert_written("x 1\nx{a=\"1\",b=\"2\"} 0.5\n");
}

static void writes_every_sort_of_number(void **state)
{
    write_sample("x", SLICE(""), (double)NAN);
    write_sample("x", SLICE(""), (double)INFINITY);
    write_sample("x", SLICE(""), -(double)INFINITY);
    assert_written("x NaN\nx +Inf\nx -Inf\n");
    write_sample("x", SLICE(""), 0.1 + 0.2);
    buffer_add_char(&buffer, '\0');
    assert_true(strtod(buffer.data + 2, NULL) == 0.1 + 0.2);
    buffer_clear(&buffer);
}

static void labels_come_escaped_and_stay_as_they_are(void **state)
{
    struct labels labels = { 0 };
    char out[64];

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("q\"b\\n\nl")));
    write_sample("x", labels_write(&labels, out), 1);
    assert_written("x{a=\"q\\\"b\\\\n\\nl\"} 1\n");
}

static void cumulates_buckets_and_counts_what_the_last_one_says(void **state)
{
    const uint64_t counts[] = { 1, 0, 2, 4 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, (const double[]){ -1, 0.5, 10 }, 3), 0);
    write_histogram("x", SLICE("a=\"1\""), buckets, counts, 12.5);
    assert_written("x_bucket{a=\"1\",le=\"-1\"} 1\n"
                   "x_bucket{a=\"1\",le=\"0.5\"} 1\n"
                   "x_bucket{a=\"1\",le=\"10\"} 3\n"
                   "x_bucket{a=\"1\",le=\"+Inf\"} 7\n"
                   "x_sum{a=\"1\"} 12.5\n"
                   "x_count{a=\"1\"} 7\n");
}

static void a_histogram_without_labels_has_no_braces_around_nothing(void **state)
{
    const uint64_t counts[] = { UINT64_C(1) << 60, 5 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, (const double[]){ 1 }, 1), 0);
    write_histogram("x", SLICE(""), buckets, counts, 0);
    assert_written("x_bucket{le=\"1\"} 1152921504606846976\n"
                   "x_bucket{le=\"+Inf\"} 1152921504606846981\n"
                   "x_sum 0\n"
                   "x_count 1152921504606846981\n");
}

static void a_histogram_without_bounds_has_the_infinite_one(void **state)
{
    const uint64_t counts[] = { 3 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, NULL, 0), 0);
    write_histogram("x", SLICE(""), buckets, counts, 1);
    assert_written("x_bucket{le=\"+Inf\"} 3\nx_sum 1\nx_count 3\n");
}

static void bounds_are_written_as_short_as_they_can_be(void **state)
{
    const uint64_t counts[ARRAY_SIZE(buckets_default_bounds) + 1] = { 0 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(
        buckets_new(&buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds)), 0);
    write_histogram("x", SLICE(""), buckets, counts, 0);
    assert_written("x_bucket{le=\"0.005\"} 0\nx_bucket{le=\"0.01\"} 0\n"
                   "x_bucket{le=\"0.025\"} 0\nx_bucket{le=\"0.05\"} 0\n"
                   "x_bucket{le=\"0.1\"} 0\nx_bucket{le=\"0.25\"} 0\n"
                   "x_bucket{le=\"0.5\"} 0\nx_bucket{le=\"1\"} 0\n"
                   "x_bucket{le=\"2.5\"} 0\nx_bucket{le=\"5\"} 0\n"
                   "x_bucket{le=\"10\"} 0\nx_bucket{le=\"+Inf\"} 0\n"
                   "x_sum 0\nx_count 0\n");
}

/* The texts of bounds are cached: those of one set must not be used for another. */
static void each_histogram_has_its_own_bounds(void **state)
{
    const uint64_t counts[] = { 1, 2, 3 };
    CLEANUP(buckets_freep) struct buckets *one = NULL;
    CLEANUP(buckets_freep) struct buckets *two = NULL;

    assert_int_equal(buckets_new(&one, (const double[]){ 5 }, 1), 0);
    assert_int_equal(buckets_new(&two, (const double[]){ 0.25, 10 }, 2), 0);
    for (unsigned i = 0; i < 2; i++) {
        write_histogram("x", SLICE(""), one, counts, 0);
        write_histogram("x", SLICE("a=\"1\""), one, counts, 0);
        assert_written("x_bucket{le=\"5\"} 1\nx_bucket{le=\"+Inf\"} 3\nx_sum 0\nx_count 3\n"
                       "x_bucket{a=\"1\",le=\"5\"} 1\nx_bucket{a=\"1\",le=\"+Inf\"} 3\n"
                       "x_sum{a=\"1\"} 0\nx_count{a=\"1\"} 3\n");
        write_histogram("y", SLICE(""), two, counts, 0);
        assert_written("y_bucket{le=\"0.25\"} 1\ny_bucket{le=\"10\"} 3\n"
                       "y_bucket{le=\"+Inf\"} 6\ny_sum 0\ny_count 6\n");
    }
}

/* All bounds would take longer than everything else. */
static void bounds_are_rendered_once_for_all_histograms_that_share_them(void **state)
{
    const uint64_t counts[] = { 1, 2, 3 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, (const double[]){ 0.25, 10 }, 2), 0);
    n_rendered = 0;
    for (unsigned i = 0; i < 100; i++)
        write_histogram(i < 50 ? "x" : "y", SLICE(""), buckets, counts, 1);
    assert_int_equal(n_rendered, 2 + 100); /* and each one's sum */
}

static void the_longest_bounds_and_counts_have_room(void **state)
{
    const uint64_t counts[] = { UINT64_MAX, 0, 0, 0 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(
        buckets_new(&buckets, (const double[]){ -DBL_MAX, -2.2250738585072014e-308, DBL_MAX }, 3),
        0);
    write_histogram("x", SLICE("a=\"1\""), buckets, counts, -2.2250738585072014e-308);
    assert_written("x_bucket{a=\"1\",le=\"-1.7976931348623157e+308\"} 18446744073709551615\n"
                   "x_bucket{a=\"1\",le=\"-2.2250738585072014e-308\"} 18446744073709551615\n"
                   "x_bucket{a=\"1\",le=\"1.7976931348623157e+308\"} 18446744073709551615\n"
                   "x_bucket{a=\"1\",le=\"+Inf\"} 18446744073709551615\n"
                   "x_sum{a=\"1\"} -2.2250738585072014e-308\n"
                   "x_count{a=\"1\"} 18446744073709551615\n");
}

static void a_summary_has_its_quantiles_before_sum_and_count(void **state)
{
    static const struct quantiles some = { 3, { 0, 0.5, 1 } }, none = { 0 };
    const double values[] = { -1.5, (double)NAN, 20 };

    write_summary(SLICE("a=\"1\""), &some, values);
    assert_written("x{a=\"1\",quantile=\"0\"} -1.5\n"
                   "x{a=\"1\",quantile=\"0.5\"} NaN\n"
                   "x{a=\"1\",quantile=\"1\"} 20\n"
                   "x_sum{a=\"1\"} 12.5\n"
                   "x_count{a=\"1\"} 3\n");
    write_summary(SLICE(""), &quantiles_default, values);
    assert_written("x{quantile=\"0.5\"} -1.5\nx{quantile=\"0.9\"} NaN\nx{quantile=\"0.99\"} 20\n"
                   "x_sum 12.5\nx_count 3\n");
    write_summary(SLICE(""), &none, NULL);
    assert_written("x_sum 12.5\nx_count 3\n");
}

static void appends_to_what_is_there(void **state)
{
    buffer_add_literal(&buffer, "before\n");
    write_sample("x", SLICE(""), 1);
    assert_written("before\nx 1\n");
}

static int begin(void **state)
{
    text_state = calloc(1, text_writer.state_size);
    return text_state ? 0 : -1;
}

static int end(void **state)
{
    free(text_state);
    buffer_deinit(&buffer);
    buffer = (struct buffer){ 0 };
    return 0;
}

#define TEXT_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TEXT_CASE(names_the_types_as_prometheus_does),
        TEXT_CASE(announces_a_family),
        TEXT_CASE(escapes_help),
        TEXT_CASE(writes_a_sample_with_and_without_labels),
        TEXT_CASE(writes_every_sort_of_number),
        TEXT_CASE(labels_come_escaped_and_stay_as_they_are),
        TEXT_CASE(cumulates_buckets_and_counts_what_the_last_one_says),
        TEXT_CASE(a_histogram_without_labels_has_no_braces_around_nothing),
        TEXT_CASE(a_histogram_without_bounds_has_the_infinite_one),
        TEXT_CASE(bounds_are_written_as_short_as_they_can_be),
        TEXT_CASE(each_histogram_has_its_own_bounds),
        TEXT_CASE(bounds_are_rendered_once_for_all_histograms_that_share_them),
        TEXT_CASE(the_longest_bounds_and_counts_have_room),
        TEXT_CASE(a_summary_has_its_quantiles_before_sum_and_count),
        TEXT_CASE(appends_to_what_is_there),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
