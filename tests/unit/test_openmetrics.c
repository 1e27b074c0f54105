/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenMetrics, from its specification
 *
 * The series come from a pipeline; the system tests have a parser of others read whole pages.
 */

#include "push.h"

#include "output/openmetrics.h"

/* A page of all series by @writer, as a string that the caller frees. */
static struct buffer page_by(const struct exposition_writer *writer)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    struct snapshot *snapshot = registry_snapshot(registry);
    struct buffer out = { 0 };

    assert_int_equal(exposition_new(&exposition, writer, snapshot, NULL), 0);
    snapshot_unref(snapshot);
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    return out;
}

static struct buffer page(void)
{
    return page_by(&openmetrics_writer);
}

static void assert_page(const char *lines, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push(lines);
    out = page();
    assert_string_equal(out.data, expected);
}

static void an_empty_page_has_its_end(void **state)
{
    assert_page("", "# EOF\n");
}

static void a_counter_family_has_the_name_without_total(void **state)
{
    assert_page("a_total:3|c\na_total:2|c|#x:1", "# TYPE a counter\n"
                                                 "# HELP a Sent as a_total.\n"
                                                 "a_total 3\n"
                                                 "a_total{x=\"1\"} 2\n"
                                                 "# EOF\n");
}

static void a_counter_without_total_gets_it(void **state)
{
    assert_page("a:3|c\n_total:1|c", "# TYPE _total counter\n"
                                     "# HELP _total Sent as _total.\n"
                                     "_total_total 1\n"
                                     "# TYPE a counter\n"
                                     "# HELP a Sent as a.\n"
                                     "a_total 3\n"
                                     "# EOF\n");
}

static void gauges_and_sets_keep_their_names(void **state)
{
    assert_page("a_total:3|g\nb:x|s\nb:y|s", "# TYPE a_total gauge\n"
                                             "# HELP a_total Sent as a_total.\n"
                                             "a_total 3\n"
                                             "# TYPE b gauge\n"
                                             "# HELP b Sent as b.\n"
                                             "b 2\n"
                                             "# EOF\n");
}

static void bounds_are_canonical_numbers(void **state)
{
    assert_page("d:0.7|h|#x:1", "# TYPE d histogram\n"
                                "# HELP d Sent as d.\n"
                                "d_bucket{x=\"1\",le=\"0.005\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.01\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.025\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.05\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.1\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.25\"} 0\n"
                                "d_bucket{x=\"1\",le=\"0.5\"} 0\n"
                                "d_bucket{x=\"1\",le=\"1.0\"} 1\n"
                                "d_bucket{x=\"1\",le=\"2.5\"} 1\n"
                                "d_bucket{x=\"1\",le=\"5.0\"} 1\n"
                                "d_bucket{x=\"1\",le=\"10.0\"} 1\n"
                                "d_bucket{x=\"1\",le=\"+Inf\"} 1\n"
                                "d_sum{x=\"1\"} 0.7\n"
                                "d_count{x=\"1\"} 1\n"
                                "# EOF\n");
}

static void a_sum_below_zero_is_left_out_with_the_count(void **state)
{
    assert_page("d:-0.5|h", "# TYPE d histogram\n"
                            "# HELP d Sent as d.\n"
                            "d_bucket{le=\"0.005\"} 1\n"
                            "d_bucket{le=\"0.01\"} 1\n"
                            "d_bucket{le=\"0.025\"} 1\n"
                            "d_bucket{le=\"0.05\"} 1\n"
                            "d_bucket{le=\"0.1\"} 1\n"
                            "d_bucket{le=\"0.25\"} 1\n"
                            "d_bucket{le=\"0.5\"} 1\n"
                            "d_bucket{le=\"1.0\"} 1\n"
                            "d_bucket{le=\"2.5\"} 1\n"
                            "d_bucket{le=\"5.0\"} 1\n"
                            "d_bucket{le=\"10.0\"} 1\n"
                            "d_bucket{le=\"+Inf\"} 1\n"
                            "# EOF\n");
}

static void large_counters_are_exact(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:9007199254740992|c\na:1|c");
    out = page();
    assert_non_null(strstr(out.data, "\na_total 9007199254740993\n"));
}

static void set_starts(int64_t started_ms)
{
    struct snapshot *snapshot = registry_snapshot(registry);

    for (size_t i = 0; i < snapshot->n_series; i++)
        snapshot->series[i]->started_ms = started_ms;
    snapshot_unref(snapshot);
}

