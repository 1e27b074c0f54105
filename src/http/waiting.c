/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Waiting
 *
 * A count of wakes closes the gap between finding nothing and being suspended: whoever finds it
 * changed looks again.
 */

#include "http/waiting.h"

#include <microhttpd.h>

void waiting_init(struct waiting *waiting)
{
    *waiting = (struct waiting){ 0 };
    pthread_mutex_init(&waiting->lock, NULL);
}

void waiting_deinit(struct waiting *waiting)
{
    pthread_mutex_destroy(&waiting->lock);
}

bool waiting_begin(struct waiting *waiting, struct waiter *waiter, unsigned n_wakes)
{
    bool may_wait;

    pthread_mutex_lock(&waiting->lock);
    may_wait = atomic_load(&waiting->n_wakes) == n_wakes;
    if (may_wait) {
        waiter->is_waiting = true;
        waiter->next = waiting->first;
        waiting->first = waiter;
        MHD_suspend_connection(waiter->connection);
    }
    pthread_mutex_unlock(&waiting->lock);
    return may_wait;
}

void waiting_wake(struct waiting *waiting)
{
    struct waiter *waiter, *next;

    pthread_mutex_lock(&waiting->lock);
    atomic_fetch_add(&waiting->n_wakes, 1);
    for (waiter = TAKE(waiting->first); waiter; waiter = next) {
        next = waiter->next; /* once resumed, it may be gone */
        waiter->is_waiting = false;
        MHD_resume_connection(waiter->connection);
    }
    pthread_mutex_unlock(&waiting->lock);
}

void waiting_stop(struct waiting *waiting)
{
    atomic_store(&waiting->is_stopping, true);
    waiting_wake(waiting);
}
