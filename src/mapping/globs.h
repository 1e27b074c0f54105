/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Globs: which of many globs match a name
 *
 * Cost of a name with S segments among G globs that have S segments as well: S look-ups in a hash
 * table, and in the worst case S * G/64 steps of a few instructions. That bound holds for any globs
 * and any name. Usually one segment tells most globs apart, and G does not matter.
 */

#include "base/compiler.h"
#include "mapping/rule.h"

/* Immutable once made. */
struct globs;

/*
 * Compile the globs among @n rules, for which glob_fault() is NULL. They are borrowed. When
 * @is_unordered, the most specific glob comes first: where two that match the same name differ
 * first, the one with text. Returns 0 or -ENOMEM.
 */
MUST_CHECK int globs_new(struct globs **ret, const struct rule *rules, size_t n, bool is_unordered);
void globs_free(struct globs *globs);
DEFINE_CLEANUP(struct globs *, globs_free)

/* The index of the @i-th glob in order of precedence. Returns false if there are not as many. */
MUST_CHECK bool globs_at(const struct globs *globs, size_t i, size_t *ret_rule);

/* Memory for matching, of one thread. */
struct globs_scratch;

MUST_CHECK int globs_scratch_new(struct globs_scratch **ret, const struct globs *globs);
void globs_scratch_free(struct globs_scratch *scratch);
DEFINE_CLEANUP(struct globs_scratch *, globs_scratch_free)

/*
 * Find all globs that match @name and are for samples of @type, or for any if it is _RULE_TYPE_N.
 * @name is borrowed until the next call. It may be a glob, whose '*' only another '*' matches.
 */
void globs_find(const struct globs *globs, struct globs_scratch *scratch, struct slice name,
                enum rule_type type);

/* The next of those found, in order of precedence. Returns false if there is none left. */
MUST_CHECK bool globs_next(struct globs_scratch *scratch, size_t *ret_rule);

/*
 * What the '*' of the glob that globs_next() returned last stand for: ret[1] the first, and so on.
 * @ret has room for one more than its glob_stars(). ret[0] is empty.
 */
void globs_captures(const struct globs_scratch *scratch, struct slice *ret);
