/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cause: why samples of a line were refused, in words
 */

#include "aggregate/registry.h"
#include "base/buffer.h"
#include "base/fault.h"
#include "mapping/metric.h"

/* What is known about a refusal. */
struct cause {
    struct fault fault;
    struct registry *registry;   /* has noted a conflict */
    const struct metric *metric; /* as which the name is declared, or NULL */
};

/* Append one clause that says why. */
void cause_add(struct buffer *out, const struct cause *cause);
