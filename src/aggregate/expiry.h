/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Expiry: remove series after their TTL without an update, and lose no sample
 *
 * A sweep consists of these steps. One thread takes them and is responsible for the two waits:
 *
 *      expiry_mark         series without an update for their TTL become SERIES_EXPIRING
 *        (every worker passes a moment at which it uses no cell)
 *      expiry_remove       those still without an update become SERIES_REMOVED
 *        (every worker calls shard_release)
 *      expiry_finish
 *
 * For series that a sender has ended, expiry_take_ended() replaces the steps up to expiry_remove.
 */

#include "aggregate/registry.h"

/* Zero-initialized, the sweep has not begun. */
struct expiry {
    struct sweep_item *items; /* the same in every step */
    size_t n_items;
    size_t n_max; /* capacity of items */
};

/*
 * Find the series whose last sample arrived more than @ttl_ns before @now_ns, and mark them.
 * Returns the number found; if it is 0, expiry_finish() is next. Without memory it finds fewer.
 */
size_t expiry_mark(struct expiry *expiry, struct registry *registry, int64_t now_ns,
                   int64_t ttl_ns);

/*
 * Remove those that were not written since. Returns their number. Workers may still have
 * references on them.
 */
size_t expiry_remove(struct expiry *expiry, struct registry *registry);

/*
 * Instead of the first two steps: take the series that registry_end() has ended. Returns their
 * number; if it is 0, expiry_finish() is next.
 */
size_t expiry_take_ended(struct expiry *expiry, struct registry *registry);

/* Finish a sweep, after any of its steps. @expiry can then be used for another one. */
void expiry_finish(struct expiry *expiry);

/* The same after all workers have stopped: also releases the references they still had. */
void expiry_deinit(struct expiry *expiry);
