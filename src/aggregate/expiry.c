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

#include <stdlib.h>

/* Whether a scrape has shown the sample that arrived at @touched_ns. */
static bool is_shown(const struct expiry_rule *rule, int64_t touched_ns)
{
    return rule->shown_ns - touched_ns >= EXPIRY_LAG_NS;
}

/* Whether a series expires whose last sample arrived at @touched_ns. */
static bool is_due(const struct expiry_rule *rule, int64_t touched_ns)
{
    int64_t idle_ns = rule->now_ns - touched_ns;

    return idle_ns > rule->ttl_ns &&
           (idle_ns > rule->unscraped_ttl_ns || is_shown(rule, touched_ns));
}

static bool add_item(struct expiry *expiry, const struct sweep_item *item)
{
    if (expiry->n_items == expiry->n_max) {
        size_t n_max = expiry->n_max ? 2 * expiry->n_max : 256;
        struct sweep_item *items = realloc(expiry->items, n_max * sizeof(*items));

        if (!items)
            return false;
        expiry->items = items;
        expiry->n_max = n_max;
    }
    series_ref(item->series);
    expiry->items[expiry->n_items++] = *item;
    return true;
}

/* Move the last item to those that a scrape has shown. */
static void put_first(struct expiry *expiry)
{
    struct sweep_item *last = &expiry->items[expiry->n_items - 1];
    struct sweep_item *first_unscraped = &expiry->items[expiry->n_shown++];
    struct sweep_item item = *last;

    *last = *first_unscraped;
    *first_unscraped = item;
}

size_t expiry_mark(struct expiry *expiry, struct registry *registry, const struct expiry_rule *rule)
{
    struct snapshot *snapshot = registry_snapshot(registry);

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct series *series = snapshot->series[i];
        const struct sweep_item item = { series, series_touched_ns(series) };

        /* If there was no memory for a new snapshot, this one may include removed series. */
        if (!is_due(rule, item.touched_ns) || series_state(series) == SERIES_REMOVED)
            continue;
        if (!add_item(expiry, &item))
            break;
        if (is_shown(rule, item.touched_ns))
            put_first(expiry);
    }
    snapshot_unref(snapshot);
    registry_mark_expiring(registry, expiry->items, expiry->n_items);
    return expiry->n_items;
}

size_t expiry_remove(struct expiry *expiry, struct registry *registry, size_t *ret_n_unscraped)
{
    size_t n = 0, n_shown = expiry->n_shown, n_unscraped = expiry->n_items - n_shown;

    *ret_n_unscraped = 0;
    if (n_shown)
        n = registry_remove_expiring(registry, expiry->items, n_shown);
    if (n_unscraped)
        *ret_n_unscraped = registry_remove_expiring(registry, expiry->items + n_shown, n_unscraped);
    return n + *ret_n_unscraped;
}

size_t expiry_take_ended(struct expiry *expiry, struct registry *registry)
{
    expiry->items = registry_take_ended(registry, &expiry->n_items);
    expiry->n_max = expiry->n_items;
    return expiry->n_items;
}

void expiry_finish(struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->n_items; i++)
        series_unref(expiry->items[i].series);
    free(expiry->items);
    *expiry = (struct expiry){ 0 };
}

void expiry_deinit(struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->n_items; i++)
        if (series_state(expiry->items[i].series) == SERIES_REMOVED)
            series_release_workers(expiry->items[i].series);
    expiry_finish(expiry);
}
