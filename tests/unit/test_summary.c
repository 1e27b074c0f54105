/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cells of three workers, and a window of ten seconds in five parts. Values come from a generator
 * with a fixed seed.
 */

#include "unit.h"

#include "aggregate/kind.h"
#include "aggregate/summary.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)
#define N_CELLS 3

static const struct buckets options = {
    .summary = { .quantiles = { 4, { 0, 0.5, 0.9, 1 } }, .max_age_ns = 10 * SECOND, .n_ages = 5 }
};
static _Atomic(struct cell *) cells[N_CELLS];
static uint64_t seed;

static int begin(void **state)
{
    seed = 7;
    for (unsigned i = 0; i < N_CELLS; i++)
        atomic_store(&cells[i], kind_new_cell(METRIC_SUMMARY, NULL, &options));
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < N_CELLS; i++)
        kind_free_cell(METRIC_SUMMARY, atomic_load(&cells[i]));
    return 0;
}

static uint64_t next_random(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed >> 11;
}

static double uniform(void)
{
    return ((double)(int64_t)next_random() + 0.5) * 0x1p-53;
}

static enum verdict try(unsigned worker, double value, double weight, int64_t at_ns)
{
    return summary_record((struct summary_cell *)atomic_load(&cells[worker]), value, weight, at_ns);
}

static void record(unsigned worker, double value, double at_s)
{
    assert_int_equal(try(worker, value, 1, (int64_t)(at_s * SECOND)), VERDICT_APPLIED);
}

static struct reading read_at(double at_s)
{
    struct reading reading = { .now_ns = (int64_t)(at_s * SECOND) };

    summary_read(cells, N_CELLS, &options, &reading);
    return reading;
}

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1.0000001 * DDSKETCH_ACCURACY * fabs(expected)))
        fail_msg("%.17g instead of %.17g", value, expected);
}

/* The least and largest in the window. */
static void assert_extremes(double at_s, double least, double largest)
{
    struct reading reading = read_at(at_s);

    assert_near(reading.quantiles[0], least);
    assert_near(reading.quantiles[3], largest);
}

static void assert_empty(double at_s)
{
    struct reading reading = read_at(at_s);

    for (unsigned i = 0; i < options.summary.quantiles.n; i++)
        assert_true(isnan(reading.quantiles[i]));
}

/* --- quantiles -------------------------------------------------------------------------- */

static void quantiles_of_nothing_are_no_numbers(void **state)
{
    assert_empty(0);
    assert_int_equal(read_at(0).count, 0);
    assert_true(read_at(0).sum == 0);
}

static void cells_that_do_not_exist_add_nothing(void **state)
{
    _Atomic(struct cell *) none[N_CELLS] = { NULL };
    struct reading reading = { 0 };

    summary_read(none, N_CELLS, &options, &reading);
    assert_int_equal(reading.count, 0);
    assert_true(isnan(reading.quantiles[1]));
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Of values of both signs, and zeros, merged over all workers. */
static void quantiles_are_those_of_all_values_within_the_error(void **state)
{
    static double values[30001];
    struct reading reading;
    double sum = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        values[i] = i % 10 == 0 ? 0 : exp(4 * uniform()) * (i % 3 ? 1 : -1);
        record(i % N_CELLS, values[i], 8 * uniform());
        sum += values[i];
    }
    qsort(values, ARRAY_SIZE(values), sizeof(values[0]), compare);
    reading = read_at(8);
    for (unsigned i = 0; i < options.summary.quantiles.n; i++)
        assert_near(reading.quantiles[i],
                    values[(size_t)(options.summary.quantiles.at[i] * (ARRAY_SIZE(values) - 1))]);
    assert_int_equal(reading.count, ARRAY_SIZE(values));
    assert_true(fabs(reading.sum - sum) < 1e-6);
    assert_true(reading.has_negative);
}

