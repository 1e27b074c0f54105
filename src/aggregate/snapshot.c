/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Snapshot
 *
 * Each snapshot keeps the next one alive:
 *
 *      oldest reader                        the registry
 *            |                                    |
 *            v                                    v
 *      [snapshot 5] ----> [snapshot 6] ----> [snapshot 7]
 *       removed: a, b      removed: c
 *
 * So when 6 is freed, 5 has been freed before, and no reader can reach c any more. Nothing waits
 * for a reader; a slow one only delays freeing removed series and the one list that it walks. A
 * list without readers is freed at once, and only its link in the chain remains.
 *
 * New series cost a copy of all pointers at the next scrape or sweep: 8 MB and 2 ms at a million
 * series. Workers never pay for it.
 */

#include "aggregate/snapshot.h"

#include "base/must.h"

#include <stdlib.h>

static struct snapshot *snapshot_alloc(size_t n_series)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        return NULL;
    snapshot->series = calloc(n_series ? n_series : 1, sizeof(struct series *));
    if (!snapshot->series) {
        free(snapshot);
        return NULL;
    }
    atomic_init(&snapshot->readers, 1);
    atomic_init(&snapshot->refs, 1);
    return snapshot;
}

struct snapshot *snapshot_new_empty(void)
{
    return snapshot_alloc(0);
}

void snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->readers, 1, memory_order_relaxed);
}

/* Release one of @count references. Returns whether it was the last. */
static bool drop(_Atomic unsigned *count)
{
    unsigned before = atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel);

    MUST_BE(before, >, 0u);
    return before == 1;
}

/* Release a reference on a link of the chain. The last one frees it, and maybe links after it. */
static void release_link(struct snapshot *snapshot)
{
    /* A loop, not a recursion: the chain may be long when a slow reader is done. */
    while (snapshot && drop(&snapshot->refs)) {
        struct snapshot *next = snapshot->next;

        while (snapshot->removed) {
            struct series *series = snapshot->removed;

            snapshot->removed = series->next_fresh;
            series_unref(series);
        }
        free(snapshot);
        snapshot = next;
    }
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot || !drop(&snapshot->readers))
        return;
    free(TAKE(snapshot->series));
    release_link(snapshot);
}

static int compare(const void *a, const void *b)
{
    struct series *const *left = a, *const *right = b;

    return series_compare(*left, *right);
}

/* The number of series before @wanted, among @n sorted ones. */
static size_t count_before(struct series **series, size_t n, const struct series *wanted)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (series_compare(series[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t snapshot_count_until(const struct snapshot *snapshot, const struct series *series)
{
    size_t n = count_before(snapshot->series, snapshot->n_series, series);

    /* No two series of a snapshot are equal. */
    return n + (n < snapshot->n_series && series_compare(snapshot->series[n], series) == 0);
}

/*
 * Append @n series of @old, starting at @from. Removed ones go to its list, which needs no memory:
 * they are in no list of fresh ones. Subtracts their number from @n_removed.
 */
static void append_old(struct snapshot *next, struct snapshot *old, size_t from, size_t n,
                       size_t *n_removed)
{
    for (size_t i = from; i < from + n; i++) {
        struct series *series = old->series[i];

        if (series_state(series) != SERIES_REMOVED) {
            next->series[next->n_series++] = series;
            continue;
        }
        MUST_BE(*n_removed, >, (size_t)0);
        --*n_removed;
        series->next_fresh = old->removed;
        old->removed = series;
    }
}

/* Append @n series of @old, starting at @from; none of them is removed. */
static void append_run(struct snapshot *next, const struct snapshot *old, size_t from, size_t n)
{
    memcpy(next->series + next->n_series, old->series + from, n * sizeof(struct series *));
    next->n_series += n;
}

static void merge(struct snapshot *next, struct snapshot *old, struct series **fresh,
                  size_t n_fresh, size_t n_removed)
{
    bool has_removed = n_removed > 0;
    size_t at = 0;

    for (size_t i = 0; i <= n_fresh; i++) {
        size_t rest = old->n_series - at;
        size_t n = i < n_fresh ? count_before(old->series + at, rest, fresh[i]) : rest;

        /* Checking the state of each series costs a cache miss, and is rarely needed. */
        if (has_removed)
            append_old(next, old, at, n, &n_removed);
        else
            append_run(next, old, at, n);
        at += n;
        if (i < n_fresh)
            next->series[next->n_series++] = fresh[i];
    }
    MUST_BE(n_removed, ==, (size_t)0);
}

struct snapshot *snapshot_follow(struct snapshot *old, struct series **fresh, size_t n_fresh,
                                 size_t n_removed)
{
    struct snapshot *next = snapshot_alloc(old->n_series + n_fresh);

    if (!next)
        return NULL;
    if (n_fresh)
        qsort(fresh, n_fresh, sizeof(*fresh), compare);
    merge(next, old, fresh, n_fresh, n_removed);
    next->number = old->number + 1;
    old->next = next;
    atomic_fetch_add_explicit(&next->refs, 1, memory_order_relaxed);
    return next;
}

const struct family *snapshot_find(const struct snapshot *snapshot, struct slice name)
{
    size_t begin = 0, end = snapshot->n_series;

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        const struct family *family = snapshot->series[middle]->family;
        int order = slice_compare(family->name, name);

        if (order == 0)
            return family;
        if (order < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

/* Only the caller has a reference on it, so it may change as if it were new. */
static bool is_alone(struct snapshot *snapshot)
{
    return atomic_load_explicit(&snapshot->readers, memory_order_acquire) == 1 &&
           atomic_load_explicit(&snapshot->refs, memory_order_acquire) == 1;
}

bool snapshot_leave_out(struct snapshot *snapshot, size_t n_removed)
{
    size_t n_kept = 0;

    if (!is_alone(snapshot))
        return false;
    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct series *series = snapshot->series[i];

        if (series_state(series) == SERIES_REMOVED)
            series_unref(series);
        else
            snapshot->series[n_kept++] = series;
    }
    MUST_BE(snapshot->n_series - n_kept, ==, n_removed);
    snapshot->n_series = n_kept;
    snapshot->number++; /* positions in it have moved */
    return true;
}
