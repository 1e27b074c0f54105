/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shard, from its header: counters whose values are running totals
 *
 * Two shards, of two workers. Senders are numbers, which stand for their hashes.
 */

#include "registry_setup.h"
#include "samples.h"

#include "aggregate/shard.h"
#include "base/treatment.h"

#include <float.h>
#include <stdlib.h>

static struct registry *registry;
static struct shard *shards[2];

static struct shard *new_shard(unsigned worker)
{
    const struct shard_options options = {
        .registry = registry,
        .worker = worker,
        .max_key_bytes = 1 << 20,
        .seed = 42,
    };
    struct shard *made = NULL;

    assert_int_equal(shard_new(&made, &options), 0);
    return made;
}

/* What a line of a listener of totals means. */
static struct identity total_of(const char *labels)
{
    struct identity identity = identity_of("x", SAMPLE_COUNTER, labels);

    identity.is_absolute = true;
    return identity;
}

/* Record a total of @sender in series x with @labels, written as @rest. */
static double record_as(struct shard *shard, uint64_t sender, const char *rest, const char *labels,
                        double total, int64_t at)
{
    const struct identity identity = total_of(labels);
    struct line line = line_of("x", rest, total, at);
    struct total_step step;
    struct lookup lookup;

    shard_set_totals(shard, true);
    shard_set_sender(shard, sender);
    lookup = shard_find(shard, &line);
    if (!lookup.key)
        assert_int_equal(shard_learn(shard, &line, &identity, &lookup), VERDICT_APPLIED);
    assert_true(lookup.key->facts.is_absolute);
    assert_true(lookup.key->facts.is_unusual);
    assert_int_equal(shard_record_total(shard, lookup.key, &line, &step), VERDICT_APPLIED);
    return step.increment;
}

static double record(unsigned worker, uint64_t sender, double total, int64_t at)
{
    return record_as(shards[worker], sender, "|c", "", total, at);
}

/* The value of the series with @labels. */
static double read_series(const char *labels)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading = { .value = -1 };

    for (size_t i = 0; i < snapshot->n_series; i++)
        if (slice_equal(series_labels(snapshot->series[i]), slice_of(labels)))
            series_read(snapshot->series[i], &reading);
    snapshot_unref(snapshot);
    return reading.value;
}

static void what_a_sender_has_counted_since_its_first_total_is_added(void **state)
{
    record(0, 1, 1000, 1);
    assert_true(read_series("") == 0);
    record(0, 1, 1003, 2);
    record(0, 1, 1010, 3);
    assert_true(read_series("") == 10);
    record(0, 1, 4, 4); /* it has restarted */
    assert_true(read_series("") == 14);
}

static void senders_of_a_series_add_up(void **state)
{
    record(0, 1, 1000, 1);
    record(0, 2, 50, 2);
    record(0, 1, 1001, 3);
    record(0, 2, 60, 4);
    assert_true(read_series("") == 11);
}

static void each_series_of_a_sender_has_its_own_totals(void **state)
{
    record_as(shards[0], 1, "|c|#a:1", "a=\"1\"", 1000, 1);
    record_as(shards[0], 1, "|c|#a:2", "a=\"2\"", 10, 1);
    assert_true(record_as(shards[0], 1, "|c|#a:1", "a=\"1\"", 1002, 2) == 2);
    assert_true(record_as(shards[0], 1, "|c|#a:2", "a=\"2\"", 11, 2) == 1);
}

/* As a client may that keeps its tags in a map. */
static void a_series_may_be_written_in_several_ways(void **state)
{
    const char *labels = "a=\"1\",b=\"2\"";

    record_as(shards[0], 1, "|c|#a:1,b:2", labels, 100, 1);
    assert_true(record_as(shards[0], 1, "|c|#b:2,a:1", labels, 101, 2) == 1);
    assert_true(record_as(shards[0], 1, "|c|#a:1,b:2", labels, 103, 3) == 2);
    assert_true(read_series(labels) == 3);
}

/* A restarted program has another port, and so perhaps another worker. */
static void a_sender_may_reach_any_worker(void **state)
{
    record(0, 1, 100, 1);
    assert_true(record(1, 1, 110, 2) == 10);
    assert_true(record(0, 1, 120, 3) == 10);
    assert_true(record(1, 1, 5, 4) == 5);
    assert_true(read_series("") == 25);
}

static void arrival_orders_totals_between_workers(void **state)
{
    record(0, 1, 100, 10);
    record(0, 1, 120, 30);
    assert_true(record(1, 1, 110, 20) == 0);
    assert_true(record(0, 1, 121, 40) == 1);
    assert_true(read_series("") == 21);
}

static void a_series_that_is_new_again_adds_what_was_counted_since(void **state)
{
    const struct identity x = { .type = SAMPLE_END, .family = SLICE("x"), .weight = 1 };
    size_t n;

    record(0, 1, 100, 1);
    record(0, 1, 110, 2);
    assert_int_equal(shard_end(shards[0], 3, 0, &x, &n), VERDICT_APPLIED);
    assert_int_equal(n, 1);
    record(0, 1, 115, 4);
    assert_true(read_series("") == 5);
}

/* Beyond a limit of series, the totals of several label sets go to one series. */
static void totals_that_overflow_stay_apart(void **state)
{
    const struct registry_options options = {
        .n_workers = 1,
        .max_series = 1,
        .max_bytes = SIZE_MAX,
        .max_totals = 100,
        .seed = 42,
        .buckets = buckets,
    };
    struct registry *kept = registry;
    struct shard *shard;

    assert_int_equal(registry_new(&registry, &options), 0);
    shard = new_shard(0);
    record_as(shard, 1, "|c|#a:1", "a=\"1\"", 5, 1);
    for (int64_t at = 2; at < 5; at++) {
        record_as(shard, 1, "|c|#a:2", "a=\"2\"", 1000 + (double)at, at);
        record_as(shard, 1, "|c|#a:3", "a=\"3\"", 10 + (double)at, at);
    }
    assert_true(read_series("overflow=\"true\"") == 4);
    assert_true(read_series("a=\"1\"") == 0);
    shard_free(shard);
    registry_free(registry);
    registry = kept;
}

