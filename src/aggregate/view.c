/* SPDX-License-Identifier: Apache-2.0 */

/*
 * View
 *
 * Snapshots have a reference on each series that they include or that is fresh, and release it when
 * a later one leaves the series out. A series that was removed before any snapshot included it is
 * taken out of the fresh list.
 */

#include "aggregate/view.h"

#include <errno.h>
#include <stdlib.h>

int view_init(struct view *view)
{
    *view = (struct view){ .current = snapshot_new_empty() };
    return view->current ? 0 : -ENOMEM;
}

static void release_unregistered(const struct snapshot *current, const struct fresh_list *fresh)
{
    struct series *next;

    for (size_t i = 0; i < current->n_series; i++)
        if (!series_is_registered(current->series[i]))
            series_unref(current->series[i]);
    for (struct series *series = fresh->first; series; series = next) {
        next = series->next_fresh;
        if (!series_is_registered(series))
            series_unref(series);
    }
}

void view_deinit(struct view *view, const struct fresh_list *fresh)
{
    if (view->current)
        release_unregistered(view->current, fresh);
    snapshot_unref(view->current);
}

/* The snapshot after the current one, or NULL without memory. */
static struct snapshot *make_next(const struct view *view, const struct fresh_list *fresh)
{
    struct series **array = calloc(fresh->n ? fresh->n : 1, sizeof(*array));
    struct snapshot *next;
    size_t n = 0;

    if (!array)
        return NULL;
    for (struct series *series = fresh->first; series; series = series->next_fresh)
        array[n++] = series;
    next = snapshot_follow(view->current, array, fresh->n, view->n_to_leave_out);
    free(array);
    return next;
}

/* Now n_to_leave_out is the number of those in the current snapshot. */
static void filter(struct view *view, struct fresh_list *fresh)
{
    if (view->n_to_leave_out)
        *fresh = fresh_without_removed(*fresh, &view->n_to_leave_out);
}

/* Let the current snapshot leave out all that it must, unless others read it. */
static void leave_out(struct view *view)
{
    if (view->n_to_leave_out && snapshot_leave_out(view->current, view->n_to_leave_out))
        view->n_to_leave_out = 0;
}

void view_leave_out(struct view *view, struct fresh_list *fresh)
{
    filter(view, fresh);
    leave_out(view);
}

bool view_follow(struct view *view, struct fresh_list *fresh)
{
    struct snapshot *next;

    filter(view, fresh);
    if (!fresh->first && view->n_to_leave_out == 0)
        return true;
    next = make_next(view, fresh);
    if (!next) {
        leave_out(view);
        return false;
    }
    snapshot_unref(view->current);
    view->current = next;
    view->n_to_leave_out = 0;
    return true;
}

struct snapshot *view_share(struct view *view)
{
    snapshot_ref(view->current);
    return view->current;
}
