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

/* The most series that are new, or gone; and with any gone, the most in all: each is looked at. */
#define QUICK_MAX 1000
#define QUICK_SERIES_MAX 100000

int view_init(struct view *view)
{
    *view = (struct view){ .current = snapshot_new_empty() };
    pthread_mutex_init(&view->share_lock, NULL);
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
    pthread_mutex_destroy(&view->share_lock);
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
    pthread_mutex_lock(&view->share_lock); /* so that it gets no reader meanwhile */
    if (view->n_to_leave_out && snapshot_leave_out(view->current, view->n_to_leave_out))
        view->n_to_leave_out = 0;
    pthread_mutex_unlock(&view->share_lock);
}

void view_leave_out(struct view *view, struct fresh_list *fresh)
{
    filter(view, fresh);
    leave_out(view);
}

bool view_follow(struct view *view, struct fresh_list *fresh)
{
    struct snapshot *next, *last = view->current;

    filter(view, fresh);
    if (!fresh->first && view->n_to_leave_out == 0)
        return true;
    next = make_next(view, fresh);
    if (!next) {
        leave_out(view);
        return false;
    }
    pthread_mutex_lock(&view->share_lock);
    view->current = next;
    pthread_mutex_unlock(&view->share_lock);
    snapshot_unref(last); /* this may free many series */
    view->n_to_leave_out = 0;
    return true;
}

bool view_is_quick(const struct view *view, size_t n_fresh, size_t n_ended)
{
    size_t n_gone = view->n_to_leave_out + n_ended;

    return n_fresh <= QUICK_MAX && n_gone <= QUICK_MAX &&
           (n_gone == 0 || view->current->n_series <= QUICK_SERIES_MAX);
}

struct snapshot *view_share(struct view *view)
{
    struct snapshot *snapshot;

    pthread_mutex_lock(&view->share_lock);
    snapshot = view->current;
    snapshot_ref(snapshot);
    pthread_mutex_unlock(&view->share_lock);
    return snapshot;
}
