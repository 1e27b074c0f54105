/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Conflicts
 *
 * A sender that uses a wrong type does so with every sample, so noting a conflict must be cheap:
 * it is looked up in a short list, by its hash alone.
 */

#include "aggregate/conflicts.h"

#include <stddef.h>

static void copy_name(char out[CONFLICT_NAME_MAX + 1], struct slice name)
{
    size_t len = name.len < CONFLICT_NAME_MAX ? name.len : CONFLICT_NAME_MAX;

    memcpy(out, name.at, len);
    out[len] = '\0';
}

/* The entry with this hash, or a new one, which replaces the oldest if the list is full. */
static struct conflict *find(struct conflicts *conflicts, uint64_t hash)
{
    struct conflict *oldest = &conflicts->items[0];

    for (unsigned i = 0; i < conflicts->n; i++) {
        struct conflict *conflict = &conflicts->items[i];

        if (conflict->hash == hash)
            return conflict;
        if (conflict->order < oldest->order)
            oldest = conflict;
    }
    if (conflicts->n < CONFLICTS_MAX)
        oldest = &conflicts->items[conflicts->n++];
    *oldest = (struct conflict){ .hash = hash };
    return oldest;
}

void conflicts_note(struct conflicts *conflicts, struct slice name, uint64_t hash,
                    enum metric_type wanted, const struct conflict_holder *holder)
{
    struct conflict *conflict = find(conflicts, hash + (uint64_t)wanted);

    if (conflict->n_refused == 0)
        copy_name(conflict->name, name);
    copy_name(conflict->held_by, holder->name);
    conflict->wanted = wanted;
    conflict->held = holder->type;
    conflict->is_declared = holder->is_declared;
    conflict->n_refused++;
    conflict->order = ++conflicts->n_refused;
}

const struct conflict *conflicts_latest(const struct conflicts *conflicts)
{
    for (unsigned i = 0; i < conflicts->n; i++)
        if (conflicts->items[i].order == conflicts->n_refused)
            return &conflicts->items[i];
    return NULL;
}
