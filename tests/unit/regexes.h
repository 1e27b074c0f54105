/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regexes: what tests of regular expressions expect
 */

#include "unit.h"

#include "base/regex.h"

#include <stdio.h>

enum { REGEX_GROUPS_MAX = 32 };

/* @pattern must find in @text the match and its groups, as in "ab|a|b", or nothing if NULL. */
static inline void must_match(const char *pattern, const char *text, const char *expected)
{
    CLEANUP(regex_freep) struct regex *regex = NULL;
    CLEANUP(regex_scratch_freep) struct regex_scratch *scratch = NULL;
    struct slice groups[REGEX_GROUPS_MAX];
    struct regex_fault fault;
    enum regex_outcome outcome;
    char found[512] = "";
    size_t len = 0;

    if (regex_new(&regex, slice_of(pattern), &fault) < 0)
        fail_msg("%s: %s (at %zu)", pattern, fault.text, fault.at);
    assert_true(regex_groups(regex)->n <= REGEX_GROUPS_MAX);
    assert_int_equal(regex_scratch_new(&scratch, REGEX_GROUPS_MAX), 0);
    outcome = regex_find(regex, scratch, slice_of(text), groups);
    for (size_t i = 0; outcome == REGEX_MATCHED && i < regex_groups(regex)->n; i++)
        len += (size_t)snprintf(found + len, sizeof(found) - len, i ? "|%.*s" : "%.*s",
                                (int)groups[i].len, groups[i].len ? groups[i].at : "");
    if (outcome != (expected ? REGEX_MATCHED : REGEX_NO_MATCH))
        fail_msg("%s in \"%s\": outcome %d", pattern, text, outcome);
    if (expected && strcmp(found, expected) != 0)
        fail_msg("%s in \"%s\" finds \"%s\", not \"%s\"", pattern, text, found, expected);
}

/* Go would refuse @pattern, and the fault at byte @at says so with @words. */
static inline void must_refuse(const char *pattern, size_t at, const char *words)
{
    struct regex *regex;
    struct regex_fault fault;

    if (regex_new(&regex, slice_of(pattern), &fault) != -22)
        fail_msg("%s is not refused", pattern);
    if (!strstr(fault.text, words))
        fail_msg("%s: \"%s\" does not say \"%s\"", pattern, fault.text, words);
    if (fault.at != at)
        fail_msg("%s: \"%s\" at %zu, not %zu", pattern, fault.text, fault.at, at);
}
