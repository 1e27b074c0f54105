/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names: which metric names are taken, and by which family
 *
 * A family takes its own name and the other names it is exposed under: a histogram also takes
 * those with _bucket, _sum and _count. So the lines of two families never mix in a scrape. All
 * functions except names_hash() are called with the registry's lock held.
 */

#include "aggregate/family.h"
#include "base/compiler.h"
#include "base/sample_type.h"
#include "base/slots.h"
#include "base/verdict.h"

struct names {
    struct slots claims; /* struct claim */
    uint64_t seed;
};

/* Release the names of all families. */
void names_deinit(struct names *names);

/* The hash of @name for the functions below. */
uint64_t names_hash(const struct names *names, struct slice name);

/*
 * Find the family of @name for a sample of @type.
 *
 * Returns VERDICT_APPLIED with the family in @ret, or NULL there if the name is free. Returns
 * REFUSED_RESERVED_NAME if the name is udometer's own, or REFUSED_TYPE_CONFLICT if a family of
 * another type or another name has taken it; @ret is then the family that has taken the name.
 */
MUST_CHECK enum verdict names_find(struct names *names, struct slice name, uint64_t hash,
                                   enum metric_type type, struct family **ret);

/*
 * The family called @name, of any type, or NULL. udometer's own families are found under every
 * name they are exposed under.
 */
struct family *names_holder(struct names *names, struct slice name, uint64_t hash);

/*
 * Take all names of @family, and take over the caller's reference on it. Returns VERDICT_APPLIED;
 * one of the refusals above, with the family that has one of the names in @ret; or
 * REFUSED_NO_MEMORY. If it fails, nothing is taken.
 */
MUST_CHECK enum verdict names_claim(struct names *names, struct family *family,
                                    struct family **ret);

/* Release all names of @family and the reference, which may free @family. */
void names_release(struct names *names, struct family *family);
