/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "base/telemetry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void counts_show_when_they_are_published(void **state)
{
    struct telemetry_row row = { 0 };
    uint64_t counts[_TELEMETRY_N];

    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        row.counts[i] = i + 1;
    telemetry_read(&row, counts);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        assert_int_equal(counts[i], 0);
    telemetry_publish(&row);
    row.counts[0] = 100;
    telemetry_read(&row, counts);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        assert_int_equal(counts[i], i + 1);
}

static void new_rows_are_zero_and_share_no_cache_line(void **state)
{
    struct telemetry_row *rows;
    uint64_t sums[_TELEMETRY_N];

    assert_int_equal(telemetry_new(&rows, 2), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal((uintptr_t)&rows[i] % CACHE_LINE, 0);
        assert_int_equal(rows[i].counts[TELEMETRY_LINES], 0);
        telemetry_publish(&rows[i]);
    }
    telemetry_sum(rows, 2, sums);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        assert_int_equal(sums[i], 0);
    free(rows);
}

static void publishing_again_shows_the_newer_counts(void **state)
{
    struct telemetry_row row = { 0 };
    uint64_t counts[_TELEMETRY_N];

    for (uint64_t i = 1; i < 100; i++) {
        telemetry_count(&row, TELEMETRY_LINES, UINT64_C(1) << 40);
        row.counts[TELEMETRY_KEYS] = 100 - i;
        telemetry_publish(&row);
        telemetry_read(&row, counts);
        assert_int_equal(counts[TELEMETRY_LINES], i << 40);
        assert_int_equal(counts[TELEMETRY_KEYS], 100 - i);
    }
}

/* The bucket in which a batch was counted; exactly one. */
static unsigned bucket_of(unsigned n_datagrams)
{
    struct telemetry_row row = { 0 };
    unsigned bucket = TELEMETRY_BATCH_BUCKETS;
    uint64_t n_counted = 0;

    telemetry_count_batch(&row, n_datagrams);
    for (unsigned i = 0; i < TELEMETRY_BATCH_BUCKETS; i++) {
        n_counted += row.counts[TELEMETRY_BATCHES + i];
        if (row.counts[TELEMETRY_BATCHES + i])
            bucket = i;
    }
    assert_int_equal(n_counted, 1);
    return bucket;
}

static void batches_are_counted_by_size(void **state)
{
    unsigned upper = 1;

    for (unsigned bucket = 0; bucket < TELEMETRY_BATCH_BUCKETS; bucket++, upper *= 2) {
        assert_int_equal(bucket_of(upper), bucket);
        assert_int_equal(bucket_of(upper / 2 + 1), bucket);
    }
}

static void a_huge_batch_is_counted_too(void **state)
{
    assert_int_equal(bucket_of(129), TELEMETRY_BATCH_BUCKETS - 1);
    assert_int_equal(bucket_of(UINT32_MAX), TELEMETRY_BATCH_BUCKETS - 1);
}

static struct telemetry_row shared;
static _Atomic bool is_done;

/* The owner: all counts are equal whenever they are published. */
static void *publish_equal_counts(void *ctx)
{
    while (!is_done) {
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            shared.counts[i]++;
        telemetry_publish(&shared);
    }
    return NULL;
}

/* Read for this time. Returns the number of rows that were torn, or older than one read before. */
static uint64_t read_for(int64_t ns)
{
    uint64_t counts[_TELEMETRY_N], last = 0, n_wrong = 0;

    for (int64_t end_ns = clock_monotonic_ns() + ns; clock_monotonic_ns() < end_ns;) {
        telemetry_read(&shared, counts);
        for (unsigned i = 1; i < _TELEMETRY_N; i++)
            n_wrong += counts[i] != counts[0];
        n_wrong += counts[0] < last;
        last = counts[0];
    }
    return n_wrong;
}

static void a_reader_never_sees_a_torn_row(void **state)
{
    uint64_t counts[_TELEMETRY_N], n_wrong;
    pthread_t owner;

    assert_int_equal(pthread_create(&owner, NULL, publish_equal_counts, NULL), 0);
    n_wrong = read_for(300 * CLOCK_NS_PER_MS);
    is_done = true;
    pthread_join(owner, NULL);
    assert_int_equal(n_wrong, 0);
    telemetry_read(&shared, counts);
    assert_true(counts[0] > 0);
    assert_int_equal(counts[0], shared.counts[0]);
}

static void sums_what_each_row_has_published(void **state)
{
    static struct telemetry_row rows[3];
    uint64_t sums[_TELEMETRY_N];

    for (unsigned i = 0; i < 3; i++) {
        rows[i].counts[TELEMETRY_LINES] = 10 + i;
        telemetry_publish(&rows[i]);
    }
    rows[2].counts[TELEMETRY_LINES] = 1000; /* not published yet */
    telemetry_sum(rows, 3, sums);
    assert_int_equal(sums[TELEMETRY_LINES], 33);
    assert_int_equal(sums[TELEMETRY_DATAGRAMS], 0);
    telemetry_sum(rows, 0, sums);
    assert_int_equal(sums[TELEMETRY_LINES], 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(counts_show_when_they_are_published),
        CASE(new_rows_are_zero_and_share_no_cache_line),
        CASE(publishing_again_shows_the_newer_counts),
        CASE(batches_are_counted_by_size),
        CASE(a_huge_batch_is_counted_too),
        CASE(a_reader_never_sees_a_torn_row),
        CASE(sums_what_each_row_has_published),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
