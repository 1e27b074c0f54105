/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/kind.h"
#include "aggregate/set.h"

static void a_histogram_has_room_for_each_bucket_and_one_more(void **state)
{
    size_t size = kind_cell_size(METRIC_HISTOGRAM, buckets);

    assert_int_equal(size, sizeof(struct histogram_cell) + 12 * sizeof(uint64_t));
}

static void a_new_one_is_all_zero_and_knows_its_series(void **state)
{
    struct series *series = (struct series *)&buckets; /* never read */
    struct cell *cell = kind_new_cell(METRIC_HISTOGRAM, series, buckets);
    struct histogram_cell *histogram = (struct histogram_cell *)cell;

    assert_ptr_equal(cell_series(cell), series);
    assert_null(cell->keys);
    assert_int_equal(atomic_load(&cell->touched_ns), 0);
    assert_false(cell_must_ask(cell));
    for (unsigned i = 0; i <= buckets->n; i++)
        assert_int_equal(atomic_load(&histogram->counts[i]), 0);
    kind_free_cell(METRIC_HISTOGRAM, cell);
}

static void a_counter_takes_no_more_than_its_struct(void **state)
{
    assert_int_equal(kind_cell_size(METRIC_COUNTER, NULL), sizeof(struct counter_cell));
}

/* Changes come with the first one; they are counted from the start. */
static void the_size_of_a_gauge_is_the_most_it_can_take(void **state)
{
    struct cell *cell = kind_new_cell(METRIC_GAUGE, NULL, NULL);
    struct gauge_cell *gauge = (struct gauge_cell *)cell;

    assert_non_null(cell);
    assert_int_equal(kind_cell_size(METRIC_GAUGE, NULL),
                     sizeof(struct gauge_cell) + GAUGE_CHANGES_MAX * sizeof(struct gauge_change));
    assert_null(atomic_load(&gauge->changes));
    kind_free_cell(METRIC_GAUGE, cell);
}

/* Its memory grows with the number of members, so the most that it can take counts. */
static void the_size_of_a_set_is_the_most_it_can_take(void **state)
{
    struct cell *cell = kind_new_cell(METRIC_SET, NULL, NULL);
    struct set_cell *set = (struct set_cell *)cell;

    assert_non_null(cell);
    assert_int_equal(kind_cell_size(METRIC_SET, NULL),
                     sizeof(struct set_cell) + DISTINCT_BYTES_MAX);
    assert_null(set->distinct.slots);
    kind_free_cell(METRIC_SET, cell);
}

/* LeakSanitizer shows that all of it is freed. */
static void a_set_that_has_counted_is_freed_with_what_it_holds(void **state)
{
    struct cell *cell = kind_new_cell(METRIC_SET, NULL, NULL);
    struct set_cell *set = (struct set_cell *)cell;

    assert_int_equal(pthread_mutex_lock(&set->lock), 0); /* it was reserved */
    for (uint64_t i = 1; i <= 2 * DISTINCT_EXACT_MAX; i++)
        assert_true(distinct_add(&set->distinct, i * 0x9e3779b97f4a7c15));
    assert_int_equal(pthread_mutex_unlock(&set->lock), 0);
    assert_true(set->distinct.is_estimate);
    kind_free_cell(METRIC_SET, cell);
}

static void a_histogram_claims_three_names_more(void **state)
{
    const struct slice *suffixes = kind_of(METRIC_HISTOGRAM)->suffixes;

    assert_slice_equal(suffixes[0], "_bucket");
    assert_slice_equal(suffixes[1], "_sum");
    assert_slice_equal(suffixes[2], "_count");
    assert_int_equal(kind_of(METRIC_COUNTER)->suffixes[0].len, 0);
}

/* No sender has the last of several senders' values. */
static void only_gauges_do_not_overflow(void **state)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        assert_int_equal(kind_of((enum metric_type)type)->can_overflow, type != METRIC_GAUGE);
}

static void free_accepts_null(void **state)
{
    for (enum metric_type type = 0; type < _METRIC_TYPE_N; type++)
        kind_free_cell(type, NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_histogram_has_room_for_each_bucket_and_one_more),
        CASE(a_new_one_is_all_zero_and_knows_its_series),
        CASE(a_counter_takes_no_more_than_its_struct),
        CASE(the_size_of_a_gauge_is_the_most_it_can_take),
        CASE(the_size_of_a_set_is_the_most_it_can_take),
        CASE(a_set_that_has_counted_is_freed_with_what_it_holds),
        CASE(a_histogram_claims_three_names_more),
        CASE(only_gauges_do_not_overflow),
        CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
