/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * View: the snapshot that scrapes and sweeps get, and what the next one leaves out
 *
 * The caller holds the registry's view_lock; view_share() needs no lock.
 */

#include "aggregate/fresh.h"
#include "aggregate/snapshot.h"
#include "base/compiler.h"

#include <pthread.h>

struct view {
    pthread_mutex_t share_lock; /* held for the moment in which @current changes or gets a reader */
    struct snapshot *current;
    size_t n_to_leave_out; /* SERIES_REMOVED ones that @current or the fresh list still has */
};

/* Begin with an empty snapshot. Returns 0 or -ENOMEM. */
MUST_CHECK int view_init(struct view *view);

/*
 * Release the current snapshot, and the references of snapshots on series that are no longer in
 * the registry; @fresh, the registry's list, may have some too.
 */
void view_deinit(struct view *view, const struct fresh_list *fresh);

/*
 * Bring the current snapshot up to date: it gets the series in @fresh, which was taken from the
 * registry, and none that is SERIES_REMOVED. Returns false without memory: then the caller puts
 * @fresh back, and the snapshot has only been through view_leave_out().
 */
MUST_CHECK bool view_follow(struct view *view, struct fresh_list *fresh);

/*
 * Without memory, free some: if no other thread reads the current snapshot or one before it, it no
 * longer has any SERIES_REMOVED. In any case @fresh has none of them. The caller puts it back.
 */
void view_leave_out(struct view *view, struct fresh_list *fresh);

/*
 * Whether view_follow() takes a few milliseconds at most, with @n_fresh new series and @n_ended
 * that will have to be left out.
 */
bool view_is_quick(const struct view *view, size_t n_fresh, size_t n_ended);

/* The current snapshot, with the caller as a reader. Any thread, and it does not wait for long. */
struct snapshot *view_share(struct view *view);
