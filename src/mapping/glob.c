/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Glob
 *
 * One glob on its own, for reading files and for explaining. mapping/globs.c matches many at once.
 */

#include "mapping/glob.h"

#include <stdint.h>

static bool is_glob_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static const char *segment_fault(struct slice segment)
{
    if (segment.len == 0)
        return "a segment of a glob cannot be empty; write '*', which also matches an empty one";
    if (glob_is_star(segment))
        return NULL;
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.at[i] == '*')
            return "'*' in a glob stands for a whole segment between dots; for a part of one, use "
                   "match_type: regex";
        if (!is_glob_char(segment.at[i]))
            return "a glob has letters, digits, '_' and '-' between its dots, or '*'; for other "
                   "characters, use match_type: regex";
    }
    return NULL;
}

const char *glob_fault(struct slice match)
{
    const char *fault = NULL;
    struct slice segment;
    bool is_last = false;

    while (!fault && glob_next(&match, &is_last, &segment))
        fault = segment_fault(segment);
    return fault;
}

size_t glob_stars(struct slice match)
{
    struct slice segment;
    bool is_last = false;
    size_t n = 0;

    while (glob_next(&match, &is_last, &segment))
        n += glob_is_star(segment);
    return n;
}

size_t glob_segments(struct slice text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '.';
    return n;
}

size_t glob_difference(struct slice match, struct slice name)
{
    bool is_last = false, is_last_of_name = false;
    struct slice segment, sent;

    for (size_t i = 0; glob_next(&match, &is_last, &segment); i++)
        if (!glob_next(&name, &is_last_of_name, &sent) ||
            (!glob_is_star(segment) && !slice_equal(segment, sent)))
            return i;
    return SIZE_MAX;
}

int glob_compare(struct slice a, struct slice b)
{
    bool a_is_last = false, b_is_last = false;
    struct slice in_a, in_b;

    while (glob_next(&a, &a_is_last, &in_a) && glob_next(&b, &b_is_last, &in_b))
        if (glob_is_star(in_a) != glob_is_star(in_b))
            return glob_is_star(in_a) ? 1 : -1;
    return 0;
}
