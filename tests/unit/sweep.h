/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sweep: helpers for the tests of expiry, with the shards of two workers
 */

#include "registry_setup.h"
#include "samples.h"

#include "aggregate/expiry.h"
#include "aggregate/shard.h"

#include <sched.h>

#define WORKERS 2

static struct registry *registry;
static struct shard *shards[WORKERS];

/*
 * Find or learn the key of @line; from then on the worker holds a pointer to it. It is NULL if an x
 * that arrived later has ended the series. Returns whether that went well.
 */
static inline bool try_look_up(unsigned worker, struct line *line, enum sample_type type,
                               struct key **ret)
{
    struct identity identity = { .type = type, .family = line->name, .weight = 1 };
    struct lookup lookup = shard_find(shards[worker], line);
    bool is_well =
        lookup.key || shard_learn(shards[worker], line, &identity, &lookup) == VERDICT_APPLIED;

    *ret = lookup.key;
    return is_well;
}

static inline struct key *look_up(unsigned worker, struct line *line, enum sample_type type)
{
    struct key *key;

    return try_look_up(worker, line, type, &key) ? key : NULL;
}

/* A worker records 1, at @now_ns. */
static inline void record_as(unsigned worker, const char *name, enum sample_type type,
                             int64_t now_ns)
{
    struct line line = line_of(name, "|", 1, now_ns);
    struct key *key = look_up(worker, &line, type);

    assert_non_null(key);
    assert_int_equal(shard_record(shards[worker], key, &line), VERDICT_APPLIED);
}

static inline void record(unsigned worker, const char *name, int64_t now_ns)
{
    record_as(worker, name, SAMPLE_COUNTER, now_ns);
}

/* A rule for all types. */
static inline struct expiry_rule rule_of(int64_t now_ns, int64_t ttl_ns)
{
    struct expiry_rule rule = { .now_ns = now_ns };

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        rule.ttl_ns[type] = ttl_ns;
    return rule;
}

/* The first half of a sweep. Returns the number of series that it marked. */
static inline size_t mark_by(struct expiry *expiry, const struct expiry_rule *rule)
{
    expiry_begin(expiry, registry, rule);
    assert_false(expiry_mark(expiry, registry, SIZE_MAX / 2));
    return expiry->n_items;
}

/* The same by the TTL alone, whatever scrapes have shown. */
static inline size_t mark(struct expiry *expiry, int64_t now_ns, int64_t ttl_ns)
{
    const struct expiry_rule rule = rule_of(now_ns, ttl_ns);

    return mark_by(expiry, &rule);
}

static inline void end_sweep(struct expiry *expiry)
{
    assert_false(expiry_finish(expiry, SIZE_MAX));
}

/* Remove what is marked, and from the snapshot. Returns the number of series. */
static inline size_t remove_marked(struct expiry *expiry)
{
    /* More is left while another thread brings the snapshot up to date. */
    while (expiry_remove(expiry, registry, SIZE_MAX / 2))
        sched_yield();
    snapshot_unref(registry_snapshot(registry));
    return expiry->n_removed;
}

static size_t n_unscraped; /* of the last sweep */

/* The second half of a sweep. Returns the number of series that it removed. */
static inline size_t finish(struct expiry *expiry)
{
    size_t n = remove_marked(expiry);

    n_unscraped = expiry->n_unscraped;
    for (unsigned i = 0; i < WORKERS; i++)
        shard_release(shards[i], expiry->items, expiry->n_items);
    end_sweep(expiry);
    return n;
}

/* A whole sweep, while no thread writes. Returns the number of series that it removed. */
static inline size_t sweep_by(const struct expiry_rule *rule)
{
    struct expiry expiry = { 0 };

    n_unscraped = 0;
    if (mark_by(&expiry, rule) == 0) {
        end_sweep(&expiry);
        return 0;
    }
    return finish(&expiry);
}

static inline size_t sweep(int64_t now_ns, int64_t ttl_ns)
{
    const struct expiry_rule rule = rule_of(now_ns, ttl_ns);

    return sweep_by(&rule);
}

/* The sum of all counters. */
static inline double total(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading;
    double sum = 0;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        series_read(snapshot->series[i], &reading);
        sum += reading.value;
    }
    snapshot_unref(snapshot);
    return sum;
}

/* Before and after each case. */

static inline int begin(void **state)
{
    registry = new_registry(WORKERS, 100000, SIZE_MAX);
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct shard_options shard_options = { registry, i, 16 << 20, 42 };

        if (shard_new(&shards[i], &shard_options) < 0)
            return -1;
    }
    return 0;
}

static inline int end(void **state)
{
    for (unsigned i = 0; i < WORKERS; i++)
        shard_free(shards[i]);
    registry_free(registry);
    return 0;
}

#define EXPIRY_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
