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
 *
 * A series that no scrape has shown since its last sample waits for one, up to a limit, so that a
 * TTL shorter than the scrape interval hides nothing (docs/decisions/0027).
 */

#include "aggregate/registry.h"

/* Zero-initialized, the sweep has not begun. */
struct expiry {
    struct sweep_item *items; /* the same in every step; those that a scrape has shown come first */
    size_t n_items;
    size_t n_shown;
    size_t n_max; /* capacity of items */
};

/* Which series expire. All times are monotonic and come from the same clock as arrivals. */
struct expiry_rule {
    int64_t now_ns;
    int64_t ttl_ns;           /* those whose last sample arrived longer ago than this … */
    int64_t unscraped_ttl_ns; /* … and, unless a scrape has shown it, longer ago than this */
    int64_t shown_ns;         /* when the newest scrape that was sent whole began; 0: none yet */
};

/*
 * The time between the arrival of a sample and the moment when every scrape that begins shows it,
 * at most: it may wait in a socket and for its worker. So a scrape has shown a sample for sure if
 * it began this long after the arrival.
 */
#define EXPIRY_LAG_NS INT64_C(1000000000)

/*
 * Find the series that expire by @rule, and mark them. Returns the number found; if it is 0,
 * expiry_finish() is next. Without memory it finds fewer.
 */
size_t expiry_mark(struct expiry *expiry, struct registry *registry,
                   const struct expiry_rule *rule);

/*
 * Remove those that were not written since. Returns their number, and in @ret_n_unscraped how many
 * of them no scrape has shown since their last sample. Workers may still have references on them.
 */
size_t expiry_remove(struct expiry *expiry, struct registry *registry, size_t *ret_n_unscraped);

/*
 * Instead of the first two steps: take the series that registry_end() has ended. Returns their
 * number; if it is 0, expiry_finish() is next.
 */
size_t expiry_take_ended(struct expiry *expiry, struct registry *registry);

/* Finish a sweep, after any of its steps. @expiry can then be used for another one. */
void expiry_finish(struct expiry *expiry);

/* The same after all workers have stopped: also releases the references they still had. */
void expiry_deinit(struct expiry *expiry);
