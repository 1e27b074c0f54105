/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explanation: what a line means, step by step, in words
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "ingest/pipeline.h"

struct explanation;

/* What a daemon is told, too. */
struct explanation_options {
    struct pipeline_options pipeline;
    struct registry_options registry; /* how much it may hold */
    size_t max_key_bytes;
    bool is_dogstatsd; /* a gauge's sign is just a sign */
};

/*
 * Make one for lines that come to a daemon with @options that has just started.
 * Returns 0 or negative errno.
 */
MUST_CHECK int explanation_new(struct explanation **ret, const struct explanation_options *options);
void explanation_free(struct explanation *it);
DEFINE_CLEANUP(struct explanation *, explanation_free)

/*
 * Take in the lines of @datagram, one after the other, and print about each of them:
 * the line, with a caret under the first byte that cannot be right; its fields; what
 * becomes of each tag; the series; and what became of its samples, with the reason.
 */
void explanation_print(struct explanation *it, struct slice datagram);

/* Was any sample refused up to now? */
bool explanation_has_refused(const struct explanation *it);
