/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/scrape_stats.h"

static struct scrape_stats stats;

static uint64_t sum(const struct scrape_histogram *histogram)
{
    uint64_t n = 0;

    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        n += histogram->counts[i];
    return n;
}

static void begins_with_nothing(void **state)
{
    assert_int_equal(sum(&stats.duration_s), 0);
    assert_int_equal(sum(&stats.size_bytes), 0);
    assert_int_equal(stats.n_broken, 0);
}

static void has_the_bounds_of_clients_and_powers_of_ten(void **state)
{
    assert_int_equal(stats.duration_s.buckets->n, 11);
    assert_memory_equal(stats.duration_s.buckets->bounds, buckets_default_bounds,
                        sizeof(buckets_default_bounds));
    assert_int_equal(stats.size_bytes.buckets->n, 7);
    assert_true(stats.size_bytes.buckets->bounds[0] == 1e3 &&
                stats.size_bytes.buckets->bounds[6] == 1e9);
}

static void counts_each_scrape_once_by_duration_and_by_size(void **state)
{
    scrape_stats_record(&stats, 0, 5000000, 500);
    scrape_stats_record(&stats, 1000000000, 1250000000, 2000);
    scrape_stats_record(&stats, 1, 99000000001, 1e12);
    assert_int_equal(sum(&stats.duration_s), 3);
    assert_int_equal(sum(&stats.size_bytes), 3);
    assert_int_equal(stats.duration_s.counts[0], 1);
    assert_int_equal(stats.duration_s.counts[5], 1);
    assert_int_equal(stats.duration_s.counts[11], 1);
    assert_int_equal(stats.size_bytes.counts[0], 1);
    assert_int_equal(stats.size_bytes.counts[1], 1);
    assert_int_equal(stats.size_bytes.counts[7], 1);
    assert_true(stats.duration_s.sum == 0.005 + 0.25 + 99);
    assert_true(stats.size_bytes.sum == 1e12 + 2500);
}

static void knows_when_the_newest_complete_scrape_began(void **state)
{
    assert_int_equal(atomic_load(&stats.shown_ns), 0);
    scrape_stats_record(&stats, 20, 30, 1);
    assert_int_equal(atomic_load(&stats.shown_ns), 20);
    scrape_stats_record(&stats, 10, 40, 1); /* a slow one that began earlier */
    assert_int_equal(atomic_load(&stats.shown_ns), 20);
    scrape_stats_record(&stats, 35, 50, 1);
    assert_int_equal(atomic_load(&stats.shown_ns), 35);
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
        STATS_CASE(knows_when_the_newest_complete_scrape_began),
        STATS_CASE(counts_each_scrape_once_by_duration_and_by_size),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
