/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/labels.h"
#include "output/text.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static struct buffer buffer;

/* All that was written so far; it is gone afterwards. */
#define assert_written(literal)                                                                    \
    do {                                                                                           \
        assert_false(buffer.has_failed);                                                           \
        buffer_add_char(&buffer, '\0');                                                            \
        assert_string_equal(buffer.data, (literal));                                               \
        buffer_clear(&buffer);                                                                     \
    } while (0)

static void names_the_types_as_prometheus_does(void **state)
{
    assert_string_equal(text_type(METRIC_COUNTER), "counter");
    assert_string_equal(text_type(METRIC_GAUGE), "gauge");
    assert_string_equal(text_type(METRIC_HISTOGRAM), "histogram");
    assert_string_equal(text_type(METRIC_SET), "gauge"); /* it knows no sets */
    assert_string_equal(TEXT_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
}

static void announces_a_family(void **state)
{
    text_family(&buffer, SLICE("x_total"), METRIC_COUNTER, SLICE("Of x."));
    assert_written("# HELP x_total Of x.\n# TYPE x_total counter\n");
}

static void escapes_help(void **state)
{
    text_family(&buffer, SLICE("x"), METRIC_GAUGE, SLICE("a\\b\nc\"d\"\\"));
    assert_written("# HELP x a\\\\b\\nc\"d\"\\\\\n# TYPE x gauge\n");
}

static void writes_a_sample_with_and_without_labels(void **state)
{
    text_sample(&buffer, SLICE("x"), SLICE(""), 1);
    text_sample(&buffer, SLICE("x"), SLICE("a=\"1\",b=\"2\""), 0.5);
    assert_written("x 1\nx{a=\"1\",b=\"2\"} 0.5\n");
}

static void writes_every_kind_of_number(void **state)
{
    text_sample(&buffer, SLICE("x"), SLICE(""), (double)NAN);
    text_sample(&buffer, SLICE("x"), SLICE(""), (double)INFINITY);
    text_sample(&buffer, SLICE("x"), SLICE(""), -(double)INFINITY);
    assert_written("x NaN\nx +Inf\nx -Inf\n");
    text_sample(&buffer, SLICE("x"), SLICE(""), 0.1 + 0.2);
    buffer_add_char(&buffer, '\0');
    assert_true(strtod(buffer.data + 2, NULL) == 0.1 + 0.2);
    buffer_clear(&buffer);
}

static void labels_come_escaped_and_stay_as_they_are(void **state)
{
    struct labels labels = { 0 };
    char out[64];

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("q\"b\\n\nl")));
    text_sample(&buffer, SLICE("x"), labels_write(&labels, out), 1);
    assert_written("x{a=\"q\\\"b\\\\n\\nl\"} 1\n");
}

static void cumulates_buckets_and_counts_what_the_last_one_says(void **state)
{
    const uint64_t counts[] = { 1, 0, 2, 4 };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, (const double[]){ -1, 0.5, 10 }, 3), 0);
    text_histogram(&buffer, SLICE("x"), SLICE("a=\"1\""),
                   &(struct text_histogram){ buckets, counts, 12.5 });
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
    text_histogram(&buffer, SLICE("x"), SLICE(""), &(struct text_histogram){ buckets, counts, 0 });
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
    text_histogram(&buffer, SLICE("x"), SLICE(""), &(struct text_histogram){ buckets, counts, 1 });
    assert_written("x_bucket{le=\"+Inf\"} 3\nx_sum 1\nx_count 3\n");
}

/* A series of a family of its own, and @reading of it, written. */
static void write_series(struct identity identity, const struct buckets *buckets,
                         const struct reading *reading)
{
    struct family *family = family_new(&identity, buckets);
    struct series *series;

    assert_non_null(family);
    series = series_new(family, identity.labels, 1);
    assert_non_null(series);
    text_series_family(&buffer, family);
    text_series(&buffer, series, reading);
    series_unref(series);
}

static void writes_what_the_registry_holds(void **state)
{
    const struct identity identity = { .type = SAMPLE_COUNTER,
                                       .family = SLICE("bot_routes"),
                                       .labels = SLICE("a=\"1\""),
                                       .sent_as = SLICE("bot.routes") };
    const struct reading reading = { .value = 3 };

    write_series(identity, NULL, &reading);
    assert_written("# HELP bot_routes Sent as bot.routes.\n"
                   "# TYPE bot_routes counter\n"
                   "bot_routes{a=\"1\"} 3\n");
}

static void writes_a_histogram_of_the_registry(void **state)
{
    const struct identity identity = { .type = SAMPLE_TIMER,
                                       .family = SLICE("t"),
                                       .sent_as = SLICE("t") };
    const struct reading reading = { .sum = 3, .counts = { 1, 1 } };
    CLEANUP(buckets_freep) struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, (const double[]){ 1 }, 1), 0);
    write_series(identity, buckets, &reading);
    assert_written("# HELP t Sent as t.\n"
                   "# TYPE t histogram\n"
                   "t_bucket{le=\"1\"} 1\n"
                   "t_bucket{le=\"+Inf\"} 2\n"
                   "t_sum 3\n"
                   "t_count 2\n");
}

static void writes_a_set_of_the_registry_as_a_gauge(void **state)
{
    const struct identity identity = { .type = SAMPLE_SET,
                                       .family = SLICE("users"),
                                       .labels = SLICE("a=\"1\""),
                                       .sent_as = SLICE("users") };
    const struct reading reading = { .value = 12 };

    write_series(identity, NULL, &reading);
    assert_written("# HELP users Sent as users.\n"
                   "# TYPE users gauge\n"
                   "users{a=\"1\"} 12\n");
}

static void what_senders_write_cannot_break_a_help_line(void **state)
{
    const struct identity identity = { .type = SAMPLE_GAUGE,
                                       .family = SLICE("x"),
                                       .sent_as = SLICE("\\x\n# y") };
    const struct reading reading = { .value = 0 };

    write_series(identity, NULL, &reading);
    assert_written("# HELP x Sent as \\\\x\\n# y.\n# TYPE x gauge\nx 0\n");
}

static void appends_to_what_is_there(void **state)
{
    buffer_add_literal(&buffer, "before\n");
    text_sample(&buffer, SLICE("x"), SLICE(""), 1);
    assert_written("before\nx 1\n");
}

static int end(void **state)
{
    buffer_deinit(&buffer);
    buffer = (struct buffer){ 0 };
    return 0;
}

#define TEXT_CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TEXT_CASE(names_the_types_as_prometheus_does),
        TEXT_CASE(announces_a_family),
        TEXT_CASE(escapes_help),
        TEXT_CASE(writes_a_sample_with_and_without_labels),
        TEXT_CASE(writes_every_kind_of_number),
        TEXT_CASE(labels_come_escaped_and_stay_as_they_are),
        TEXT_CASE(cumulates_buckets_and_counts_what_the_last_one_says),
        TEXT_CASE(a_histogram_without_labels_has_no_braces_around_nothing),
        TEXT_CASE(a_histogram_without_bounds_has_the_infinite_one),
        TEXT_CASE(writes_what_the_registry_holds),
        TEXT_CASE(writes_a_histogram_of_the_registry),
        TEXT_CASE(writes_a_set_of_the_registry_as_a_gauge),
        TEXT_CASE(what_senders_write_cannot_break_a_help_line),
        TEXT_CASE(appends_to_what_is_there),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
