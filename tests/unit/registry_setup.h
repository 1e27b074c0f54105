/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Registry setup: the default buckets, made once for a group of cases, and what needs them
 */

#include "unit.h"

#include "aggregate/registry.h"

/* For a group whose setup and teardown are make_buckets() and free_buckets(). */
static struct buckets *buckets;

static inline int make_buckets(void **state)
{
    return buckets_new(&buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));
}

static inline int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
}

static inline struct registry *new_registry(unsigned n_workers, size_t max_series, size_t max_bytes)
{
    const struct registry_options options = {
        .n_workers = n_workers,
        .max_series = max_series,
        .max_bytes = max_bytes,
        .max_totals = 100,
        .seed = 42,
        .buckets = buckets,
    };
    struct registry *registry;

    assert_int_equal(registry_new(&registry, &options), 0);
    return registry;
}

static inline struct family *new_family(const char *name, enum sample_type type)
{
    struct identity identity = { .type = type, .family = slice_of(name), .sent_as = SLICE("x") };
    struct family *family = family_new(&identity, buckets);

    assert_non_null(family);
    return family;
}

/* A batch of items that begins at @begin. */
static inline size_t batch_at(size_t begin, size_t n)
{
    return n - begin < REGISTRY_BATCH ? n - begin : REGISTRY_BATCH;
}

static inline void mark_expiring(struct registry *registry, const struct sweep_item *items,
                                 size_t n)
{
    for (size_t i = 0; i < n; i += REGISTRY_BATCH)
        registry_mark_expiring(registry, items + i, batch_at(i, n));
}

/* Remove what is marked, also from the snapshot. Returns the number of series. */
static inline size_t remove_expiring(struct registry *registry, struct sweep_item *items, size_t n)
{
    size_t n_removed = 0;

    for (size_t i = 0; i < n; i += REGISTRY_BATCH)
        assert_true(registry_remove_expiring(registry, items + i, batch_at(i, n)));
    for (size_t i = 0; i < n; i++)
        n_removed += items[i].is_removed;
    snapshot_unref(registry_snapshot(registry));
    return n_removed;
}

/* The number of series of all types. */
static inline uint64_t count_series(struct registry *registry)
{
    struct registry_counts counts = registry_count(registry);
    uint64_t n = 0;

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        n += counts.series[type];
    return n;
}
