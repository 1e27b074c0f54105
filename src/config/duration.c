/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Duration
 *
 * The parts are added as long doubles, whose 64 bits of mantissa hold every int64_t.
 */

#include "config/duration.h"

#include "base/number.h"

#include <math.h>

static const struct {
    struct slice name;
    long double ns;
} units[] = {
    { { "ns", 2 }, 1 },           { { "us", 2 }, 1e3L },   { { "\xc2\xb5s", 3 }, 1e3L },
    { { "\xce\xbcs", 3 }, 1e3L }, { { "ms", 2 }, 1e6L },   { { "s", 1 }, 1e9L },
    { { "m", 1 }, 60e9L },        { { "h", 1 }, 3600e9L }, { { "d", 1 }, 86400e9L },
};

static bool is_digit_or_point(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

/* Cut the bytes before or after the next change between numbers and units. */
static struct slice cut(struct slice *rest, bool is_number)
{
    struct slice part = { rest->at, 0 };

    while (part.len < rest->len && is_digit_or_point(rest->at[part.len]) == is_number)
        part.len++;
    *rest = (struct slice){ rest->at + part.len, rest->len - part.len };
    return part;
}

/* The nanoseconds of a unit; 0 if there is none of this name. */
static long double find_unit(struct slice name)
{
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (slice_equal(units[i].name, name))
            return units[i].ns;
    return 0;
}

/* @text without its sign, and not empty. */
static enum duration_outcome add_parts(struct slice text, long double *ns)
{
    bool is_first = true;

    while (text.len) {
        double number;
        struct slice unit;
        long double unit_ns;

        if (!number_parse(cut(&text, true), &number))
            return DURATION_INVALID;
        unit = cut(&text, false);
        if (unit.len == 0)
            return !is_first ? DURATION_INVALID
                             : (number == 0 ? DURATION_ZERO_WITHOUT_UNIT : DURATION_NO_UNIT);
        unit_ns = find_unit(unit);
        if (unit_ns == 0)
            return DURATION_INVALID;
        *ns += (long double)number * unit_ns;
        is_first = false;
    }
    return DURATION_VALID;
}

enum duration_outcome duration_parse(struct slice text, int64_t *ret_ns)
{
    bool is_negative = text.len && text.at[0] == '-';
    long double ns = 0;
    enum duration_outcome outcome;

    if (text.len && (text.at[0] == '-' || text.at[0] == '+'))
        text = (struct slice){ text.at + 1, text.len - 1 };
    if (text.len == 0)
        return DURATION_INVALID;
    outcome = add_parts(text, &ns);
    if (outcome == DURATION_VALID && is_negative && ns > 0)
        return DURATION_NEGATIVE;
    if (outcome == DURATION_VALID && ns >= 0x1p63L)
        return DURATION_TOO_LONG;
    if (outcome == DURATION_VALID || outcome == DURATION_ZERO_WITHOUT_UNIT)
        *ret_ns = llroundl(ns);
    return outcome;
}