static void values_without_a_normal_exponent_count_as_zero(void **state)
{
    record(0, 0, 0);
    record(0, -0.0, 0);
    record(0, 0x1p-1023, 0);
    record(0, -0x1p-1060, 0);
    assert_true(read_at(0).quantiles[0] == 0 && read_at(0).quantiles[3] == 0);
    assert_int_equal(read_at(0).count, 4);
    assert_false(read_at(0).has_negative);
}

static void the_largest_values_have_a_bin(void **state)
{
    record(0, DBL_MAX, 0);
    record(1, -DBL_MAX, 0);
    assert_near(read_at(0).quantiles[0], -DBL_MAX);
    assert_near(read_at(0).quantiles[3], DBL_MAX);
}

/* --- the window ------------------------------------------------------------------------- */

static void an_observation_counts_for_the_whole_window_less_a_part(void **state)
{
    record(0, 1, 1);
    assert_near(read_at(1).quantiles[1], 1);
    assert_near(read_at(9.9).quantiles[1], 1);
    assert_empty(10);
    assert_empty(1e9);
}

static void a_later_sample_takes_older_ones_out_of_the_window(void **state)
{
    for (unsigned second = 0; second < 100; second++) {
        record(0, 1 + second, second);
        /* The current part, and the four before it. */
        assert_extremes(second, second < 10 ? 1 : 1 + (second / 2 - 4) * 2, 1 + second);
    }
    assert_int_equal(read_at(99).count, 100);
    assert_true(read_at(99).sum == 5050);
}

static void sum_and_count_never_shrink(void **state)
{
    record(0, 2, 0);
    record(1, 3, 50);
    assert_int_equal(read_at(1e6).count, 2);
    assert_true(read_at(1e6).sum == 5);
}

static void samples_of_another_worker_move_the_window_too(void **state)
{
    record(0, 1, 0);
    record(1, 5, 20);
    assert_extremes(0, 5, 5);
}

static void an_older_sample_counts_as_the_newest(void **state)
{
    record(0, 1, 50);
    record(0, 3, 5);
    assert_extremes(50, 1, 3);
    assert_extremes(59, 1, 3);
    assert_empty(60);
}

static void a_window_that_was_silent_begins_anew(void **state)
{
    for (unsigned i = 0; i < 5; i++)
        record(0, i % 2 ? -1 - i : 1 + i, 2 * i);
    record(0, 7, 1000);
    assert_extremes(1000, 7, 7);
    record(0, 0, 2000);
    assert_extremes(2000, 0, 0);
}

/* --- sums and weights ------------------------------------------------------------------- */

static void a_weight_counts_so_many_times(void **state)
{
    assert_int_equal(try(0, 4, 10, 0), VERDICT_APPLIED);
    assert_int_equal(try(0, 1, 1, 0), VERDICT_APPLIED);
    assert_int_equal(read_at(0).count, 11);
    assert_true(read_at(0).sum == 41);
    assert_near(read_at(0).quantiles[0], 1);
    assert_near(read_at(0).quantiles[1], 4);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(try(1, 2, 1.25, 0), VERDICT_APPLIED);
    assert_int_equal(read_at(0).count, 23);
}

static void counts_as_many_as_any_weight_says(void **state)
{
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(try(0, i < 12 ? 1 : 1000, 1e9, 0), VERDICT_APPLIED);
    assert_true(read_at(0).count == UINT64_C(20000000000));
    assert_near(read_at(0).quantiles[1], 1);
    assert_near(read_at(0).quantiles[2], 1000);
}

