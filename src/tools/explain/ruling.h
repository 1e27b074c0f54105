/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ruling: what the config does with a name and its labels, in words
 */

#include "base/buffer.h"
#include "input/mapper.h"

/* Where a trace writes, and what it has seen. */
struct ruling {
    struct buffer *out;
    const struct metric *metric; /* as which the last name is declared; NULL: it is not */
};

/* A trace that appends lines: the rule that won, why those before it did not, and so on. */
struct mapper_trace ruling_trace(struct ruling *ruling);

/* Append where @metric is declared: FILE:LINE:COLUMN. */
void ruling_add_place(struct buffer *out, const struct metric *metric);
