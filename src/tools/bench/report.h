/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Report: the results of "udometer bench", as text or as JSON
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

/* Write the report to @out, as lines of text or as a JSON object on one line. */
void report_write(const struct report *report, bool is_json, struct buffer *out);

/* Write the report of a sink in the same way. */
void report_write_sink(const struct sink_result *result, bool is_json, struct buffer *out);
