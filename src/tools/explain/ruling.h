/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ruling: what the config does with a name and its labels, in words
 */

#include "base/buffer.h"
#include "input/mapper.h"

/* A trace that appends lines to @out: the rule that won, why those before it did not, and so on. */
struct mapper_trace ruling_trace(struct buffer *out);
