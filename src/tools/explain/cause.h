/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cause: why samples of a line were refused, in words
 */

#include "aggregate/registry.h"
#include "base/buffer.h"
#include "base/verdict.h"
#include "mapping/metric.h"

/* What is known about a refusal. */
struct cause {
    enum verdict verdict;
    struct slice line;
    const char *fault;                 /* the byte of the line that cannot be right, or NULL */
    struct slice value;                /* of the first sample that was refused */
    const struct treatment *treatment; /* of it, or NULL */
    struct registry *registry;         /* has noted a conflict */
    const struct metric *metric;       /* as which the name is declared, or NULL */
};

/* Append one clause that says why. */
void cause_add(struct buffer *out, const struct cause *cause);
