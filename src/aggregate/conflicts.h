/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conflicts: samples whose name is that of a family, or of a declared metric, of another type
 *
 * A short list for people: the latest distinct conflicts, each with the number of samples
 * refused. The caller holds the registry's lock, unless it works on a copy.
 */

#include "base/sample_type.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* The maximum length of the list. A new entry then replaces the least recently repeated one. */
#define CONFLICTS_MAX 64

/* Longer names are cut to this number of bytes. */
#define CONFLICT_NAME_MAX 256

struct conflict {
    char name[CONFLICT_NAME_MAX + 1];    /* the family name that was refused */
    char held_by[CONFLICT_NAME_MAX + 1]; /* the holder that has that name, or exposes it */
    enum metric_type wanted, held;       /* their types */
    bool is_declared;                    /* the holder is a metric of the config */
    uint64_t hash;                       /* of the name and the wanted type */
    uint64_t n_refused;                  /* samples, since this entry was made */
    uint64_t order;                      /* the list's n_refused when this one was last noted */
};

/* Zero-initialized, the list is empty. */
struct conflicts {
    struct conflict items[CONFLICTS_MAX];
    unsigned n;
    uint64_t n_refused; /* samples, since the start */
};

/* What has a name: a family, or a metric that the config declares. */
struct conflict_holder {
    struct slice name;
    enum metric_type type;
    bool is_declared;
};

/* Note a refused sample of type @wanted, whose @name is @holder's. @hash is the name's. */
void conflicts_note(struct conflicts *conflicts, struct slice name, uint64_t hash,
                    enum metric_type wanted, const struct conflict_holder *holder);

/* The conflict that was noted last, or NULL. */
const struct conflict *conflicts_latest(const struct conflicts *conflicts);
