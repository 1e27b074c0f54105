/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Number: doubles from and to text, the same in every locale
 */

#include "base/slice.h"

#include <stdint.h>

/* No honest sender writes a longer number; a refusal is cheaper than a conversion. */
#define NUMBER_LENGTH_MAX 256

/* What number_format() and number_format_uint() need at most, without a NUL. */
#define NUMBER_TEXT_MAX 32

/*
 * Read all of @text as a decimal number: optional sign, digits with an optional
 * point (".5" and "5." are fine), optional exponent. No blanks, hex, NaN or Inf.
 *
 * Returns true and the nearest double in @ret (ties to even), or false and
 * leaves @ret alone when @text is anything else, is longer than
 * NUMBER_LENGTH_MAX, or so large that the nearest would be infinite.
 */
bool number_parse(struct slice text, double *ret);

/*
 * How many bytes at the front of @text could be the beginning of a number: the
 * index of the first byte that makes it none, for a message that points there.
 * That is NUMBER_LENGTH_MAX when only the length is wrong, and all of @text when
 * it is a number, is one but for its size ("1e999"), or ends too early ("1e").
 */
size_t number_valid_prefix(struct slice text);

/*
 * Write @number into @out the way Prometheus reads it: the shortest decimal
 * that gives back the same double, or NaN, +Inf, -Inf. Returns its length.
 */
size_t number_format(char out[NUMBER_TEXT_MAX], double number);

/* Write @number into @out. Returns its length. */
size_t number_format_uint(char out[NUMBER_TEXT_MAX], uint64_t number);
