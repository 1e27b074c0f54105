/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/scrape_stats.h"

static struct scrape_stats stats;

static uint64_t sum(const uint64_t *counts, const struct buckets *buckets)
{
    uint64_t n = 0;

    for (unsigned i = 0; i <= buckets->n; i++)
        n += counts[i];
    return n;
}

static void begins_with_nothing(void **state)
{
    assert_int_equal(sum(stats.duration_counts, stats.duration_buckets), 0);
    assert_int_equal(sum(stats.size_counts, stats.size_buckets), 0);
    assert_int_equal(stats.n_broken, 0);
}

static void has_the_bounds_of_clients_and_powers_of_ten(void **state)
{
    assert_int_equal(stats.duration_buckets->n, 11);
    assert_memory_equal(stats.duration_buckets->bounds, buckets_default_bounds,
                        sizeof(buckets_default_bounds));
    assert_int_equal(stats.size_buckets->n, 7);
    assert_true(stats.size_buckets->bounds[0] == 1e3 && stats.size_buckets->bounds[6] == 1e9);
}

static void counts_each_scrape_once_by_duration_and_by_size(void **state)
{
    scrape_stats_record(&stats, 0.005, 500);
    scrape_stats_record(&stats, 0.25, 2000);
    scrape_stats_record(&stats, 99, 1e12);
    assert_int_equal(sum(stats.duration_counts, stats.duration_buckets), 3);
    assert_int_equal(sum(stats.size_counts, stats.size_buckets), 3);
    assert_int_equal(stats.duration_counts[0], 1);
    assert_int_equal(stats.duration_counts[5], 1);
    assert_int_equal(stats.duration_counts[11], 1);
    assert_int_equal(stats.size_counts[0], 1);
    assert_int_equal(stats.size_counts[1], 1);
    assert_int_equal(stats.size_counts[7], 1);
    assert_true(stats.duration_sum_s == 0.005 + 0.25 + 99);
    assert_true(stats.size_sum_bytes == 1e12 + 2500);
}

static int begin(void **state)
{
    return scrape_stats_init(&stats);
}

static int end(void **state)
{
    scrape_stats_deinit(&stats);
    return 0;
}

#define STATS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        STATS_CASE(begins_with_nothing),
        STATS_CASE(has_the_bounds_of_clients_and_powers_of_ten),
        STATS_CASE(counts_each_scrape_once_by_duration_and_by_size),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
