/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Set
 *
 * A table of hashes cannot be read word by word while it grows, so each cell has a
 * lock. Its owner takes it for every value and nearly always finds it free: a
 * scrape holds it for some microseconds.
 */

#include "aggregate/set.h"

enum verdict set_record(struct set_cell *set, uint64_t hash)
{
    bool is_counted;

    pthread_mutex_lock(&set->lock);
    is_counted = distinct_add(&set->distinct, hash);
    pthread_mutex_unlock(&set->lock);
    return is_counted ? VERDICT_APPLIED : REFUSED_NO_MEMORY;
}

double set_read(_Atomic(struct cell *) *cells, unsigned n_cells)
{
    struct distinct all = { 0 };
    bool is_complete = true;
    double count;

    for (unsigned i = 0; i < n_cells && is_complete; i++) {
        struct cell *cell = atomic_load_explicit(&cells[i], memory_order_acquire);
        struct set_cell *set = (struct set_cell *)cell;

        if (!set)
            continue;
        pthread_mutex_lock(&set->lock);
        is_complete = distinct_merge(&all, &set->distinct);
        pthread_mutex_unlock(&set->lock);
    }
    count = distinct_count(&all);
    distinct_deinit(&all);
    return count;
}
