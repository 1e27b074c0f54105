/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expiry
 *
 * A worker looks at is_dying before it writes a cell, but the sweep may set it
 * between that look and the write. So marking takes nothing away yet; it also sets
 * the times of writing to 0, which a write overwrites. Once every worker has passed
 * a moment without a cell in its hands, all later writes have seen the mark and
 * saved the series first, and what was written before shows. Only then is it
 * certain that a removed series loses nothing, however slow a worker or its clock.
 */

#include "aggregate/expiry.h"

#include <stdlib.h>

static bool add_suspect(struct expiry *expiry, struct series *series, uint32_t touched_s)
{
    if (expiry->n_suspects == expiry->n_max) {
        size_t n_max = expiry->n_max ? 2 * expiry->n_max : 256;
        struct suspect *suspects = realloc(expiry->suspects, n_max * sizeof(*suspects));

        if (!suspects)
            return false;
        expiry->suspects = suspects;
        expiry->n_max = n_max;
    }
    series_ref(series);
    expiry->suspects[expiry->n_suspects++] = (struct suspect){ series, touched_s };
    return true;
}

size_t expiry_mark(struct expiry *expiry, struct registry *registry, uint32_t now_s, uint32_t ttl_s)
{
    struct snapshot *snapshot = registry_snapshot(registry);

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct series *series = snapshot->series[i];
        uint32_t touched_s = series_touched_s(series);
        bool is_idle = now_s > touched_s && now_s - touched_s > ttl_s;

        /* Without memory for a new snapshot, removed series may still be in this one. */
        if (is_idle && !series->is_removed && !add_suspect(expiry, series, touched_s))
            break;
    }
    snapshot_unref(snapshot);
    registry_mark_dying(registry, expiry->suspects, expiry->n_suspects);
    return expiry->n_suspects;
}

size_t expiry_remove(struct expiry *expiry, struct registry *registry)
{
    return registry_remove_dying(registry, expiry->suspects, expiry->n_suspects);
}

size_t expiry_take_ended(struct expiry *expiry, struct registry *registry)
{
    expiry->suspects = registry_take_ended(registry, &expiry->n_suspects);
    expiry->n_max = expiry->n_suspects;
    return expiry->n_suspects;
}

void expiry_abandon(struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->n_suspects; i++)
        if (expiry->suspects[i].series->is_removed)
            series_forget_workers(expiry->suspects[i].series);
    expiry_finish(expiry);
}

void expiry_finish(struct expiry *expiry)
{
    for (size_t i = 0; i < expiry->n_suspects; i++)
        series_unref(expiry->suspects[i].series);
    free(expiry->suspects);
    *expiry = (struct expiry){ 0 };
}
