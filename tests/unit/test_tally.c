/* SPDX-License-Identifier: Apache-2.0 */

/* Tally, from its header; pages are given as text */

#include "unit.h"

#include "tools/bench/tally.h"

#include <string.h>

static struct tally read_page(const char *text)
{
    struct slice page = slice_of(text);
    struct tally tally = { 0 };

    while (page.len > 0)
        tally_add_line(&tally, "bench", slice_cut(&page, '\n'));
    return tally;
}

static void sums_up_its_own_families(void **state)
{
    const struct tally tally = read_page("# HELP bench_c_0 sent as \"bench_c_0\" 5\n"
                                         "# TYPE bench_c_0 counter\n"
                                         "bench_c_0{series=\"1\"} 5\n"
                                         "bench_c_0{series=\"2 }{\"} 1e3\n"
                                         "bench_c_17 2.5\n"
                                         "bench_g_0{series=\"1\"} 7\n"
                                         "bench_s_0{series=\"1\"} 3\n"
                                         "bench_ms_0_bucket{series=\"1\",le=\"+Inf\"} 2\n"
                                         "bench_ms_0_sum{series=\"1\"} 0.375\n"
                                         "bench_ms_0_count{series=\"1\"} 2\n"
                                         "bench_ms_1x_sum 4\n"
                                         "bench_ms_1x_count 1\n");

    assert_true(tally.types[SAMPLE_COUNTER].sum == 1007.5);
    assert_true(tally.types[SAMPLE_COUNTER].n_series == 3);
    assert_true(tally.types[SAMPLE_GAUGE].sum == 7);
    assert_true(tally.types[SAMPLE_SET].sum == 3);
    assert_true(tally.types[SAMPLE_TIMER].sum == 4.375);
    assert_true(tally.types[SAMPLE_TIMER].n_samples == 3);
    assert_true(tally.types[SAMPLE_TIMER].n_series == 2);
    assert_false(tally.is_udometers);
}

static void passes_over_what_is_not_its_own(void **state)
{
    const struct tally nothing = { 0 };
    const struct tally tally = read_page("\nbench\nbench 1\nbench_ 1\nbench_c 1\nbench_c_ 1\n"
                                         "bench_c_x 1\nbench_x_0 1\nbench2_c_0 1\nbenchc_0 1\n"
                                         "bench_bench_c_0 1\nother_c_0 1\nbench_c_0\n"
                                         "bench_c_0 NaN\nbench_c_0 \n#bench_c_0 1\n"
                                         "bench_ms_0 1\nudometer_build_info 1\n");

    assert_memory_equal(&tally, &nothing, sizeof(tally));
}

static void sums_up_what_udometer_says(void **state)
{
    const struct tally tally =
        read_page("udometer_datagrams_total 10\nudometer_lines_total 200\n"
                  "udometer_refused_total{reason=\"a\"} 1\nudometer_refused_total{reason=\"b\"} 2\n"
                  "udometer_kernel_drops_total{worker=\"0\"} 3\n"
                  "udometer_kernel_drops_total{worker=\"1\"} 4\n");

    assert_true(tally.is_udometers);
    assert_true(tally.n_datagrams == 10);
    assert_true(tally.n_lines == 200);
    assert_true(tally.n_refused == 3);
    assert_true(tally.n_kernel_drops == 7);
}

/* --- comparing ------------------------------------------------------------------------ */

static const struct workload_totals sent = {
    .n_datagrams = 10,
    .n_lines = 30,
    .types = { [SAMPLE_COUNTER] = { 12, 3, 40 },
               [SAMPLE_GAUGE] = { 10, 2, 300 },
               [SAMPLE_TIMER] = { 8, 2, 1.25 } },
};

/* What the check of this name has found; -1: it does not exist. */
static double found(const struct comparison *comparison, const char *subject, const char *quantity)
{
    for (unsigned i = 0; i < comparison->n_checks; i++)
        if (strcmp(comparison->checks[i].subject, subject) == 0 &&
            strcmp(comparison->checks[i].quantity, quantity) == 0)
            return comparison->checks[i].found;
    return -1;
}