static void starts_are_samples_if_they_are_wanted(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:3|c|#x:1\nb:9007199254740992|c\nc:1|g\nd:-1|h\ne:x|s\nf:1|h");
    set_starts(1520430000123);
    out = page_by(&openmetrics_created_writer);
    assert_non_null(strstr(out.data, "\na_total{x=\"1\"} 3\na_created{x=\"1\"} 1520430000.123\n#"));
    assert_non_null(strstr(out.data, "\nb_total 9007199254740992\nb_created 1520430000.123\n#"));
    assert_non_null(strstr(out.data, "\nc 1\n#"));
    assert_non_null(strstr(out.data, "\nd_bucket{le=\"+Inf\"} 1\nd_created 1520430000.123\n#"));
    assert_non_null(strstr(out.data, "\ne 1\n#"));
    assert_non_null(strstr(out.data, "\nf_count 1\nf_created 1520430000.123\n#"));
}

/* Neither a name that another family has, nor of a counter that had to keep its own. */
static void a_start_takes_no_name_of_another(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:3|c\na_total:1|g\nh:1|h\nh_created:5|g");
    set_starts(1520430000123);
    out = page_by(&openmetrics_created_writer);
    assert_null(strstr(out.data, "1520430000"));
    assert_non_null(strstr(out.data, "\nh_created 5\n"));
}

static void a_start_that_is_unknown_is_left_out(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:3|c");
    out = page_by(&openmetrics_created_writer);
    assert_string_equal(out.data, "# TYPE a counter\n# HELP a Sent as a.\na_total 3\n# EOF\n");
}

static void label_values_stay_escaped(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|g|#x:q\"");
    out = page();
    assert_non_null(strstr(out.data, "\na{x=\"q\\\"\"} 1\n"));
}

/* --- names that two families would have --------------------------------------------------- */

/* Each counter that must keep its name, and which other lines make it so. */
static const struct {
    const char *lines, *counter;
} clashes[] = {
    { "a:1|g\na_total:1|c", "a_total" },
    { "a:1|c\na_total:1|c", "a" },
    { "a:1|c\na_total:1|c", "a_total" },
    { "a:1|c\na_total:1|g", "a" },
    { "a:1|c\na_created:1|g", "a" },
    { "a_total:1|c\na_created:1|g", "a_total" },
    { "a:1|h\na_total:1|c", "a_total" },
    { "a:1|h\na_count_total:1|c", "a_count_total" },
    { "a:1|h\na_sum_total:1|c", "a_sum_total" },
    { "a:1|h\na_bucket_total:1|c", "a_bucket_total" },
    { "a:1|h\na_created:1|c", "a_created" },
    { "a:1|c\na_created:1|c", "a_created" },
    { "a_total:1|c\na_created:1|c", "a_created" },
    { "a_total:1|c\na_created_total:1|c", "a_created_total" },
    { "a_total:1|c\na_created_total:1|c", "a_total" },
    { "a:1|c\na_created_total:1|c", "a" },
};

static void assert_unknown(const char *page, const char *name)
{
    char wanted[256];

    snprintf(wanted, sizeof(wanted), "# TYPE %s unknown\n# HELP %s Sent as %s.\n%s 1\n", name, name,
             name, name);
    if (!strstr(page, wanted))
        fail_msg("no %sin %s", wanted, page);
}

static void a_counter_keeps_its_name_if_another_family_has_the_new_one(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(clashes); i++) {
        CLEANUP(buffer_deinit) struct buffer out = { 0 };

        push(clashes[i].lines);
        out = page();
        assert_unknown(out.data, clashes[i].counter);
        assert_int_equal(end(state), 0);
        assert_int_equal(begin(state), 0);
    }
}

static void names_that_only_look_alike_change_nothing(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c\na_totals:1|g\na_count:1|c\na_x_total:1|c\na_x_created_at:1|g\nb_created:1|c\nb:1|"
         "g");
    out = page();
    assert_null(strstr(out.data, "unknown"));
    assert_non_null(strstr(out.data, "\na_total 1\n"));
    assert_non_null(strstr(out.data, "\na_count_total 1\n"));
    assert_non_null(strstr(out.data, "\nb_created_total 1\n"));
}

/* --- metadata ------------------------------------------------------------------------------- */

static void assert_metadata(const struct exposition_family *family, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    void *format = calloc(1, openmetrics_writer.state_size);

    assert_non_null(format);
    openmetrics_writer.family(format, &out, family);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
    free(format);
}

