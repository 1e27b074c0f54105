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
#include "base/sample_type.h"
#include "base/verdict.h"

struct names {
    struct table claims; /* struct claim */
    uint64_t seed;
};

/* Release the names of all families. */
void names_deinit(struct names *names);

/* The hash of a name, as names_find() wants it; needs no lock. */
uint64_t names_hash(const struct names *names, struct slice name);

/*
 * The family of @name if a sample of @type may join it.
 *
 * Returns VERDICT_APPLIED and the family in @ret, NULL if the name is free; or, with
 * whoever has the name in @ret, REFUSED_RESERVED_NAME, or REFUSED_TYPE_CONFLICT when
 * its type is another one or the name is taken by a histogram of another name.
 */
MUST_CHECK enum verdict names_find(struct names *names, struct slice name, uint64_t hash,
                                   enum metric_type type, struct family **ret);

/*
 * The family of @name, whatever its type, or NULL. One of udometer's own has all the
 * names that it is exposed under.
 */
struct family *names_holder(struct names *names, struct slice name, uint64_t hash);

/*
 * Take all names of @family, and the caller's reference on it; or nothing. Returns
 * VERDICT_APPLIED; a refusal as above, with the family that has one of the names in @ret; or
 * REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict names_claim(struct names *names, struct family *family,
                                    struct family **ret);

/* Release all of them, and give back the reference, which may free @family. */
void names_release(struct names *names, struct family *family);
