/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenMetrics 2, from its specification: what has an example there is compared with that
 *
 * https://prometheus.io/docs/specs/om/open_metrics_spec_2_0/. A reader of its own reads whole pages
 * in the system tests.
 */

#include "push.h"

#include "output/openmetrics2.h"

/* --- the writer alone ------------------------------------------------------------------------ */

static struct buffer out;
static void *format;

static int begin_writer(void **state)
{
    format = calloc(1, openmetrics2_writer.state_size);
    return format ? 0 : -1;
}

static int end_writer(void **state)
{
    free(format);
    buffer_deinit(&out);
    return 0;
}

/* All that was written so far, which is then cleared. */
#define assert_written(literal)                                                                    \
    do {                                                                                           \
        assert_false(out.has_failed);                                                              \
        buffer_add_char(&out, '\0');                                                               \
        assert_string_equal(out.data, (literal));                                                  \
        buffer_clear(&out);                                                                        \
    } while (0)

static struct exposition_family family_of(const char *name, enum metric_type type)
{
    return (struct exposition_family){ .name = slice_of(name), .type = type };
}

static void write_histogram(const char *name, const struct exposition_histogram *histogram)
{
    const struct exposition_family family = family_of(name, METRIC_HISTOGRAM);

    openmetrics2_writer.histogram(format, &out, &family, histogram);
}

static void write_sample(const char *name, enum metric_type type,
                         const struct exposition_sample *sample)
{
    const struct exposition_family family = family_of(name, type);

    openmetrics2_writer.family(format, &out, &family);
    buffer_clear(&out);
    openmetrics2_writer.sample(format, &out, &family, sample);
}

static void a_family_has_type_unit_and_help(void **state)
{
    struct exposition_family family = family_of("foo_seconds_total", METRIC_COUNTER);

    family.unit = SLICE("seconds");
    family.help = SLICE("Some text and \n some \" escaping \\");
    openmetrics2_writer.family(format, &out, &family);
    assert_written("# TYPE foo_seconds_total counter\n"
                   "# UNIT foo_seconds_total seconds\n"
                   "# HELP foo_seconds_total Some text and \\n some \\\" escaping \\\\\n");
}

static void a_counter_has_its_start(void **state)
{
    write_sample("foo_total", METRIC_COUNTER,
                 &(struct exposition_sample){ .value = 17, .started_ms = 1520430000123 });
    assert_written("foo_total 17 st@1520430000.123\n");
    write_sample("foo", METRIC_COUNTER,
                 &(struct exposition_sample){ SLICE("a=\"x\""), 0.5, 1605281325004 });
    assert_written("foo{a=\"x\"} 0.5 st@1605281325.004\n");
    write_sample("foo", METRIC_COUNTER, &(struct exposition_sample){ .value = 17 });
    assert_written("foo 17\n");
}

static void a_gauge_has_none(void **state)
{
    const struct exposition_sample sample = { SLICE("a=\"bb\""), -17.5, 1520430000123 };

    write_sample("foo", METRIC_GAUGE, &sample);
    assert_written("foo{a=\"bb\"} -17.5\n");
    write_sample("foo", METRIC_SET, &sample);
    assert_written("foo{a=\"bb\"} -17.5\n");
}

static void a_histogram_is_one_line(void **state)
{
    static const struct buckets ten = {
        .n = 10, .bounds = { 0, 1e-05, 0.0001, 0.1, 1, 10, 100000, 1e+06, 1e+23, 1.1e+23 }
    };
    static const struct buckets two = { .n = 2, .bounds = { -1, 2.5 } };
    static const uint64_t counts[] = { 0, 0, 5, 3, 2, 1, 0, 4, 1, 1, 0 };

    write_histogram("foo", &(struct exposition_histogram){ .buckets = &ten,
                                                           .counts = counts,
                                                           .sum = 324789.3,
                                                           .started_ms = 1520430000123 });
    assert_written("foo {count:17,sum:324789.3,bucket:[0.0:0,1e-05:0,0.0001:5,0.1:8,1.0:10,10.0:11,"
                   "100000.0:11,1e+06:15,1e+23:16,1.1e+23:17,+Inf:17]} st@1520430000.123\n");
    write_histogram("foo", &(struct exposition_histogram){ .labels = SLICE("a=\"1\""),
                                                           .buckets = &two,
                                                           .counts = counts + 2,
                                                           .sum = -1e300 });
    assert_written("foo{a=\"1\"} {count:10,sum:-1e+300,bucket:[-1.0:5,2.5:8,+Inf:10]}\n");
}

