/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Number: doubles from and to text, the same in every locale
 */

#include "base/slice.h"

#include <stdint.h>

/* No honest sender writes a longer number; a refusal is cheaper than a conversion. */
#define NUMBER_LENGTH_MAX 256

/* The most bytes that number_format() and number_format_uint() write. They write no NUL. */
#define NUMBER_TEXT_MAX 32

/*
 * Parse all of @text as a decimal number: optional sign, digits with an optional
 * point (".5" and "5." are fine), optional exponent. No blanks, hex, NaN or Inf.
 *
 * Returns true and the nearest double in @ret (ties to even). Returns false and leaves
 * @ret unchanged when @text is anything else, is longer than NUMBER_LENGTH_MAX, or so
 * large that the nearest double would be infinite.
 */
bool number_parse(struct slice text, double *ret);

/*
 * The length of the longest prefix of @text that has the form of a number, whatever its length and
 * range. 0 if there is none.
 */
size_t number_prefix(struct slice text);

/*
 * The length of the longest prefix of @text that can begin a number. A message can point
 * to the byte after it. The result is NUMBER_LENGTH_MAX when only the length is wrong, and
 * @text.len when @text is a number, is a number that is too large ("1e999"), or ends too
 * early ("1e").
 */
size_t number_valid_prefix(struct slice text);

/*
 * Write @number to @out in the form that Prometheus reads: the shortest decimal that
 * reads back as the same double, or NaN, +Inf, -Inf. Returns the length.
 */
size_t number_format(char out[NUMBER_TEXT_MAX], double number);

/*
 * The same in the form that OpenMetrics 1.0 wants for the bounds of buckets ("Canonical Numbers"):
 * as Go's %g writes it, and with ".0" if it has neither a point nor an exponent.
 */
size_t number_format_canonical(char out[NUMBER_TEXT_MAX], double number);

/* Write @number to @out. Returns the length. */
size_t number_format_uint(char out[NUMBER_TEXT_MAX], uint64_t number);
