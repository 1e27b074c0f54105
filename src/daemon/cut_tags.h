/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cut tags: logs lines in which a '|' has ended the value of a tag, one for each name
 */

#include "base/once.h"
#include "ingest/suspect.h"

/* The most bytes of a line that are logged. */
#define CUT_TAGS_LINE_MAX 512

/* For all workers. */
struct cut_tags {
    struct once names;
    uint64_t seed; /* of the hashes of names */
};

/* The sink that logs for @cut_tags, which is borrowed. Any thread may call it. */
struct suspect_sink cut_tags_sink(struct cut_tags *cut_tags);