static const char all_of_it[] =
    "bench_c_0{a=\"1\"} 30\nbench_c_0{a=\"2\"} 5\nbench_c_0{a=\"3\"} 5\n"
    "bench_g_0{a=\"1\"} 100\nbench_g_0{a=\"2\"} 200\n"
    "bench_ms_0_sum{a=\"1\"} 1\nbench_ms_0_count{a=\"1\"} 7\n"
    "bench_ms_0_sum{a=\"2\"} 0.25\nbench_ms_0_count{a=\"2\"} 1\n"
    "udometer_datagrams_total 10\nudometer_lines_total 30\n";

static void agrees_when_all_is_there(void **state)
{
    const struct tally before = { 0 }, after = read_page(all_of_it);
    struct comparison comparison;

    tally_compare(&before, &after, &sent, true, &comparison);
    assert_true(comparison.agrees);
    assert_true(comparison_is_complete(&comparison));
    assert_int_equal(comparison.n_checks, 10);
    assert_true(comparison.n_lost_datagrams == 0);
    assert_true(comparison.n_lost_lines == 0);
}

static void each_number_matters(void **state)
{
    static const char *const more[] = {
        "bench_c_0{a=\"3\"} 1\n",          "bench_c_0{a=\"4\"} 0\n",
        "bench_g_0{a=\"1\"} 1\n",          "bench_g_0{a=\"3\"} 0\n",
        "bench_ms_0_sum{a=\"1\"} 0.125\n", "bench_ms_0_count{a=\"1\"} 0\n",
        "udometer_datagrams_total 1\n",    "udometer_lines_total 1\n",
        "udometer_refused_total 1\n",
    };
    const struct tally before = { 0 };
    struct comparison comparison;

    for (unsigned i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        struct tally after = read_page(all_of_it);

        tally_add_line(&after, "bench", (struct slice){ more[i], strlen(more[i]) - 1 });
        tally_compare(&before, &after, &sent, true, &comparison);
        assert_false(comparison.agrees);
    }
}

static void compares_what_grew_with_what_was_before(void **state)
{
    const struct tally before = read_page(all_of_it);
    struct tally after = before;
    struct comparison comparison;

    after.n_datagrams = 18;
    after.n_lines = 54;
    after.n_kernel_drops = 2;
    after.types[SAMPLE_COUNTER].sum += 40;
    tally_compare(&before, &after, &sent, true, &comparison);
    assert_false(comparison.agrees);
    assert_true(comparison.n_lost_datagrams == 2);
    assert_true(comparison.n_lost_lines == 6);
    assert_true(comparison_is_complete(&comparison));
    assert_true(found(&comparison, "counter", "sum") == 40);
    assert_true(found(&comparison, "timer", "sum") == 0);
    assert_true(found(&comparison, "counter", "series") == -1);
    assert_true(found(&comparison, "gauge", "series") == -1);
    assert_true(found(&comparison, "gauge", "sum of last values") == -1);
    after.n_kernel_drops = 1;
    tally_compare(&before, &after, &sent, true, &comparison);
    assert_false(comparison_is_complete(&comparison));
}

static void gauges_of_several_flows_have_no_order(void **state)
{
    const struct tally before = { 0 };
    struct tally after = read_page(all_of_it);
    struct comparison comparison;

    after.types[SAMPLE_GAUGE].sum = 1;
    tally_compare(&before, &after, &sent, false, &comparison);
    assert_true(comparison.agrees);
    assert_true(found(&comparison, "gauge", "sum of last values") == -1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(sums_up_its_own_families),
        CASE(passes_over_what_is_not_its_own),
        CASE(sums_up_what_udometer_says),
        CASE(agrees_when_all_is_there),
        CASE(each_number_matters),
        CASE(compares_what_grew_with_what_was_before),
        CASE(gauges_of_several_flows_have_no_order),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
