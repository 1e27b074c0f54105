/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fresh: the list of series that no snapshot includes yet
 *
 * With the registry's lock held, or on a list that was taken.
 */

#include "aggregate/series.h"
#include "base/must.h"

/* All zero is an empty list. */
struct fresh_list {
    struct series *first; /* linked by next_fresh */
    struct series *last;  /* if there is a first */
    size_t n;
};

static inline void fresh_add(struct fresh_list *fresh, struct series *series)
{
    series->next_fresh = fresh->first;
    fresh->first = series;
    if (!fresh->last)
        fresh->last = series;
    fresh->n++;
}

/* Take over the whole list. */
static inline struct fresh_list fresh_take(struct fresh_list *fresh)
{
    struct fresh_list taken = *fresh;

    *fresh = (struct fresh_list){ 0 };
    return taken;
}

/* Put such a list back; series may have been taken out of it. Takes constant time. */
static inline void fresh_put_back(struct fresh_list *fresh, struct fresh_list taken)
{
    if (!taken.first)
        return;
    taken.last->next_fresh = fresh->first;
    if (fresh->last)
        taken.last = fresh->last;
    taken.n += fresh->n;
    *fresh = taken;
}

/*
 * Take out of @fresh the series that were removed before any snapshot included them, and release
 * the reference that the snapshots would have. Subtracts their number from *@n_to_leave_out.
 */
static inline struct fresh_list fresh_without_removed(struct fresh_list fresh,
                                                      size_t *n_to_leave_out)
{
    struct fresh_list kept = { 0 };
    struct series **link = &kept.first, *next;

    for (struct series *series = fresh.first; series; series = next) {
        next = series->next_fresh;
        if (series_state(series) == SERIES_REMOVED) {
            MUST_BE(*n_to_leave_out, >, (size_t)0);
            --*n_to_leave_out;
            series_unref(series);
        } else {
            *link = kept.last = series;
            link = &series->next_fresh;
            kept.n++;
        }
    }
    *link = NULL;
    return kept;
}
