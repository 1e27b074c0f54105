/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Recorder: what becomes of lines once they are cut
 *
 * Each sample ends in exactly one verdict, and each verdict in one counter. One thread.
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/line.h"
#include "base/telemetry.h"
#include "ingest/trace.h"
#include "input/resolve.h"
#include "input/service_check.h"

struct recorder {
    struct shard *shard;
    struct telemetry_row *row;
    struct resolver *resolver;
    const struct trace *trace; /* or NULL */
};

/*
 * Set up @recorder in place, for @shard, counting in @row; both are borrowed. Returns 0 or
 * -ENOMEM; after either it may be given to recorder_deinit().
 */
MUST_CHECK int recorder_init(struct recorder *recorder, struct shard *shard,
                             struct telemetry_row *row, const struct resolve_options *options);
void recorder_deinit(struct recorder *recorder);

/* Tell @trace, which is borrowed, what becomes of lines; NULL: tell nobody. */
void recorder_set_trace(struct recorder *recorder, const struct trace *trace);

/*
 * Record a group of @n lines, at most SHARD_GROUP_MAX. The trace, if there is one, is told of
 * lines whose key is not known, and not of the others, as that would cost time for each line.
 */
void recorder_record(struct recorder *recorder, const struct line *lines, size_t n);

/* Record one line, and tell the trace, which there must be. Effects and counters are the same. */
void recorder_record_traced(struct recorder *recorder, const struct line *line);

/* Set the gauge that a service check stands for. */
void recorder_record_check(struct recorder *recorder, const struct service_check *check,
                           int64_t arrived_ns);

/*
 * End a line that holds nothing to record: it was refused at the byte @fault, which may be
 * NULL if nobody knows it, or skipped.
 */
void recorder_end(struct recorder *recorder, enum verdict verdict, const char *fault);
