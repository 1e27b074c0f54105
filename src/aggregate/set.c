/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Set
 *
 * A table of hashes cannot be read word by word while it grows, so each cell has a lock. Its owner
 * takes it for every value. It is nearly always free: a scrape holds it for a few microseconds.
 */

#include "aggregate/set.h"

void set_init(struct cell *cell, const struct buckets *buckets)
{
    pthread_mutex_init(&((struct set_cell *)cell)->lock, NULL);
}

void set_deinit(struct cell *cell)
{
    struct set_cell *set = (struct set_cell *)cell;

    distinct_deinit(&set->distinct);
    pthread_mutex_destroy(&set->lock);
}

enum verdict set_record(struct set_cell *set, uint64_t hash)
{
    bool is_counted;

    pthread_mutex_lock(&set->lock);
    is_counted = distinct_add(&set->distinct, hash);
    pthread_mutex_unlock(&set->lock);
    return is_counted ? VERDICT_APPLIED : REFUSED_NO_MEMORY;
}

void set_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
              struct reading *ret)
{
    struct distinct all = { 0 };
    bool is_complete = true;

    for (unsigned i = 0; i < n_cells && is_complete; i++) {
        struct set_cell *set = (struct set_cell *)cell_load(cells, i);

        if (!set)
            continue;
        pthread_mutex_lock(&set->lock);
        is_complete = distinct_merge(&all, &set->distinct);
        pthread_mutex_unlock(&set->lock);
    }
    ret->value = is_complete ? distinct_count(&all) : (double)NAN;
    distinct_deinit(&all);
}
