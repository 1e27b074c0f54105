/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Line: what a sender wrote, cut where the value begins and ends
 */

#include "base/sample_type.h"
#include "base/slice.h"
#include "base/verdict.h"

#include <stdbool.h>
#include <stdint.h>

/* A line, cut. All slices borrow from the datagram. */
struct line {
    struct slice name;  /* before the first ':', with the tags that some dialects put there */
    struct slice value; /* between that and the first '|' after that */
    struct slice rest;  /* from that '|' on: type, rate and tags; begins with '|' */
    int64_t arrived_ns; /* when it reached this machine, monotonic; 0: not known */
    union {
        double number;     /* the value, when is_number */
        const char *fault; /* when the line was refused: the first byte that cannot be right */
    };
    bool is_number;
    bool is_relative;  /* the value begins with '+' or '-' */
    bool is_dogstatsd; /* it came where a gauge's sign is just a sign */
};

/* Is the value of @line added to a gauge, instead of setting it? */
static inline bool line_is_step(const struct line *line)
{
    return line->is_relative && !line->is_dogstatsd;
}

/* May the value of @line be recorded as a @type at all? VERDICT_APPLIED, or why not. */
static inline enum verdict line_check(const struct line *line, enum sample_type type)
{
    enum sample_value value = sample_type_facts(type)->value;

    if (value == SAMPLE_VALUE_TEXT)
        return line->value.len ? VERDICT_APPLIED : REFUSED_MALFORMED_VALUE;
    if (!line->is_number)
        return REFUSED_MALFORMED_VALUE;
    if (value == SAMPLE_VALUE_AMOUNT && line->number < 0)
        return REFUSED_ILLEGAL_NEGATIVE_COUNTER;
    return VERDICT_APPLIED;
}
