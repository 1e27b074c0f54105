/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shown: received bytes as a terminal may show them, and the columns that they take
 */

#include "base/buffer.h"
#include "base/metric_spec.h"
#include "base/slice.h"

/*
 * Append @text. Characters of UTF-8 stay; each that a terminal may obey (control characters, marks
 * that change the direction of text) and each byte that is not UTF-8 becomes '?'.
 *
 * Returns the number of columns before @mark, a byte of @text or its end; 0 if it is neither.
 * Some characters take two columns, and some none.
 */
size_t shown_add(struct buffer *out, struct slice text, const char *mark);

/* Append the name of a field, in a column of its own; empty for a further line of a field. */
void shown_begin_field(struct buffer *out, const char *field);

/* Append a field: the quantiles of a summary by @spec, and how long an observation counts. */
void shown_add_quantiles(struct buffer *out, const struct metric_spec *spec);
