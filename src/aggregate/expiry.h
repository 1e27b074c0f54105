/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Expiry: removing series that were not written for their time to live, without losing a sample
 *
 * A sweep is these steps, on one thread, which must see to the two waits:
 *
 *      expiry_mark         make SERIES_EXPIRING what was not written for its time to live
 *        (every worker passes a moment at which it uses no cell)
 *      expiry_remove       make SERIES_REMOVED what is still not written
 *        (every worker calls shard_release)
 *      expiry_finish
 *
 * Series that a sender has ended need only the last steps; expiry_take_ended() comes before them.
 */

#include "aggregate/registry.h"

/* All zero is a sweep that has not begun. */
struct expiry {
    struct sweep_item *items; /* the same ones in every step */
    size_t n_items;
    size_t n_max; /* room in items */
};

/*
 * Find the series that were last written before @now_s - @ttl_s and mark them.
 * Returns how many it found; with 0, expiry_finish() is next. Without memory it finds fewer.
 */
size_t expiry_mark(struct expiry *expiry, struct registry *registry, uint32_t now_s,
                   uint32_t ttl_s);

/* Remove those that are still not written. Returns how many; workers may have references still. */
size_t expiry_remove(struct expiry *expiry, struct registry *registry);

/*
 * Instead of the first two steps: take those that registry_end() has ended. Returns
 * how many; with 0, expiry_finish() is next.
 */
size_t expiry_take_ended(struct expiry *expiry, struct registry *registry);

/* Finish a sweep, after any of its steps. @expiry can begin anew. */
void expiry_finish(struct expiry *expiry);

/* The same when there are no workers any more: what they have not released is released for them. */
void expiry_deinit(struct expiry *expiry);
