/* SPDX-License-Identifier: Apache-2.0 */

#include "native_cells.h"

#include "base/must.h"

#include <pthread.h>

static struct histogram_cell *first_cell(void)
{
    return (struct histogram_cell *)atomic_load(&cells[0]);
}

static const struct native *first_native(void)
{
    return (const struct native *)(first_cell() + 1);
}

static void an_observation_is_in_its_native_and_its_classic_bucket(void **state)
{
    make_cells(3, 160, NATIVE_ZERO_THRESHOLD);
    observe(8);
    observe_in(0, 7.99, 5);
    observe(-0.5);
    observe(0);
    read_cells();
    assert_int_equal(native.buckets.schema, 3);
    assert_int_equal(count_at(&native.buckets.positive, 24), 6);
    assert_int_equal(count_at(&native.buckets.negative, -8), 1);
    assert_int_equal(native.buckets.zero_count, 1);
    assert_int_equal(reading.counts[1], 2);
    assert_int_equal(reading.counts[3], 6);
    assert_true(reading.sum == 8 + 5 * 7.99 - 0.5);
    assert_all_observed();
}

/* The native bucket (8, 16] of schema 0, and the bound 10. */
static void a_classic_bound_may_divide_a_native_bucket(void **state)
{
    make_cells(0, 160, NATIVE_ZERO_THRESHOLD);
    observe(9);
    observe(10);
    observe(11);
    read_cells();
    assert_int_equal(count_at(&native.buckets.positive, 4), 3);
    assert_int_equal(reading.counts[3], 2);
    assert_int_equal(reading.counts[4], 1);
    assert_int_equal(first_native()->table->n_buckets, 1);
    assert_int_equal(first_native()->table->n_keys, 2);
}

static void the_zero_bucket_includes_its_threshold(void **state)
{
    make_cells(3, 160, 0.25);
    observe(0.25);
    observe(-0.25);
    observe(nextafter(0.25, 1));
    observe(nextafter(-0.25, -1));
    read_cells();
    assert_int_equal(native.buckets.zero_count, 2);
    assert_int_equal(count_at(&native.buckets.positive, -15), 1);
    assert_int_equal(count_at(&native.buckets.negative, -15), 1);
    make_cells(3, 160, 0);
    observe(DBL_TRUE_MIN);
    observe(-0.0);
    read_cells();
    assert_int_equal(native.buckets.zero_count, 1);
    assert_int_equal(count_at(&native.buckets.positive, -1074 * 8), 1);
}

