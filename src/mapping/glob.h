/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Glob: a pattern for names
 *
 * A glob has segments between dots, as a name has. A segment is text, or '*' for any text without a
 * dot, which may be empty. A glob matches a name with the same number of segments if all fit.
 */

#include "base/slice.h"

/* Why @match cannot be a glob, and what to write instead; NULL if it can. */
const char *glob_fault(struct slice match);

/* The number of segments in a glob or name; there is at least one, which may be empty. */
size_t glob_segments(struct slice text);

/* The number of '*' in @match. */
size_t glob_stars(struct slice match);

/*
 * The first segment of @match, from 0, which does not match that of @name; SIZE_MAX if all match.
 * @name has as many segments.
 */
size_t glob_difference(struct slice match, struct slice name);

/*
 * Negative if @a is more specific than @b, which has as many segments: where one of them first has
 * a '*' and the other text, @a has the text. Positive if @b is; 0 if each '*' is in both.
 */
int glob_compare(struct slice a, struct slice b);

/*
 * Cut the first segment off @rest. Returns false if there is none left. @is_last is false before
 * the first call.
 */
static inline bool glob_next(struct slice *rest, bool *is_last, struct slice *ret)
{
    if (*is_last)
        return false;
    *is_last = !rest->len || !memchr(rest->at, '.', rest->len);
    *ret = slice_cut(rest, '.');
    return true;
}

static inline bool glob_is_star(struct slice segment)
{
    return segment.len == 1 && segment.at[0] == '*';
}
