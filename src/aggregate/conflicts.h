/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conflicts: who wanted a name with a type that it does not have
 *
 * A short list for people: the latest different ones, with how often each was
 * refused. Callers bring the registry's lock.
 */

#include "aggregate/family.h"
#include "base/sample_type.h"

/* So many are remembered; the one that was not repeated for longest makes room. */
#define CONFLICTS_MAX 64

/* Longer names are cut. */
#define CONFLICT_NAME_MAX 256

struct conflict {
    char name[CONFLICT_NAME_MAX + 1];    /* of the family that was refused */
    char held_by[CONFLICT_NAME_MAX + 1]; /* and of the one that has, or exposes, that name */
    enum metric_type wanted, held;       /* their types */
    uint64_t hash;                       /* of the name and the wanted type */
    uint64_t n_refused;                  /* samples, since this entry was made */
    uint64_t order;                      /* grows with each refusal of any */
};

/* All zero is an empty list. */
struct conflicts {
    struct conflict items[CONFLICTS_MAX];
    unsigned n;
    uint64_t n_refused; /* all in all */
};

/* Note that @name, with this hash, was wanted as a @wanted and is @holder's. */
void conflicts_note(struct conflicts *conflicts, struct slice name, uint64_t hash,
                    enum metric_type wanted, const struct family *holder);

/* The latest of them, or NULL. */
const struct conflict *conflicts_latest(const struct conflicts *conflicts);