static void fractions_of_events_are_carried(void **state)
{
    make_cells(3, 160, 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(histogram_record(first_cell(), 2, 1 / 0.3), VERDICT_APPLIED);
    read_cells();
    assert_in_range(native_total(), 3332, 3334);
    assert_true(reading.sum == 2 * (double)native_total());
    assert_int_equal(reading.counts[3], native_total());
}

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    make_cells(3, 160, 0);
    observe(DBL_MAX);
    assert_int_equal(histogram_record(first_cell(), DBL_MAX, 1), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(histogram_record(first_cell(), 1e300, 1e9), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(histogram_record(first_cell(), INFINITY, 1), REFUSED_VALUE_OVERFLOW);
    read_cells();
    assert_all_observed();
    assert_true(reading.sum == DBL_MAX);
}

/* Of 2^0 to 2^99 the tenth bucket fits, the eleventh halves the resolution, and so on. */
static void more_buckets_than_allowed_halve_the_resolution(void **state)
{
    make_cells(2, 10, NATIVE_ZERO_THRESHOLD);
    for (int i = 0; i < 10; i++)
        observe(ldexp(1, i));
    read_cells();
    assert_int_equal(native.buckets.schema, 2);
    observe(0x1p10);
    read_cells();
    assert_int_equal(native.buckets.schema, -1);
    assert_int_equal(n_populated(), 6);
    for (int i = 11; i < 100; i++)
        observe(ldexp(1, i));
    read_cells();
    assert_int_equal(native.buckets.schema, -4);
    assert_all_observed();
}

static void another_observation_in_a_full_histogram_changes_no_resolution(void **state)
{
    make_cells(3, 2, NATIVE_ZERO_THRESHOLD);
    observe(1);
    observe(2);
    observe(2);
    observe(0);
    observe(1);
    read_cells();
    assert_int_equal(native.buckets.schema, 3);
    assert_all_observed();
}

/* Whatever is observed, all of it is counted, in no more buckets and bytes than are allowed. */
static void any_values_are_counted_within_the_limits(void **state)
{
    static const unsigned limits[] = { 1, 7, 160, 1000 };
    uint64_t seed = 1;

    for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
        int schema = 8;

        make_cells(schema, limits[i], i % 2 ? 0 : 0x1p-128);
        for (unsigned j = 0; j < 1000; j++) {
            const struct native_table *table;

            observe(any_value(&seed));
            table = first_native()->table;
            assert_true(table->schema <= schema);
            assert_true(table->n_buckets <= native_n_max(&native_buckets->native));
            assert_true(table->n_buckets <= limits[i] || table->schema == NATIVE_SCHEMA_MIN);
            assert_true(sizeof(*table) + table->n_slots * sizeof(table->slots[0]) <=
                        native_growth(native_buckets));
            schema = table->schema;
        }
        read_cells();
        assert_int_equal(n_populated(), first_native()->table->n_buckets);
        assert_all_observed();
    }
}

/* Of both signs, every bucket of the lowest schema: that is what no halving can reduce. */
static void the_lowest_schema_has_no_more_buckets_than_its_limit_says(void **state)
{
    make_cells(8, 1, NATIVE_ZERO_THRESHOLD);
    for (int exponent = -127; exponent < 1024; exponent++) {
        observe(ldexp(1, exponent));
        observe(-ldexp(1, exponent));
    }
    assert_int_equal(native_n_max(&native_buckets->native), 2 * 72);
    assert_int_equal(first_native()->table->n_buckets, 2 * 72);
    read_cells();
    assert_all_observed();
}

static void with_the_defaults_the_limit_holds_whatever_is_sent(void **state)
{
    const struct native_options usual = { 3, 160, NATIVE_ZERO_THRESHOLD };

    assert_int_equal(native_n_max(&usual), 160);
}

/* --- threads ------------------------------------------------------------------------------- */

#define OBSERVATIONS 200000

static void *observe_many(void *ctx)
{
    uint64_t seed = 1;

    for (unsigned i = 0; i < OBSERVATIONS; i++)
        MUST(histogram_record(first_cell(), fabs(any_value(&seed)), 1) == VERDICT_APPLIED);
    return NULL;
}

static void a_reader_finds_both_views_alike_while_the_owner_writes(void **state)
{
    uint64_t total = 0, before;
    pthread_t thread;

    make_cells(8, 40, NATIVE_ZERO_THRESHOLD);
    assert_int_equal(pthread_create(&thread, NULL, observe_many, NULL), 0);
    do {
        before = total;
        read_cells();
        total = native_total();
        assert_int_equal(sum_of(reading.counts, native_buckets->n + 1), total);
        assert_true(total >= before);
        assert_true(n_populated() <= native_n_max(&native_buckets->native));
    } while (total < OBSERVATIONS);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_observation_is_in_its_native_and_its_classic_bucket),
        CASE(a_classic_bound_may_divide_a_native_bucket),
        CASE(the_zero_bucket_includes_its_threshold),
        CASE(fractions_of_events_are_carried),
        CASE(an_overflow_is_refused_and_changes_nothing),
        CASE(more_buckets_than_allowed_halve_the_resolution),
        CASE(another_observation_in_a_full_histogram_changes_no_resolution),
        CASE(any_values_are_counted_within_the_limits),
        CASE(the_lowest_schema_has_no_more_buckets_than_its_limit_says),
        CASE(with_the_defaults_the_limit_holds_whatever_is_sent),
        CASE(a_reader_finds_both_views_alike_while_the_owner_writes),
    };

    return cmocka_run_group_tests(tests, NULL, free_cells);
}
