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

static bool add_item(struct expiry *expiry, struct series *series, int64_t touched_ns)
{
    if (expiry->n_items == expiry->n_max) {
        size_t n_max = expiry->n_max ? 2 * expiry->n_max : 256;
        struct sweep_item *items = realloc(expiry->items, n_max * sizeof(*items));

        if (!items)
            return false;
        expiry->items = items;
        expiry->n_max = n_max;
    }
    series_ref(series);
    expiry->items[expiry->n_items++] = (struct sweep_item){ series, touched_ns };
    return true;
}

size_t expiry_mark(struct expiry *expiry, struct registry *registry, int64_t now_ns, int64_t ttl_ns)
{
    struct snapshot *snapshot = registry_snapshot(registry);

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct series *series = snapshot->series[i];
        int64_t touched_ns = series_touched_ns(series);
        bool is_idle = now_ns - touched_ns > ttl_ns;

        /* If there was no memory for a new snapshot, this one may include removed series. */
        if (is_idle && series_state(series) != SERIES_REMOVED &&
            !add_item(expiry, series, touched_ns))
            break;
    }
    snapshot_unref(snapshot);
    registry_mark_expiring(registry, expiry->items, expiry->n_items);
    return expiry->n_items;
}

size_t expiry_remove(struct expiry *expiry, struct registry *registry)
{
    return registry_remove_expiring(registry, expiry->items, expiry->n_items);
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
