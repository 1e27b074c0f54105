/* SPDX-License-Identifier: Apache-2.0 */

#include "native_cells.h"

static void nothing_observed_has_no_spans(void **state)
{
    make_cells(3, 160, 0.5);
    read_cells();
    assert_int_equal(native.buckets.schema, 3);
    assert_true(native.buckets.zero_threshold == 0.5);
    assert_int_equal(native.buckets.zero_count, 0);
    assert_int_equal(native.buckets.positive.n_spans, 0);
    assert_int_equal(native.buckets.negative.n_spans, 0);
    assert_true(reading.sum == 0);
}

static void gaps_up_to_two_buckets_are_closed_with_zeros(void **state)
{
    const struct native_side *side = &native.buckets.positive;

    make_cells(0, 160, 0);
    observe(0x1p-2);
    observe(0x1p-1);
    observe(0x1p2); /* 0 and 1 are between */
    observe(0x1p6); /* 3, 4 and 5 are between */
    observe(-0x1p5);
    read_cells();
    assert_int_equal(side->n_spans, 2);
    assert_int_equal(side->spans[0].offset, -2);
    assert_int_equal(side->spans[0].length, 5);
    assert_int_equal(side->spans[1].offset, 3);
    assert_int_equal(side->spans[1].length, 1);
    assert_int_equal(side->n_counts, 6);
    assert_memory_equal(side->counts, ((uint64_t[]){ 1, 1, 0, 0, 1, 1 }), 6 * sizeof(uint64_t));
    assert_int_equal(native.buckets.negative.n_spans, 1);
    assert_int_equal(native.buckets.negative.spans[0].offset, 5);
    assert_all_observed();
}

static void cells_of_several_workers_are_added(void **state)
{
    make_cells(3, 160, NATIVE_ZERO_THRESHOLD);
    observe_in(0, 5, 2);
    observe_in(1, 5, 3);
    observe_in(2, 6, 4);
    observe_in(1, 0, 1);
    read_cells();
    assert_all_observed();
    assert_true(reading.sum == 5 * 5 + 6 * 4);
}

/* One cell has halved its resolution, the other has not; whichever is read first. */
static void the_lowest_schema_of_the_cells_is_that_of_all(void **state)
{
    for (unsigned wide = 0; wide < 2; wide++) {
        make_cells(8, 20, NATIVE_ZERO_THRESHOLD);
        for (int i = 0; i < 60; i++)
            observe_in(wide, ldexp(1, i), 1);
        for (int i = 0; i < 5; i++)
            observe_in(1 - wide, 1 + i * 0.01, 1);
        read_cells();
        assert_int_equal(native.buckets.schema, -2);
        assert_all_observed();
    }
}

/* Each cell is within the limit, but not all of them together. */
static void the_limit_is_that_of_the_series(void **state)
{
    make_cells(8, 20, NATIVE_ZERO_THRESHOLD);
    for (unsigned i = 0; i < CELLS; i++)
        for (unsigned j = 0; j < 20; j++)
            observe_in(i, exp2((i * 20 + j + 0.5) / 256), 1);
    read_cells();
    assert_int_equal(native.buckets.schema, 6);
    assert_int_equal(n_populated(), 15);
    assert_all_observed();
}

/* What a reader gets equals what one cell with all observations would give. */
static void any_values_in_any_cells_are_merged(void **state)
{
    uint64_t seed = 7;

    for (unsigned round = 0; round < 20; round++) {
        int schema = 8;

        make_cells(schema, 1 + round * 8, round % 3 ? NATIVE_ZERO_THRESHOLD : 1);
        for (unsigned i = 0; i < 200; i++) {
            observe_in((unsigned)(seed >> 20) % CELLS, any_value(&seed), 1 + i % 3);
            read_cells();
            assert_true(native.buckets.schema <= schema);
            schema = native.buckets.schema;
            assert_true(n_populated() <= native_buckets->native.max_buckets ||
                        schema == NATIVE_SCHEMA_MIN);
        }
        assert_all_observed();
    }
}

static void without_classic_bounds_one_bucket_has_all(void **state)
{
    _Atomic(struct cell *) alone[1];
    struct buckets *none;
    struct cell *cell;

    assert_int_equal(buckets_new(&none, NULL, 0), 0);
    none->native = (struct native_options){ 3, 160, 0 };
    cell = kind_new_cell(METRIC_HISTOGRAM, NULL, none);
    assert_int_equal(histogram_record((struct histogram_cell *)cell, 3, 2), VERDICT_APPLIED);
    atomic_init(&alone[0], cell);
    assert_true(histogram_read_native(alone, 1, none, &reading, &native));
    assert_int_equal(reading.counts[0], 2);
    assert_int_equal(native_total(), 2);
    kind_free_cell(METRIC_HISTOGRAM, cell);
    buckets_free(none);
}

/* Formats without native histograms need no memory for them. */
static void classic_buckets_can_be_read_alone(void **state)
{
    make_cells(3, 160, 0);
    observe_in(0, 0.5, 2);
    observe_in(2, 100, 1);
    histogram_read(cells, CELLS, native_buckets, &reading);
    assert_int_equal(reading.counts[2], 2);
    assert_int_equal(reading.counts[4], 1);
    assert_true(reading.sum == 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_observed_has_no_spans),
        CASE(gaps_up_to_two_buckets_are_closed_with_zeros),
        CASE(cells_of_several_workers_are_added),
        CASE(the_lowest_schema_of_the_cells_is_that_of_all),
        CASE(the_limit_is_that_of_the_series),
        CASE(any_values_in_any_cells_are_merged),
        CASE(without_classic_bounds_one_bucket_has_all),
        CASE(classic_buckets_can_be_read_alone),
    };

    return cmocka_run_group_tests(tests, NULL, free_cells);
}
