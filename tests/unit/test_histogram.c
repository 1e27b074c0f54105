/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/histogram.h"
#include "aggregate/kind.h"

#include <float.h>
#include <math.h>
#include <pthread.h>

static struct buckets *buckets; /* up to -1, 0, 1, 10 */
static struct histogram_cell *cell;

/* What the cell reads, and all its counts. */
struct contents {
    double sum;
    uint64_t counts[BUCKETS_MAX + 1];
    uint64_t count;
};

static struct contents read_cell(void)
{
    _Atomic(struct cell *) cells[] = { &cell->cell };
    struct contents contents = { 0 };
    struct reading reading;

    histogram_read(cells, 1, buckets, &reading);
    contents.sum = reading.sum;
    for (unsigned i = 0; i <= buckets->n; i++) {
        contents.counts[i] = reading.counts[i];
        contents.count += reading.counts[i];
    }
    return contents;
}

static void record(double value, double weight)
{
    assert_int_equal(histogram_record(cell, value, weight), VERDICT_APPLIED);
}

/* Record @value once; it must be in bucket @index, and in no other. */
static void assert_bucket(double value, unsigned index)
{
    struct contents before = read_cell(), after;

    record(value, 1);
    after = read_cell();
    for (unsigned i = 0; i <= buckets->n; i++)
        assert_int_equal(after.counts[i] - before.counts[i], i == index);
}

static void is_empty_at_first(void **state)
{
    struct contents contents = read_cell();

    assert_int_equal(contents.count, 0);
    assert_true(contents.sum == 0);
}

static void counts_each_value_in_its_bucket(void **state)
{
    assert_bucket(-5, 0);
    assert_bucket(-0.5, 1);
    assert_bucket(0.5, 2);
    assert_bucket(5, 3);
    assert_bucket(50, 4);
    assert_true(read_cell().sum == 50);
}

static void a_value_equal_to_a_bound_is_in_its_bucket(void **state)
{
    assert_bucket(-1, 0);
    assert_bucket(0, 1);
    assert_bucket(-0.0, 1);
    assert_bucket(1, 2);
    assert_bucket(10, 3);
    assert_bucket(nextafter(10, 11), 4);
}

static void sums_negative_values_too(void **state)
{
    record(-3, 1);
    record(1, 1);
    assert_true(read_cell().sum == -2);
}

static void a_whole_weight_is_added_to_the_count(void **state)
{
    record(0.5, 10);
    assert_int_equal(read_cell().counts[2], 10);
    assert_true(read_cell().sum == 5);
}

static void one_at_rate_0_3_counts_3(void **state)
{
    record(2, 1 / 0.3);
    assert_int_equal(read_cell().count, 3);
    assert_true(read_cell().sum == 6);
}

static void one_at_rate_0_7_counts_1(void **state)
{
    record(2, 1 / 0.7);
    assert_int_equal(read_cell().count, 1);
    assert_true(read_cell().sum == 2);
}

static void a_thousand_at_rate_0_3_count_3333(void **state)
{
    struct contents contents;

    for (unsigned i = 0; i < 1000; i++)
        record(2, 1 / 0.3);
    contents = read_cell();
    assert_in_range(contents.count, 3332, 3334);
    assert_int_equal(contents.counts[3], contents.count);
    assert_true(contents.sum == 2 * (double)contents.count);
}

/* The doubles nearest to some rates are a little more, and so their weights a little less. */
static void fractions_that_make_a_whole_event_count_at_once(void **state)
{
    for (int percent = 1; percent <= 100; percent++) {
        uint64_t before = read_cell().count;

        for (int i = 0; i < percent; i++)
            record(2, 1 / (percent / 100.0));
        if (read_cell().count - before != 100)
            fail_msg("%d at %d %% count %d", percent, percent, (int)(read_cell().count - before));
    }
}

static void a_million_at_rate_0_3_count_3333333(void **state)
{
    for (unsigned i = 0; i < 1000000; i++)
        record(2, 1 / 0.3);
    assert_int_equal(read_cell().count, 3333333);
}

static void the_fraction_is_carried_over_to_another_weight(void **state)
{
    record(2, 1.5);
    record(0.5, 1.25);
    record(-0.5, 1.25); /* 4 in all: the carried parts are exactly one event */
    assert_int_equal(read_cell().count, 4);
    assert_int_equal(read_cell().counts[3], 1);
    assert_int_equal(read_cell().counts[2], 1);
    assert_int_equal(read_cell().counts[1], 2);
    assert_true(read_cell().sum == 2 + 0.5 - 1);
}

