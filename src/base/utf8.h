/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UTF-8: validation, and repair
 */

#include "base/buffer.h"
#include "base/slice.h"

/* The most bytes of a character. */
#define UTF8_LENGTH_MAX 4

/* Is all of @text well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
bool utf8_is_valid(struct slice text);

/* The length of the longest well-formed prefix of @text. */
size_t utf8_valid_prefix(struct slice text);

/* Append @text with U+FFFD in place of each byte that is not part of a well-formed character. */
void utf8_repair(struct slice text, struct buffer *out);