static void a_sum_that_would_overflow_refuses_the_value_and_changes_nothing(void **state)
{
    assert_int_equal(try(0, DBL_MAX, 1, 0), VERDICT_APPLIED);
    assert_int_equal(try(0, DBL_MAX, 1, 0), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(try(0, 1e308, 1e9, 0), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(read_at(0).count, 1);
    assert_true(read_at(0).sum == DBL_MAX);
}

/* --- memory ----------------------------------------------------------------------------- */

static size_t bytes_of(const struct summary_cell *summary)
{
    size_t size = sizeof(*summary) + 5 * sizeof(struct summary_age);

    for (unsigned i = 0; i < 2; i++) {
        const struct ddsketch *sketch = atomic_load(&summary->sketches[i]);

        if (sketch)
            size += sizeof(*sketch) + (size_t)5 * sketch->n_bins * (sketch->is_wide ? 8 : 4);
    }
    return size;
}

static void a_cell_never_takes_more_than_is_counted(void **state)
{
    size_t most = kind_cell_size(METRIC_SUMMARY, &options);
    const struct summary_cell *summary = (struct summary_cell *)atomic_load(&cells[0]);

    assert_in_range(most, 20 << 10, 21 << 10);
    for (unsigned i = 0; i < 3000; i++) {
        double value = exp(1300 * uniform() - 650);

        assert_int_equal(
            try(0, i > 1000 && i % 2 ? -value : value, 1 + 1e9 * uniform(), (int64_t)i * 100000000),
            VERDICT_APPLIED);
        assert_true(bytes_of(summary) <= most);
    }
}

static void a_cell_is_small_at_first(void **state)
{
    record(0, 0.1, 0);
    assert_true(bytes_of((struct summary_cell *)atomic_load(&cells[0])) < 640);
}

/* Both signs have half of the memory, and what was counted is still there. */
static void the_second_sign_shrinks_the_first(void **state)
{
    for (double value = 1; value < DDSKETCH_SPAN; value *= 1.01)
        record(0, value, 0);
    record(0, -1, 0);
    assert_extremes(0, -1, DDSKETCH_SPAN);
    assert_int_equal(read_at(0).count, 1852 + 1);
}

/* --- threads ---------------------------------------------------------------------------- */

static _Atomic bool is_done;

static void *write_all(void *ctx)
{
    for (unsigned i = 0; i < 60000; i++)
        record(0, exp(20.0 * (i % 1000) / 1000), i / 1000.0);
    atomic_store(&is_done, true);
    return NULL;
}

static void a_reader_sees_whole_samples_while_bins_move_and_parts_end(void **state)
{
    uint64_t count = 0;
    pthread_t writer;

    atomic_store(&is_done, false);
    assert_int_equal(pthread_create(&writer, NULL, write_all, NULL), 0);
    while (!atomic_load(&is_done)) {
        struct reading reading = read_at(0);

        assert_true(reading.count >= count);
        assert_true(reading.sum >= (double)reading.count);
        if (reading.count)
            assert_true(reading.quantiles[0] > 0.98 && reading.quantiles[3] < exp(20) * 1.011);
        count = reading.count;
    }
    pthread_join(writer, NULL);
    assert_int_equal(read_at(60).count, 60000);
}

#define SUMMARY_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SUMMARY_CASE(quantiles_of_nothing_are_no_numbers),
        SUMMARY_CASE(cells_that_do_not_exist_add_nothing),
        SUMMARY_CASE(quantiles_are_those_of_all_values_within_the_error),
        SUMMARY_CASE(values_without_a_normal_exponent_count_as_zero),
        SUMMARY_CASE(the_largest_values_have_a_bin),
        SUMMARY_CASE(an_observation_counts_for_the_whole_window_less_a_part),
        SUMMARY_CASE(a_later_sample_takes_older_ones_out_of_the_window),
        SUMMARY_CASE(sum_and_count_never_shrink),
        SUMMARY_CASE(samples_of_another_worker_move_the_window_too),
        SUMMARY_CASE(an_older_sample_counts_as_the_newest),
        SUMMARY_CASE(a_window_that_was_silent_begins_anew),
        SUMMARY_CASE(a_weight_counts_so_many_times),
        SUMMARY_CASE(counts_as_many_as_any_weight_says),
        SUMMARY_CASE(a_sum_that_would_overflow_refuses_the_value_and_changes_nothing),
        SUMMARY_CASE(a_cell_never_takes_more_than_is_counted),
        SUMMARY_CASE(a_cell_is_small_at_first),
        SUMMARY_CASE(the_second_sign_shrinks_the_first),
        SUMMARY_CASE(a_reader_sees_whole_samples_while_bins_move_and_parts_end),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