static void help_escapes_quotes_too(void **state)
{
    assert_metadata(&(struct exposition_family){ .name = SLICE("a"),
                                                 .type = METRIC_GAUGE,
                                                 .help = SLICE("a\\b\n\"c\"") },
                    "# TYPE a gauge\n# HELP a a\\\\b\\n\\\"c\\\"\n");
}

static void a_unit_is_said_of_a_name_that_ends_in_it(void **state)
{
    static const struct {
        const char *name, *unit;
        bool has_unit;
    } cases[] = {
        { "a_seconds", "seconds", true }, { "a", "seconds", false },
        { "aseconds", "seconds", false }, { "seconds", "seconds", false },
        { "_seconds", "seconds", false }, { "a_seconds", "", false },
        { "a_b_c", "b_c", true },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer out = { 0 };
        const struct exposition_family family = { .name = slice_of(cases[i].name),
                                                  .type = METRIC_GAUGE,
                                                  .unit = slice_of(cases[i].unit) };
        void *format = calloc(1, openmetrics_writer.state_size);

        assert_non_null(format);
        openmetrics_writer.family(format, &out, &family);
        buffer_add_char(&out, '\0');
        assert_int_equal(strstr(out.data, "# UNIT ") != NULL, cases[i].has_unit);
        free(format);
    }
    assert_metadata(&(struct exposition_family){ .name = SLICE("a_seconds_total"),
                                                 .type = METRIC_COUNTER,
                                                 .help = SLICE("Of a."),
                                                 .unit = SLICE("seconds") },
                    "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Of a.\n");
}

static void assert_summary(const double *values, bool has_negative, const char *expected)
{
    static const double quantiles[] = { 0, 0.5, 1 };
    const struct exposition_family family = { .name = SLICE("x"), .type = METRIC_SUMMARY };
    const struct exposition_summary summary = {
        .labels = SLICE("a=\"1\""),
        .n_quantiles = ARRAY_SIZE(quantiles),
        .quantiles = quantiles,
        .values = values,
        .sum = 12.5,
        .count = 3,
        .has_negative = has_negative,
    };
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    void *format = calloc(1, openmetrics_writer.state_size);

    assert_non_null(format);
    openmetrics_writer.family(format, &out, &family);
    openmetrics_writer.summary(format, &out, &family, &summary);
    free(format);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void quantiles_are_canonical_numbers(void **state)
{
    assert_summary((const double[]){ 0, 1.5, (double)NAN }, false,
                   "# TYPE x summary\n# HELP x \n"
                   "x{a=\"1\",quantile=\"0.0\"} 0\n"
                   "x{a=\"1\",quantile=\"0.5\"} 1.5\n"
                   "x{a=\"1\",quantile=\"1.0\"} NaN\n"
                   "x_sum{a=\"1\"} 12.5\nx_count{a=\"1\"} 3\n");
}

static void a_summary_shows_nothing_below_zero(void **state)
{
    assert_summary((const double[]){ -2, -1, 1.5 }, true,
                   "# TYPE x summary\n# HELP x \nx{a=\"1\",quantile=\"1.0\"} 1.5\n");
}

#define OPENMETRICS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        OPENMETRICS_CASE(an_empty_page_has_its_end),
        OPENMETRICS_CASE(a_counter_family_has_the_name_without_total),
        OPENMETRICS_CASE(a_counter_without_total_gets_it),
        OPENMETRICS_CASE(gauges_and_sets_keep_their_names),
        OPENMETRICS_CASE(bounds_are_canonical_numbers),
        OPENMETRICS_CASE(a_sum_below_zero_is_left_out_with_the_count),
        OPENMETRICS_CASE(large_counters_are_exact),
        OPENMETRICS_CASE(starts_are_samples_if_they_are_wanted),
        OPENMETRICS_CASE(a_start_takes_no_name_of_another),
        OPENMETRICS_CASE(a_start_that_is_unknown_is_left_out),
        OPENMETRICS_CASE(label_values_stay_escaped),
        OPENMETRICS_CASE(a_counter_keeps_its_name_if_another_family_has_the_new_one),
        OPENMETRICS_CASE(names_that_only_look_alike_change_nothing),
        CASE(help_escapes_quotes_too),
        CASE(a_unit_is_said_of_a_name_that_ends_in_it),
        CASE(quantiles_are_canonical_numbers),
        CASE(a_summary_shows_nothing_below_zero),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
