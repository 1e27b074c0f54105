/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expiry: which TTL holds, and steps that are done in parts
 */

#include "sweep.h"

#include "base/metric_spec.h"

#include <stdio.h>

/* --- TTLs of types and families --------------------------------------------------------------- */

static void each_type_may_have_a_ttl_of_its_own(void **state)
{
    struct expiry_rule rule = { .now_ns = 1000, .ttl_ns[METRIC_COUNTER] = 10 };

    record_as(0, "c", SAMPLE_COUNTER, 1);
    record_as(0, "t", SAMPLE_TIMER, 1);
    record_as(0, "s", SAMPLE_SET, 1);
    assert_int_equal(sweep_by(&rule), 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
    rule.ttl_ns[METRIC_SET] = 999;
    assert_int_equal(sweep_by(&rule), 0);
    rule.now_ns = 1001;
    assert_int_equal(sweep_by(&rule), 1);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 1);
}

/* Make a series of a family whose config says @ttl_ns, written at 1. */
static void record_with_ttl(const char *name, int64_t ttl_ns)
{
    const struct metric_spec spec = { .ttl_ns = ttl_ns };
    struct identity identity = identity_of(name, SAMPLE_COUNTER, "");
    struct line line = line_of(name, "|", 1, 1);
    struct lookup lookup = shard_find(shards[0], &line);

    identity.spec = &spec;
    assert_int_equal(shard_learn(shards[0], &line, &identity, &lookup), VERDICT_APPLIED);
    assert_int_equal(shard_record(shards[0], lookup.key, &line), VERDICT_APPLIED);
}

static void the_ttl_of_a_family_comes_before_that_of_its_type(void **state)
{
    record_with_ttl("short", 10);
    record_with_ttl("default", SPEC_TTL_DEFAULT);
    record_with_ttl("long", 500);
    record_with_ttl("never", 0);
    assert_int_equal(sweep(12, 100), 1);
    assert_int_equal(sweep(102, 100), 1);
    assert_int_equal(sweep(501, 100), 0);
    assert_int_equal(sweep(502, 100), 1);
    assert_int_equal(sweep(INT64_MAX / 2, 100), 0);
    record_with_ttl("short", 10);
    assert_int_equal(sweep(1000, 0), 1); /* also where the type has none */
}

static void tells_the_shortest_ttl_that_it_has_seen(void **state)
{
    const struct expiry_rule rule = rule_of(5, 100), without = rule_of(5, 0);
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    mark_by(&expiry, &rule);
    assert_int_equal(expiry.shortest_ttl_ns, 100);
    end_sweep(&expiry);
    record_with_ttl("short", 10);
    mark_by(&expiry, &rule);
    assert_int_equal(expiry.shortest_ttl_ns, 10);
    end_sweep(&expiry);
    assert_int_equal(registry_take_shortest_ttl(registry), 10);
    assert_int_equal(registry_take_shortest_ttl(registry), INT64_MAX);
    assert_int_equal(sweep(12, 100), 1);
    mark_by(&expiry, &without);
    assert_int_equal(expiry.shortest_ttl_ns, INT64_MAX);
    end_sweep(&expiry);
}

/* --- slices ----------------------------------------------------------------------------------- */

static void each_step_may_be_done_in_parts(void **state)
{
    const struct expiry_rule rule = rule_of(100, 1);
    struct expiry expiry = { 0 };
    unsigned n_parts = 1;
    char name[16];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        record(i % 2, name, i % 10 == 3 ? 100 : 1);
    }
    expiry_begin(&expiry, registry, &rule);
    while (expiry_mark(&expiry, registry, 1))
        n_parts++;
    assert_int_equal(n_parts, 4); /* a batch of the lock is the smallest */
    assert_int_equal(expiry.n_items, 900);
    for (n_parts = 1; expiry_remove(&expiry, registry, 1); n_parts++)
        assert_int_equal(expiry.n_removed, n_parts * REGISTRY_BATCH);
    assert_int_equal(n_parts, 4);
    assert_int_equal(expiry.n_removed, 900);
    snapshot_unref(registry_snapshot(registry));
    for (unsigned i = 0; i < WORKERS; i++)
        shard_release(shards[i], expiry.items, expiry.n_items);
    for (n_parts = 1; expiry_finish(&expiry, 100); n_parts++)
        assert_true(expiry.n_items > 0);
    assert_int_equal(n_parts, 9);
    assert_int_equal(count_series(registry), 100);
}

/* The name of a removed series is free while others are still to be removed. */
static void a_series_may_begin_again_between_two_parts(void **state)
{
    const struct expiry_rule rule = rule_of(100, 1);
    struct expiry expiry = { 0 };
    char name[16];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        record(0, name, 1);
    }
    assert_int_equal(mark_by(&expiry, &rule), 1000);
    assert_true(expiry_remove(&expiry, registry, 1));
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        record(1, name, 100);
    }
    assert_true(total() == 1000 + 744); /* the rest goes on */
    while (expiry_remove(&expiry, registry, 1))
        ;
    assert_int_equal(expiry.n_removed, 256);
    for (unsigned i = 0; i < WORKERS; i++)
        shard_release(shards[i], expiry.items, expiry.n_items);
    end_sweep(&expiry);
    assert_true(total() == 1000 + 744);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        EXPIRY_CASE(each_type_may_have_a_ttl_of_its_own),
        EXPIRY_CASE(the_ttl_of_a_family_comes_before_that_of_its_type),
        EXPIRY_CASE(tells_the_shortest_ttl_that_it_has_seen),
        EXPIRY_CASE(each_step_may_be_done_in_parts),
        EXPIRY_CASE(a_series_may_begin_again_between_two_parts),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
