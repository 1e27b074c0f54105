/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshot: the list of all series at one moment, in the order of a scrape
 *
 * A snapshot never changes, so a reader may walk it for any length of time while series are added
 * and removed. The series in it stay valid. Their values are live.
 */

#include "aggregate/series.h"
#include "base/compiler.h"

struct snapshot {
    _Atomic unsigned readers; /* references to the list of series */
    _Atomic unsigned refs;    /* one of all readers together, one of the snapshot before it */
    uint64_t number;          /* one more than that of the snapshot before it */
    struct snapshot *next;    /* the one that replaced it; it has a reference on that */
    struct series *removed;   /* series of this one that are not in the next, by next_fresh */
    size_t n_series;
    struct series **series; /* by family name, then by labels; NULL without readers */
};

/* Make an empty snapshot with one reader. Returns NULL without memory. */
struct snapshot *snapshot_new_empty(void);

/*
 * Add a reader; remove one. Any thread; but a reader can be added only while there is another
 * one. snapshot_unref() accepts NULL.
 */
void snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/* The number of its series that come before @series in the order of a scrape, or equal it. */
size_t snapshot_count_until(const struct snapshot *snapshot, const struct series *series);

/*
 * Make the snapshot that follows @old: its series except those that are SERIES_REMOVED, plus
 * @n_fresh new ones; this sorts @fresh. @n_removed must be the exact number of removed series in
 * @old.
 *
 * Returns it with one reader, or NULL without memory. @old takes a reference on it and takes over
 * the references on the removed series. So these are freed after @old and all snapshots before it.
 */
struct snapshot *snapshot_follow(struct snapshot *old, struct series **fresh, size_t n_fresh,
                                 size_t n_removed);

/* The family called @name; NULL if no series in @snapshot is of one. */
const struct family *snapshot_find(const struct snapshot *snapshot, struct slice name);

/*
 * For the time when there is no memory for the next snapshot: let this one leave out its removed
 * series, of which there are exactly @n_removed, and release the references on them. Returns false
 * and changes nothing if anybody reads it or a snapshot before it, except the caller, who has one
 * reader. No other thread may add one meanwhile.
 */
MUST_CHECK bool snapshot_leave_out(struct snapshot *snapshot, size_t n_removed);
