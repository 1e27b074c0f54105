/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshot: the list of all series at one moment, in the order of a scrape
 *
 * A snapshot never changes, so a reader may walk it for as long as it likes while series come
 * and go; the series in it stay valid too. Their values are read live.
 */

#include "aggregate/series.h"
#include "base/compiler.h"

struct snapshot {
    _Atomic unsigned readers; /* threads that may walk it */
    _Atomic unsigned refs;    /* the readers' one, and that of the snapshot before it */
    struct snapshot *next;    /* the one that replaced it, on which it holds a reference */
    struct series **removed;  /* series that are in this one and not in the next */
    size_t n_removed;
    size_t n_series;
    struct series **series; /* by family name, then by labels; NULL without readers */
};

/* An empty snapshot with one reader, or NULL. */
struct snapshot *snapshot_new_empty(void);

/*
 * Become, and stop being, a reader. Any thread; but to become one, there must be another that
 * stays one meanwhile. NULL is fine for the second.
 */
void snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/*
 * Make the snapshot that follows @old: its series without those that are SERIES_REMOVED, and
 * with @n_fresh new ones, which get sorted. @n_removed is the number of removed ones, all of them
 * in @old; it must be right.
 *
 * Returns it with one reader, or NULL without memory. @old has a reference on it, and takes over
 * the references on the removed series, so these are freed when no snapshot that has them is
 * left: neither @old nor one before it.
 */
struct snapshot *snapshot_follow(struct snapshot *old, struct series **fresh, size_t n_fresh,
                                 size_t n_removed);
