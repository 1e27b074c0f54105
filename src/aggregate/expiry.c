/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expiry
 *
 * A worker checks cell_must_ask() before it writes a cell, but the sweep may set the flag between
 * that check and the write. So marking removes nothing yet. It also sets the cells' times of the
 * last write to 0, and any write sets them again. Once every worker has passed a moment at which it
 * uses no cell, earlier writes are visible, and every later writer sees the mark and revives the
 * series first. Only then can a series be removed without losing a sample, however slow a worker or
 * its clock is.
 */

#include "aggregate/expiry.h"

#include "base/must.h"

#include <errno.h>
#include <stdlib.h>

/* A series is prefetched this many series before its turn. */
#define PREFETCH 8

/* Whether a scrape has shown the sample that arrived at @touched_ns. */
static bool is_shown(const struct expiry_rule *rule, int64_t touched_ns)
{
    return rule->shown_ns - touched_ns >= EXPIRY_LAG_NS;
}

/* The TTL of the series of @family; 0: they never expire. */
static int64_t ttl_of(const struct expiry_rule *rule, const struct family *family)
{
    int64_t ttl_ns = atomic_load_explicit(&family->ttl_ns, memory_order_relaxed);

    return ttl_ns == SPEC_TTL_DEFAULT ? rule->ttl_ns[family->type] : ttl_ns;
}

/* Whether a series expires that has this TTL and whose last sample arrived at @touched_ns. */
static bool is_due(const struct expiry_rule *rule, int64_t ttl_ns, int64_t touched_ns)
{
    int64_t idle_ns = rule->now_ns - touched_ns;

    return idle_ns > ttl_ns && (idle_ns > rule->unscraped_ttl_ns || is_shown(rule, touched_ns));
}

static bool add_item(struct expiry *expiry, struct series *series, int64_t touched_ns)
{
    if (expiry->n_items == expiry->n_max) {
        expiry->is_short = true;
        return false;
    }
    MUST(expiry->items); /* as there is room for more */
    series_ref(series);
    expiry->items[expiry->n_items++] =
        (struct sweep_item){ .series = series, .touched_ns = touched_ns };
    return true;
}

/* --- marking ------------------------------------------------------------------------------ */

int expiry_init(struct expiry *expiry)
{
    *expiry = (struct expiry){ .reserve = malloc(EXPIRY_RESERVE * sizeof(*expiry->reserve)) };
    return expiry->reserve ? 0 : -ENOMEM;
}

/* Begin another sweep, or none. The reserve stays. */
static void reset(struct expiry *expiry)
{
    *expiry = (struct expiry){ .reserve = expiry->reserve };
}

/* Allocate @n items. Without memory there are fewer. */
static void allocate(struct expiry *expiry, size_t n)
{
    expiry->n_max = n;
    expiry->items = malloc(n * sizeof(*expiry->items));
    if (expiry->items)
        return;
    expiry->items = expiry->reserve;
    expiry->n_max = !expiry->reserve ? 0 : n < EXPIRY_RESERVE ? n : EXPIRY_RESERVE;
}

void expiry_begin(struct expiry *expiry, struct registry *registry, const struct expiry_rule *rule)
{
    reset(expiry);
    expiry->rule = *rule;
    expiry->shortest_ttl_ns = INT64_MAX;
    expiry->snapshot = registry_snapshot(registry);
    /* Room for all of them: it is not touched unless it is needed, but growing would copy it. */
    allocate(expiry, expiry->snapshot->n_series);
}

/* Returns false without room for it. */
static bool look_at(struct expiry *expiry, struct series *series)
{
    int64_t ttl_ns = ttl_of(&expiry->rule, series->family), touched_ns;

    if (ttl_ns == 0)
        return true;
    if (ttl_ns < expiry->shortest_ttl_ns)
        expiry->shortest_ttl_ns = ttl_ns;
    touched_ns = series_touched_ns(series);
    /* If there was no memory for a new snapshot, this one may include removed series. */
    return !is_due(&expiry->rule, ttl_ns, touched_ns) || series_state(series) == SERIES_REMOVED ||
           add_item(expiry, series, touched_ns);
}

/* Look at up to @n series. */
static void look_at_some(struct expiry *expiry, size_t n)
{
    const struct snapshot *snapshot = expiry->snapshot;
    size_t end = snapshot->n_series - expiry->n_seen < n ? snapshot->n_series : expiry->n_seen + n;

    while (expiry->n_seen < end) {
        if (expiry->n_seen + PREFETCH < end)
            series_prefetch(snapshot->series[expiry->n_seen + PREFETCH]);
        /* Without room for one, others are still looked at, for the shortest TTL. */
        (void)look_at(expiry, snapshot->series[expiry->n_seen++]);
    }
}

bool expiry_mark(struct expiry *expiry, struct registry *registry, size_t max)
{
    size_t last = expiry->n_seen + max;

    while (expiry->n_seen < last && expiry->n_seen < expiry->snapshot->n_series) {
        size_t n_before = expiry->n_items;

        look_at_some(expiry, REGISTRY_BATCH);
        registry_mark_expiring(registry, expiry->items ? expiry->items + n_before : NULL,
                               expiry->n_items - n_before);
    }
    if (expiry->n_seen < expiry->snapshot->n_series)
        return true;
    snapshot_unref(TAKE(expiry->snapshot));
    return false;
}

/* --- removing ----------------------------------------------------------------------------- */

bool expiry_remove(struct expiry *expiry, struct registry *registry, size_t max)
{
    for (size_t n_done = 0; n_done < max && expiry->n_tried < expiry->n_items;) {
        struct sweep_item *items = expiry->items + expiry->n_tried;
        size_t left = expiry->n_items - expiry->n_tried;
        size_t n = left < REGISTRY_BATCH ? left : REGISTRY_BATCH;

        if (!registry_remove_expiring(registry, items, n))
            return true;
        for (size_t i = 0; i < n; i++) {
            expiry->n_removed += items[i].is_removed;
            expiry->n_unscraped +=
                items[i].is_removed && !is_shown(&expiry->rule, items[i].touched_ns);
        }
        expiry->n_tried += n;
        n_done += n;
    }
    return expiry->n_tried < expiry->n_items;
}

size_t expiry_take_ended(struct expiry *expiry, struct registry *registry)
{
    reset(expiry);
    expiry->items = registry_take_ended(registry, &expiry->n_items);
    expiry->n_max = expiry->n_items;
    return expiry->n_items;
}

/* --- the end ------------------------------------------------------------------------------ */

bool expiry_finish(struct expiry *expiry, size_t max)
{
    for (size_t i = 0; i < max && expiry->n_items > 0; i++)
        series_unref(expiry->items[--expiry->n_items].series);
    if (expiry->n_items > 0)
        return true;
    snapshot_unref(expiry->snapshot);
    if (expiry->items != expiry->reserve)
        free(expiry->items);
    reset(expiry);
    return false;
}

void expiry_deinit(struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->n_items; i++)
        if (series_state(expiry->items[i].series) == SERIES_REMOVED)
            series_release_workers(expiry->items[i].series);
    while (expiry_finish(expiry, SIZE_MAX))
        ;
    free(TAKE(expiry->reserve));
}