static void native_buckets_precede_classic_ones(void **state)
{
    static const struct native_span span = { 0, 2 };
    static const uint64_t native_counts[] = { 5, 12 }, counts[] = { 0, 8, 3, 6, 0 };
    static const struct buckets four = { .n = 4, .bounds = { 0.01, 0.1, 1, 10 } };
    const struct native_buckets native = { .zero_threshold = 1e-4,
                                           .positive = { &span, 1, native_counts, 2 } };

    write_histogram("foo", &(struct exposition_histogram){ .buckets = &four,
                                                           .counts = counts,
                                                           .sum = 324789.3,
                                                           .started_ms = 1520430000123,
                                                           .native = &native });
    assert_written("foo {count:17,sum:324789.3,schema:0,zero_threshold:0.0001,zero_count:0,"
                   "positive_spans:[0:2],positive_buckets:[5,12],"
                   "bucket:[0.01:0,0.1:8,1.0:11,10.0:17,+Inf:17]} st@1520430000.123\n");
}

static void native_buckets_of_both_signs_have_spans(void **state)
{
    static const struct native_span below[] = { { 1, 2 } }, above[] = { { -1, 2 }, { 3, 4 } };
    static const uint64_t below_counts[] = { 5, 7 }, above_counts[] = { 5, 7, 10, 9, 8, 8 };
    static const struct buckets none = { 0 };
    static const uint64_t count = 59;
    struct native_buckets native = { .schema = -4,
                                     .zero_threshold = 1e-128,
                                     .zero_count = 2,
                                     .negative = { below, 1, below_counts, 2 },
                                     .positive = { above, 2, above_counts, 6 } };

    write_histogram("h", &(struct exposition_histogram){ .labels = SLICE("method=\"GET\""),
                                                         .buckets = &none,
                                                         .counts = &count,
                                                         .sum = 120,
                                                         .native = &native });
    assert_written("h{method=\"GET\"} {count:59,sum:120,schema:-4,zero_threshold:1e-128,"
                   "zero_count:2,negative_spans:[1:2],negative_buckets:[5,7],"
                   "positive_spans:[-1:2,3:4],positive_buckets:[5,7,10,9,8,8],bucket:[+Inf:59]}\n");
}

static void write_summary(const struct exposition_summary *summary)
{
    const struct exposition_family family = family_of("foo", METRIC_SUMMARY);

    openmetrics2_writer.summary(format, &out, &family, summary);
}

static void a_summary_is_one_line_too(void **state)
{
    static const double quantiles[] = { 0.95, 0.99, 1 }, values[] = { 123.7, 150, NAN };
    struct exposition_summary summary = {
        .quantiles = quantiles,
        .values = values,
        .count = 17,
        .sum = 324789.3,
        .started_ms = 1520430000123,
    };

    write_summary(&summary);
    assert_written("foo {count:17,sum:324789.3,quantile:[]} st@1520430000.123\n");
    summary.n_quantiles = 3;
    summary.labels = SLICE("a=\"1\"");
    write_summary(&summary);
    assert_written("foo{a=\"1\"} {count:17,sum:324789.3,quantile:[0.95:123.7,0.99:150,1.0:NaN]} "
                   "st@1520430000.123\n");
}

static void a_summary_has_nothing_below_0(void **state)
{
    static const double quantiles[] = { 0.1, 0.5, 0.9 }, values[] = { -1, -0.5, 2 };
    struct exposition_summary summary = {
        .n_quantiles = 3,
        .quantiles = quantiles,
        .values = values,
        .count = 3,
        .sum = 0.5,
        .has_negative = true,
    };

    write_summary(&summary);
    assert_written("foo {count:3,sum:0.5,quantile:[0.9:2]}\n");
    summary.sum = -0.5;
    write_summary(&summary);
    assert_written("");
}

