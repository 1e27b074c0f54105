/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Expiry: remove series after their TTL without an update, and lose no sample
 *
 * A sweep consists of these steps. One thread takes them and is responsible for the two waits:
 *
 *      expiry_begin, expiry_mark    series without an update for their TTL become SERIES_EXPIRING
 *        (every worker passes a moment at which it uses no cell)
 *      expiry_remove                those still without an update become SERIES_REMOVED
 *        (every worker calls shard_release)
 *      expiry_finish
 *
 * For series that a sender has ended, expiry_take_ended() replaces the steps up to expiry_remove.
 *
 * There may be a million series. So all but expiry_begin() and expiry_take_ended() do a part of
 * their step, and return whether more is left to do.
 *
 * A series that no scrape has shown since its last sample waits for one, up to a limit, so that a
 * TTL shorter than the scrape interval hides nothing (docs/decisions/0027).
 */

#include "aggregate/registry.h"

/* Which series expire. All times are monotonic and come from the same clock as arrivals. */
struct expiry_rule {
    int64_t now_ns;
    /*
     * Those whose last sample arrived longer ago than this, by type; 0: never. A family may have
     * a TTL of its own (struct metric_spec). …
     */
    int64_t ttl_ns[_METRIC_TYPE_N];
    int64_t unscraped_ttl_ns; /* … and, unless a scrape has shown it, longer ago than this */
    int64_t shown_ns;         /* when the newest scrape that was sent whole began; 0: none yet */
};

/* Zero-initialized, the sweep has not begun, and there is no reserve. */
struct expiry {
    struct expiry_rule rule;
    struct snapshot *snapshot; /* while marking */
    size_t n_seen;             /* series of it */
    int64_t shortest_ttl_ns;   /* of these; INT64_MAX: they never expire */
    struct sweep_item *items;  /* the same in every step */
    size_t n_items;
    size_t n_max;               /* capacity of items */
    bool is_short;              /* there was no memory for all that expire */
    struct sweep_item *reserve; /* of EXPIRY_RESERVE items, for the time when there is no memory */
    size_t n_tried;             /* to remove */
    size_t n_removed;           /* of these, and … */
    size_t n_unscraped; /* … those of them that no scrape has shown since their last sample */
};

/*
 * The time between the arrival of a sample and the moment when every scrape that begins shows it,
 * at most: it may wait in a socket and for its worker. So a scrape has shown a sample for sure if
 * it began this long after the arrival.
 */
#define EXPIRY_LAG_NS INT64_C(1000000000)

/*
 * Series in the reserve. Without other memory a sweep removes at most this many, which gives memory
 * back; the next one removes the rest.
 */
#define EXPIRY_RESERVE 4096

/* Before the first sweep: allocate the reserve. Returns 0 or -ENOMEM. */
MUST_CHECK int expiry_init(struct expiry *expiry);

/* Begin to look for series that expire by @rule. Takes as long as registry_snapshot(). */
void expiry_begin(struct expiry *expiry, struct registry *registry, const struct expiry_rule *rule);

/*
 * Look at up to @max more series, and mark those that expire. After the last of them n_items is
 * their number; if it is 0, expiry_finish() is next. Without memory it finds fewer, and is_short is
 * set.
 */
MUST_CHECK bool expiry_mark(struct expiry *expiry, struct registry *registry, size_t max);

/*
 * Of up to @max more, remove those that were not written since. Workers may still have references
 * on them, and so does the current snapshot (registry_remove_expiring).
 */
MUST_CHECK bool expiry_remove(struct expiry *expiry, struct registry *registry, size_t max);

/*
 * Instead of these steps: take the series that registry_end() has ended. Returns their number; if
 * it is 0, expiry_finish() is next. Takes as long as registry_take_ended().
 */
size_t expiry_take_ended(struct expiry *expiry, struct registry *registry);

/*
 * Finish a sweep, after any of its steps: release up to @max items. After the last of them @expiry
 * can be used for another sweep.
 */
MUST_CHECK bool expiry_finish(struct expiry *expiry, size_t max);

/*
 * The same, at once, after all workers have stopped: also releases the references they had, and the
 * reserve.
 */
void expiry_deinit(struct expiry *expiry);
