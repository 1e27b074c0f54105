/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regex: a regular expression of Go's package regexp, matched by PCRE2
 *
 * Cost of a name: it is compiled to machine code, and what backtracking may cost is limited to
 * REGEX_MATCH_LIMIT steps. That takes about 0.1 ms at most (docs/decisions/0032).
 */

#include "base/compiler.h"
#include "base/regex_syntax.h"

/* PCRE2's match limit; names of usual length need less than a hundredth. */
#define REGEX_MATCH_LIMIT 20000

/* Immutable once made. */
struct regex;

/*
 * Compile @pattern, which is borrowed. Returns 0, -ENOMEM, or -EINVAL, and then @fault says why.
 */
MUST_CHECK int regex_new(struct regex **ret, struct slice pattern, struct regex_fault *fault);
void regex_free(struct regex *regex);
DEFINE_CLEANUP(struct regex *, regex_free)

/* Its groups; with group 0, which is the whole match. */
const struct regex_groups *regex_groups(const struct regex *regex);

/* Memory for matching, of one thread. */
struct regex_scratch;

/* Make scratch memory for regexes with up to @n_groups groups. Returns 0 or -ENOMEM. */
MUST_CHECK int regex_scratch_new(struct regex_scratch **ret, size_t n_groups);
void regex_scratch_free(struct regex_scratch *scratch);
DEFINE_CLEANUP(struct regex_scratch *, regex_scratch_free)

enum regex_outcome {
    REGEX_NO_MATCH,
    REGEX_MATCHED,
    REGEX_EXCEEDED, /* the limit, before it was found out */
};

/*
 * Find the leftmost match of @regex in @text, which is valid UTF-8. Of several that begin there, it
 * is the one that backtracking finds first, as in Go. With REGEX_MATCHED, @ret has what each group
 * captured, borrowed from @text; if a group took no part, its `at` is NULL.
 */
enum regex_outcome regex_find(const struct regex *regex, struct regex_scratch *scratch,
                              struct slice text, struct slice *ret);
