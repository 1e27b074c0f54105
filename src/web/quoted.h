/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Quoted: the string literals of PromQL, which are those of Go
 *
 *      "a\tb"    'a\tb'    `a\tb`, in which nothing is escaped
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/slice.h"

/* Whether @c opens a string. */
static inline bool quoted_begins(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/*
 * Take the string at the beginning of @text, which begins with a quote, and append what it stands
 * for to @out. Returns the length with its quotes; or 0 if it is wrong, and then @why says so.
 */
MUST_CHECK size_t quoted_take(struct slice text, struct buffer *out, const char **why);
