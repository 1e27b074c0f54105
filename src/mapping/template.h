/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Template: text with references to what a rule's match has captured
 *
 * A reference to a group that does not exist, or that captured nothing, is replaced by nothing.
 */

#include "base/arena.h"
#include "base/compiler.h"
#include "base/slice.h"

/* Which references are recognised, in the way of statsd_exporter. */
enum template_syntax {
    /*
     * $1 and ${1}. Letters, digits, '_' and '$' belong to the reference, so $1_total is one, and
     * names no group. Braces need not be a pair. Source: its formatter for globs.
     */
    TEMPLATE_GLOB,
    /*
     * $1, ${1}, $name and ${name}, where letters, digits and '_' belong to the name, and $$ is a
     * dollar sign. Group 0 is the whole match. Other dollar signs are text. Source: Expand() of
     * Go's package regexp. But here a letter that is not ASCII ends a name.
     */
    TEMPLATE_REGEX,
};

/* What a template may refer to: the groups 0 to n - 1. */
struct template_groups {
    enum template_syntax syntax;
    size_t n;
    const struct slice *names; /* of each, or empty; may repeat; NULL: no group has a name */
};

/* A part: text, or a group. */
struct template_part {
    struct slice text;
    size_t group;    /* TEMPLATE_TEXT: text */
    bool is_instead; /* of the same name as the part before; stands for it if that took no part */
};

#define TEMPLATE_TEXT ((size_t)-1)

/* A template, compiled. */
struct template_parts {
    struct template_part *items;
    size_t n;
};

/*
 * Compile @text, which is borrowed, into memory of @arena. @ret_missing is the first reference to a
 * group that does not exist; empty if all exist. Returns 0 or -ENOMEM.
 */
MUST_CHECK int template_compile(struct arena *arena, struct slice text,
                                const struct template_groups *groups, struct template_parts *ret,
                                struct slice *ret_missing);

/*
 * Expand @parts for what its @groups have captured; `at` is NULL in those that took no part.
 * Writes at most @room bytes to @out; or nothing if the template is one part: then @ret borrows
 * from the template or a group. Returns false if the result would be longer than @room.
 */
MUST_CHECK bool template_expand(const struct template_parts *parts, const struct slice *groups,
                                char *out, size_t room, struct slice *ret);
