/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Values: the values of a line, one after the other
 *
 *      for (fault = values_begin(&values, line, &to); values.line; values_next(&values))
 *
 * In the header, because each new series passes here.
 */

#include "base/line.h"
#include "ingest/destination.h"
#include "input/parse.h"

#include <math.h>

struct values {
    const struct line *line; /* the line with the current value alone; NULL after the last one */
    struct slice rest;       /* the values after that; at is NULL if there are none */
    struct line member;
};

static inline void values_cut(struct values *values)
{
    values->line = parse_next_value(&values->rest, &values->member) ? &values->member : NULL;
}

/* Whether the whole value of @line is one value for @to, rather than a pack of numbers. */
static inline bool values_are_one(const struct destination *to, const struct line *line)
{
    if (line->is_number || sample_type_facts(to->type)->value == SAMPLE_VALUE_TEXT)
        return true;
    if (to->treatment && treatment_takes_whole(to->treatment, line))
        return true;
    return !parse_is_packed(line);
}

/*
 * Begin with the first value of @line, which is for @to. Returns NULL; or, if the line is packed
 * and not all of its values are numbers, the fault (parse_packed_fault). There is then no value.
 */
static inline const char *values_begin(struct values *values, const struct line *line,
                                       const struct destination *to)
{
    const char *fault;

    values->line = line;
    values->rest = (struct slice){ NULL, 0 };
    if (values_are_one(to, line))
        return NULL;
    fault = parse_packed_fault(line);
    if (UNLIKELY(fault)) {
        values->line = NULL;
        return fault;
    }
    values->rest = line->value;
    values->member = *line;
    values_cut(values);
    return NULL;
}

/* Go on to the next value. Returns whether the line is packed, so that there may be one. */
static inline bool values_next(struct values *values)
{
    values->line = NULL;
    if (!values->rest.at)
        return false;
    values_cut(values);
    return true;
}

/* 285 years. Longer ages are cut to this, which is as many nanoseconds as fit into an int64_t. */
#define VALUES_AGE_MAX_S 9e9
#define VALUES_NS_PER_S 1e9

/*
 * Of the values from the current one on, which end series (EFFECT_ENDS) and of which the current
 * one passes destination_check(): the shortest age, in ns, rounded up; so what all of them end.
 */
static inline int64_t values_age_ns(const struct values *values, const struct destination *to)
{
    struct values each = *values;
    double shortest_s = VALUES_AGE_MAX_S;

    for (; each.line; values_next(&each))
        if (destination_check(to, each.line) == VERDICT_APPLIED)
            shortest_s = fmin(shortest_s, destination_effect(to, each.line).amount);
    return (int64_t)ceil(shortest_s * VALUES_NS_PER_S);
}