/* As a rule may have it: the name's values are running totals, and in other units. */
static void totals_may_have_a_treatment(void **state)
{
    const struct treatment thousandths = { .scale = 0.001 };
    struct identity identity = total_of("");
    struct total_step step;

    identity.treatment = &thousandths;
    for (unsigned i = 0; i < 3; i++) {
        struct line line = line_of("x", "|c", 4000 * i, i);
        struct lookup lookup = shard_find(shards[0], &line);

        if (!lookup.key)
            assert_int_equal(shard_learn(shards[0], &line, &identity, &lookup), VERDICT_APPLIED);
        assert_int_equal(shard_record_total(shards[0], lookup.key, &line, &step), VERDICT_APPLIED);
        assert_true(step.increment == (i == 0 ? 0 : 4));
    }
    assert_true(read_series("") == 8);
}

/* The same line from a listener of increments. */
static void increments_of_a_series_are_added_too(void **state)
{
    struct identity identity = total_of("");
    struct line line = line_of("x", "|c", 7, 2);
    struct lookup lookup;

    record(0, 1, 100, 1);
    identity.is_absolute = false;
    shard_set_totals(shards[0], false);
    shard_set_sender(shards[0], 0);
    lookup = shard_find(shards[0], &line);
    assert_null(lookup.key);
    assert_int_equal(shard_learn(shards[0], &line, &identity, &lookup), VERDICT_APPLIED);
    assert_false(lookup.key->facts.is_unusual);
    assert_int_equal(shard_record(shards[0], lookup.key, &line), VERDICT_APPLIED);
    assert_true(record(0, 1, 101, 3) == 1);
    assert_true(read_series("") == 8);
    assert_int_equal(shard_n_keys(shards[0]), 2);
}

static void a_sum_beyond_the_range_is_refused(void **state)
{
    struct line line = line_of("x", "|c", DBL_MAX, 3);
    struct lookup lookup;
    struct total_step step;

    record(0, 1, 0, 1);
    record(0, 1, DBL_MAX, 2);
    record(0, 2, 0, 2);
    shard_set_totals(shards[0], true);
    shard_set_sender(shards[0], 2);
    lookup = shard_find(shards[0], &line);
    assert_non_null(lookup.key);
    assert_int_equal(shard_record_total(shards[0], lookup.key, &line, &step),
                     REFUSED_VALUE_OVERFLOW);
    assert_true(read_series("") == DBL_MAX);
}

static void without_room_for_totals_no_series_is_made(void **state)
{
    const struct identity identity = total_of("");
    struct registry *kept = registry;
    struct line line = line_of("x", "|c", 5, 1);
    struct lookup lookup;
    struct shard *shard;

    registry = new_registry(1, 10, 1000);
    shard = new_shard(0);
    shard_set_totals(shard, true);
    shard_set_sender(shard, 1);
    lookup = shard_find(shard, &line);
    assert_int_equal(shard_learn(shard, &line, &identity, &lookup), REFUSED_SERIES_LIMIT);
    assert_int_equal(count_series(registry), 0);
    shard_free(shard);
    registry_free(registry);
    registry = kept;
}

static void keys_of_totals_go_with_their_series(void **state)
{
    struct sweep_item *ended;
    const struct identity x = { .type = SAMPLE_END, .family = SLICE("x"), .weight = 1 };
    size_t n;

    record(0, 1, 100, 1);
    shard_set_totals(shards[0], false);
    shard_set_sender(shards[0], 0);
    assert_int_equal(shard_end(shards[0], 2, 0, &x, &n), VERDICT_APPLIED);
    snapshot_unref(registry_snapshot(registry));
    ended = registry_take_ended(registry, &n);
    assert_int_equal(n, 1);
    shard_release(shards[0], ended, n);
    assert_int_equal(shard_n_keys(shards[0]), 0);
    series_unref(ended[0].series);
    free(ended);
}

static int begin(void **state)
{
    registry = new_registry(2, 1000, SIZE_MAX);
    shards[0] = new_shard(0);
    shards[1] = new_shard(1);
    return 0;
}

static int end(void **state)
{
    shard_free(shards[0]);
    shard_free(shards[1]);
    registry_free(registry);
    return 0;
}

#define TOTALS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TOTALS_CASE(what_a_sender_has_counted_since_its_first_total_is_added),
        TOTALS_CASE(senders_of_a_series_add_up),
        TOTALS_CASE(each_series_of_a_sender_has_its_own_totals),
        TOTALS_CASE(a_series_may_be_written_in_several_ways),
        TOTALS_CASE(a_sender_may_reach_any_worker),
        TOTALS_CASE(arrival_orders_totals_between_workers),
        TOTALS_CASE(a_series_that_is_new_again_adds_what_was_counted_since),
        TOTALS_CASE(totals_that_overflow_stay_apart),
        TOTALS_CASE(totals_may_have_a_treatment),
        TOTALS_CASE(increments_of_a_series_are_added_too),
        TOTALS_CASE(a_sum_beyond_the_range_is_refused),
        TOTALS_CASE(without_room_for_totals_no_series_is_made),
        TOTALS_CASE(keys_of_totals_go_with_their_series),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