static void count_and_sum_are_right_on_average(void **state)
{
    static const double rates[] = { 0.9, 0.7, 0.3, 0.1, 0.01, 0.999 };
    double expected = 0;

    for (unsigned i = 0; i < 60000; i++) {
        record(1, 1 / rates[i % 6]);
        expected += 1 / rates[i % 6];
    }
    assert_true(fabs((double)read_cell().count - expected) <= 1);
    assert_true(read_cell().sum == (double)read_cell().count);
}

static void the_smallest_rate_takes_no_longer(void **state)
{
    record(1, 1e9);
    assert_int_equal(read_cell().count, 1000000000);
    assert_true(read_cell().sum == 1e9);
}

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    struct contents before, after;

    record(DBL_MAX, 1);
    before = read_cell();
    assert_int_equal(histogram_record(cell, DBL_MAX, 1), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(histogram_record(cell, 1e300, 1e9), REFUSED_VALUE_OVERFLOW);
    after = read_cell();
    assert_true(after.sum == before.sum);
    assert_memory_equal(after.counts, before.counts, sizeof(after.counts));
    record(-DBL_MAX, 1);
    assert_true(read_cell().sum == 0);
}

static void a_refused_one_leaves_no_fraction(void **state)
{
    record(DBL_MAX, 1.5); /* carries 0.5 */
    assert_int_equal(histogram_record(cell, DBL_MAX, 1.5), REFUSED_VALUE_OVERFLOW);
    record(-DBL_MAX, 1);
    record(0, 1.25); /* 0.75 is carried now, if the refused one carried nothing */
    assert_int_equal(read_cell().count, 3);
    record(0, 1.25);
    assert_int_equal(read_cell().count, 5);
}

static void a_reading_is_all_cells_and_nothing_else(void **state)
{
    _Atomic(struct cell *) cells[] = { &cell->cell, NULL, &cell->cell };
    struct reading reading = { .sum = 100, .counts = { 1, 2, 3, 4, 5 } };

    record(0.5, 2);
    histogram_read(cells, 3, buckets, &reading);
    assert_true(reading.sum == 2);
    assert_int_equal(reading.counts[0], 0);
    assert_int_equal(reading.counts[2], 4);
    assert_int_equal(reading.counts[4], 0);
}

#define OBSERVATIONS 2000000

static void *observe(void *ctx)
{
    for (unsigned i = 0; i < OBSERVATIONS; i++)
        record(1, 1);
    return NULL;
}

/*
 * Incrementing the bucket commits an observation, so the sum always includes all that is counted.
 */
static void a_reader_finds_in_the_sum_what_is_counted(void **state)
{
    struct contents contents;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, observe, NULL), 0);
    do {
        contents = read_cell();
        if (contents.sum < (double)contents.count)
            fail_msg("%lu are counted, but their sum is %g", contents.count, contents.sum);
    } while (contents.count < OBSERVATIONS);
    pthread_join(thread, NULL);
}

static int begin(void **state)
{
    cell = (struct histogram_cell *)kind_new_cell(METRIC_HISTOGRAM, NULL, buckets);
    return cell ? 0 : -1;
}

static int end(void **state)
{
    kind_free_cell(METRIC_HISTOGRAM, &cell->cell);
    return 0;
}

static int make_buckets(void **state)
{
    return buckets_new(&buckets, (const double[]){ -1, 0, 1, 10 }, 4);
}

static int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
}

#define CELL_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CELL_CASE(is_empty_at_first),
        CELL_CASE(counts_each_value_in_its_bucket),
        CELL_CASE(a_value_equal_to_a_bound_is_in_its_bucket),
        CELL_CASE(sums_negative_values_too),
        CELL_CASE(a_whole_weight_is_added_to_the_count),
        CELL_CASE(one_at_rate_0_3_counts_3),
        CELL_CASE(one_at_rate_0_7_counts_1),
        CELL_CASE(a_thousand_at_rate_0_3_count_3333),
        CELL_CASE(fractions_that_make_a_whole_event_count_at_once),
        CELL_CASE(a_million_at_rate_0_3_count_3333333),
        CELL_CASE(the_fraction_is_carried_over_to_another_weight),
        CELL_CASE(count_and_sum_are_right_on_average),
        CELL_CASE(the_smallest_rate_takes_no_longer),
        CELL_CASE(an_overflow_is_refused_and_changes_nothing),
        CELL_CASE(a_refused_one_leaves_no_fraction),
        CELL_CASE(a_reading_is_all_cells_and_nothing_else),
        CELL_CASE(a_reader_finds_in_the_sum_what_is_counted),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
