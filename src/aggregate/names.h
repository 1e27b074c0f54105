/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names: which metric names are taken, and by whom
 *
 * A histogram takes four: its own and those it is exposed under. So no family can
 * ever appear in the lines of another. Callers bring the registry's lock.
 */

#include "aggregate/family.h"
#include "base/compiler.h"

struct names {
    struct table claims; /* struct claim */
    uint64_t seed;
};

/* Forget all claims, and free the families that are udometer's own. */
void names_deinit(struct names *names);

/* The hash of a name, as names_find() wants it; needs no lock. */
uint64_t names_hash(const struct names *names, struct slice name);

/*
 * The family of @name if a sample of @type may join it.
 *
 * Returns VERDICT_APPLIED and the family in @ret, NULL if the name is free;
 * REFUSED_RESERVED_NAME; or REFUSED_TYPE_CONFLICT when its type is another one or
 * the name is taken by a histogram of another name.
 */
MUST_CHECK enum verdict names_find(struct names *names, struct slice name, uint64_t hash,
                                   enum metric_type type, struct family **ret);

/* Take all names of @family, or none: VERDICT_APPLIED, or a refusal as above or NO_MEMORY. */
MUST_CHECK enum verdict names_claim(struct names *names, struct family *family);

/* Let all of them go. */
void names_release(struct names *names, struct family *family);
