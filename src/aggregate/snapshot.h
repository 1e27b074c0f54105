/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshot: the list of all series, in the order of a scrape, as it was once
 *
 * A snapshot never changes, so whoever holds a reference may walk it for as long
 * as it likes while series come and go; the series in it stay valid too. What
 * they are worth is read live.
 */

#include "aggregate/series.h"
#include "base/compiler.h"

struct snapshot {
    _Atomic unsigned readers; /* who may walk it */
    _Atomic unsigned refs;    /* the readers' one, and that of the snapshot before it */
    struct snapshot *next;    /* the one that replaced it, on which it holds a reference */
    struct series **removed;  /* series that are in this one and not in the next */
    size_t n_removed;
    size_t n_series;
    struct series **series; /* by family name, then by labels; NULL without readers */
};

/* An empty snapshot with one reader, or NULL. */
struct snapshot *snapshot_new_empty(void);

/* Become, and stop being, a reader. Any thread; to become one, be one, or know of one. */
void snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot);

/*
 * Make the snapshot that follows @old: its series without those that are
 * SERIES_REMOVED, with the @n_fresh new ones, which get sorted.
 * @n_removed says how many are removed, all of them in @old; it must be right.
 *
 * Returns it with one reader, and @old keeps it from going before @old does, for
 * the sake of the removed series: they are freed when nobody can see them any
 * longer, which is when @old and all before it are gone. Returns NULL without
 * memory.
 */
struct snapshot *snapshot_follow(struct snapshot *old, struct series **fresh, size_t n_fresh,
                                 size_t n_removed);
