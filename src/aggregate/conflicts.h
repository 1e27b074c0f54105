/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conflicts: samples whose name is taken by a family of another type
 *
 * A short list for people: the latest different ones, with how often each was refused. All
 * functions are called with the registry's lock held, but for a copy.
 */

#include "aggregate/family.h"
#include "base/sample_type.h"

/* The most that are listed; then the one that was not repeated for the longest time goes. */
#define CONFLICTS_MAX 64

/* The bytes of a name that are kept. */
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
    uint64_t n_refused; /* samples, since the start */
};

/* Note that a sample of type @wanted was refused, as its @name, with this hash, is @holder's. */
void conflicts_note(struct conflicts *conflicts, struct slice name, uint64_t hash,
                    enum metric_type wanted, const struct family *holder);

/* The one that was noted last, or NULL. */
const struct conflict *conflicts_latest(const struct conflicts *conflicts);
