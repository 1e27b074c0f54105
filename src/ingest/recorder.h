/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Recorder: records lines after they have been cut
 *
 * Each sample gets exactly one verdict, and each verdict is counted. A recorder belongs to one
 * thread.
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/line.h"
#include "base/telemetry.h"
#include "ingest/refusal.h"
#include "ingest/senders.h"
#include "ingest/suspect.h"
#include "ingest/trace.h"
#include "input/resolve.h"

struct recorder {
    struct shard *shard;
    struct telemetry_row *row;
    struct resolver *resolver;
    const struct trace *trace;           /* or NULL */
    const struct refusal_sink *sink;     /* or NULL */
    const struct suspect_sink *suspects; /* or NULL */
    const struct senders *senders;       /* NULL: all lines have one sender */
    struct slice text;                   /* of the line, for all of these, if it is not a hit */
    struct total_step step;              /* of the last running total, for the trace */
};

/*
 * Initialize @recorder for @shard; it counts in @row. Both are borrowed. Returns 0 or -ENOMEM. In
 * both cases recorder_deinit() may be called.
 */
MUST_CHECK int recorder_init(struct recorder *recorder, struct shard *shard,
                             struct telemetry_row *row, const struct resolve_options *options);
void recorder_deinit(struct recorder *recorder);

/* Tell @trace, which is borrowed, what becomes of lines; NULL: no trace. */
void recorder_set_trace(struct recorder *recorder, const struct trace *trace);

/* Whether the values of counters are running totals in lines from now on. */
void recorder_set_totals(struct recorder *recorder, bool are_totals);

/*
 * Record a group of @n lines, at most SHARD_GROUP_MAX. A trace is told only about lines whose key
 * is not known; the others would take longer otherwise.
 */
void recorder_record(struct recorder *recorder, const struct line *lines, size_t n);

/* Record one line and tell the trace, which must be set. Effects and counters are the same. */
void recorder_record_traced(struct recorder *recorder, const struct line *line);

/*
 * Record the value of @line for what @parts mean, without caching a key. The whole text must be in
 * @recorder.
 */
void recorder_record_parts(struct recorder *recorder, const struct resolve_parts *parts,
                           const struct line *line);

/*
 * Count the verdict of a line that is not recorded: it was refused or skipped. Its text must be in
 * @recorder. @fault is the byte at which it was refused; NULL if this is not known, or if it was
 * skipped. @treatment is that of its values; NULL: none, or not known.
 */
void recorder_settle(struct recorder *recorder, enum verdict verdict, const char *fault,
                     const struct treatment *treatment);
