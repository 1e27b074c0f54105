/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Duration: a time span as text, in the form of Go's time.ParseDuration() and with days
 *
 *      90s   1h30m   1.5h   250ms   7d   0
 */

#include "base/compiler.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum duration_outcome {
    DURATION_VALID,
    DURATION_ZERO_WITHOUT_UNIT, /* "0" */
    DURATION_NO_UNIT,           /* a number, but not of what */
    DURATION_NEGATIVE,
    DURATION_TOO_LONG, /* more nanoseconds than an int64_t takes, about 292 years */
    DURATION_INVALID,
};

/*
 * Parse all of @text: numbers, each with a unit out of ns, us, µs, ms, s, m, h and d, which are
 * added. Sets *@ret_ns for the first two outcomes; rounded to the nearest nanosecond.
 */
MUST_CHECK enum duration_outcome duration_parse(struct slice text, int64_t *ret_ns);
