/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explanation: explains step by step what a pipeline does with a line
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "ingest/pipeline.h"
#include "web/reserved_names.h"

struct explanation;

/* The same options as those of a daemon. */
struct explanation_options {
    struct pipeline_options pipeline;
    struct registry_options registry; /* its limits; the rest is filled in */
    size_t max_key_bytes;
    struct reserved_names reserved;
    struct pipeline_reading reading; /* of values; all lines are of one sender */
};

/*
 * Make an explanation of lines as a daemon with @options receives them after it has started.
 * Returns 0 or negative errno.
 */
MUST_CHECK int explanation_new(struct explanation **ret, const struct explanation_options *options);
void explanation_free(struct explanation *it);
DEFINE_CLEANUP(struct explanation *, explanation_free)

/*
 * Process the lines of @datagram in order, and print for each: the line, with a caret under the
 * first byte that cannot be right; its fields; what becomes of each tag; the series; and what
 * became of its samples, with the reason.
 */
void explanation_print(struct explanation *it, struct slice datagram);

/* Whether any sample was refused so far. */
bool explanation_has_refused(const struct explanation *it);