/* The room that is reserved must be enough for the longest texts. */
static void the_longest_line_fits(void **state)
{
    struct buckets most = { .n = BUCKETS_MAX };
    uint64_t counts[BUCKETS_MAX + 1] = { UINT64_MAX };
    struct native_span spans[40];
    uint64_t native_counts[40];
    struct native_buckets native = { -4,
                                     -2.2250738585072014e-308,
                                     UINT64_MAX,
                                     { spans, 40, native_counts, 40 },
                                     { spans, 40, native_counts, 40 } };
    const struct exposition_histogram histogram = { SLICE("k=\"v\""),         &most,     counts,
                                                    -2.2250738585072014e-308, INT64_MAX, &native };

    for (unsigned i = 0; i < BUCKETS_MAX; i++)
        most.bounds[i] = -2.2250738585072014e-308;
    for (unsigned i = 0; i < 40; i++) {
        spans[i] = (struct native_span){ INT32_MIN, UINT32_MAX };
        native_counts[i] = UINT64_MAX;
    }
    write_histogram("foo", &histogram);
    assert_false(out.has_failed);
    assert_true(out.len > 64 * 44 + 80 * 21);
    assert_memory_equal(out.data + out.len - 25, " st@9223372036854775.807\n", 25);
}

/* --- pages ----------------------------------------------------------------------------------- */

static struct buffer page(int64_t started_ms)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    struct snapshot *snapshot = registry_snapshot(registry);
    struct buffer text = { 0 };

    for (size_t i = 0; i < snapshot->n_series; i++)
        snapshot->series[i]->started_ms = started_ms;
    assert_int_equal(exposition_new(&exposition, &openmetrics2_writer, snapshot, NULL), 0);
    snapshot_unref(snapshot);
    assert_int_equal(exposition_write(exposition, &text, SIZE_MAX), 0);
    buffer_add_char(&text, '\0');
    assert_false(text.has_failed);
    return text;
}

static void an_empty_page_has_its_end(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = page(0);

    assert_string_equal(text.data, "# EOF\n");
}

static void names_are_those_of_the_families(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    push("a:3|c\na_total:2|c|#x:1\nb:9007199254740992|c\nb:1|c\nc:1.5|g\nd:x|s\ne:0.7|h");
    text = page(1520430000123);
    assert_string_equal(text.data,
                        "# TYPE a counter\n# HELP a Sent as a.\na 3 st@1520430000.123\n"
                        "# TYPE a_total counter\n# HELP a_total Sent as a_total.\n"
                        "a_total{x=\"1\"} 2 st@1520430000.123\n"
                        "# TYPE b counter\n# HELP b Sent as b.\n"
                        "b 9007199254740993 st@1520430000.123\n"
                        "# TYPE c gauge\n# HELP c Sent as c.\nc 1.5\n"
                        "# TYPE d gauge\n# HELP d Sent as d.\nd 1\n"
                        "# TYPE e histogram\n# HELP e Sent as e.\n"
                        "e {count:1,sum:0.7,bucket:[0.005:0,0.01:0,0.025:0,0.05:0,0.1:0,0.25:0,"
                        "0.5:0,1.0:1,2.5:1,5.0:1,10.0:1,+Inf:1]} st@1520430000.123\n"
                        "# EOF\n");
}

#define WRITER_CASE(name) cmocka_unit_test_setup_teardown(name, begin_writer, end_writer)

int main(void)
{
    const struct CMUnitTest cases[] = {
        WRITER_CASE(a_family_has_type_unit_and_help),
        WRITER_CASE(a_counter_has_its_start),
        WRITER_CASE(a_gauge_has_none),
        WRITER_CASE(a_histogram_is_one_line),
        WRITER_CASE(native_buckets_precede_classic_ones),
        WRITER_CASE(native_buckets_of_both_signs_have_spans),
        WRITER_CASE(a_summary_is_one_line_too),
        WRITER_CASE(a_summary_has_nothing_below_0),
        WRITER_CASE(the_longest_line_fits),
        PIPELINE_CASE(an_empty_page_has_its_end),
        PIPELINE_CASE(names_are_those_of_the_families),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
