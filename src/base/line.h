/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Line: a sender's line, split at the beginning and the end of the value
 */

#include "base/sample_type.h"
#include "base/slice.h"
#include "base/verdict.h"

#include <stdbool.h>
#include <stdint.h>

/* A line, split. All slices borrow from the datagram. */
struct line {
    struct slice name;  /* before the first ':', with the tags that some dialects put there */
    struct slice value; /* between that and the first '|' after that */
    struct slice rest;  /* from that '|' on: type, rate and tags; begins with '|' */
    int64_t arrived_ns; /* arrival at this machine, monotonic; in order from each source */
    union {
        double number;     /* the value, when is_number */
        const char *fault; /* when the line was refused: the first byte that cannot be right */
    };
    bool is_number;
    bool is_relative;  /* the value begins with '+' or '-' */
    bool is_dogstatsd; /* its listener takes a gauge's sign as just a sign */
};

/* The whole line as parse_line() has cut it: from its name to the end of its rest. */
static inline struct slice line_text(const struct line *line)
{
    const char *end = line->rest.at + line->rest.len;

    return (struct slice){ line->name.at, (size_t)(end - line->name.at) };
}

/* Is the value of @line added to a gauge rather than assigned to it? */
static inline bool line_is_step(const struct line *line)
{
    return line->is_relative && !line->is_dogstatsd;
}

/* Can the value of @line be recorded as @type? Returns VERDICT_APPLIED, or why it is refused. */
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
