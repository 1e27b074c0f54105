/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/cell.h"

static struct buckets *buckets;

static int make_buckets(void **state)
{
    return buckets_new(&buckets, buckets_default_bounds, 11);
}

static int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
}

static void a_histogram_has_room_for_each_bucket_and_one_more(void **state)
{
    size_t size = cell_size(METRIC_HISTOGRAM, buckets);

    assert_int_equal(size, sizeof(struct histogram_cell) + 12 * sizeof(uint64_t));
}

static void a_new_one_is_all_zero_and_knows_its_series(void **state)
{
    struct series *series = (struct series *)&buckets; /* never looked into */
    struct cell *cell = cell_new(series, METRIC_HISTOGRAM, buckets);
    struct histogram_cell *histogram = (struct histogram_cell *)cell;

    assert_ptr_equal(cell->series, series);
    assert_null(cell->keys);
    assert_int_equal(atomic_load(&cell->touched_s), 0);
    assert_false(atomic_load(&cell->is_dying));
    for (unsigned i = 0; i <= buckets->n; i++)
        assert_int_equal(atomic_load(&histogram->counts[i]), 0);
    cell_free(cell);
}

static void additions_add_up(void **state)
{
    _Atomic uint64_t count = 7;

    cell_add_uint(&count, 3);
    cell_add_uint(&count, 0);
    assert_int_equal(count, 10);
}

static void free_accepts_null(void **state)
{
    cell_free(NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_histogram_has_room_for_each_bucket_and_one_more),
        CASE(a_new_one_is_all_zero_and_knows_its_series),
        CASE(additions_add_up),
        CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
