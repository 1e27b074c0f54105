/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Report: what came out of "udometer bench", for people or as JSON
 */

#include "base/buffer.h"
#include "tools/bench/load.h"
#include "tools/bench/sink.h"
#include "tools/bench/tally.h"

/* All are borrowed. */
struct report {
    const struct workload_totals *totals;
    const struct load_result *load;
    const struct comparison *comparison; /* NULL: nothing was compared */
};

/* Write all of it to @out, as lines of text or as one JSON object in a line of its own. */
void report_write(const struct report *report, bool is_json, struct buffer *out);

/* The same for a sink. */
void report_write_sink(const struct sink_result *result, bool is_json, struct buffer *out);
