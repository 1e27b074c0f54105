/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names: which metric names are taken, and by which family
 *
 * A family takes its own name and the others that it is exposed under, as a histogram's with
 * _bucket, _sum and _count. So the lines of two families can never mix. All functions but
 * names_hash() are called with the registry's lock held.
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

/* The hash of a name, for the functions below. */
uint64_t names_hash(const struct names *names, struct slice name);

/*
 * The family of @name if a sample of @type may join it.
 *
 * Returns VERDICT_APPLIED and the family in @ret, which is NULL if the name is free. Returns
 * REFUSED_RESERVED_NAME, or REFUSED_TYPE_CONFLICT if the family has another type or another
 * name; then the family that has taken the name is in @ret.
 */
MUST_CHECK enum verdict names_find(struct names *names, struct slice name, uint64_t hash,
                                   enum metric_type type, struct family **ret);

/*
 * The family that is called @name, whatever its type, or NULL. Those of udometer itself are
 * found under every name that they are exposed under.
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
