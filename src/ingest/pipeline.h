/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pipeline: datagrams in, cells changed, everything counted
 *
 * What a worker does with what it receives, without thread, socket or loop: the
 * golden tests, the fuzzers and the benchmarks drive the very same code.
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "base/telemetry.h"
#include "base/verdict.h"
#include "ingest/trace.h"
#include "input/resolve.h"

struct pipeline;

struct pipeline_options {
    struct resolve_options resolve;
    bool has_check_gauges; /* service checks are exposed as gauges */
};

/* How lines are to be cut with these. */
struct parse_options pipeline_parse_options(const struct pipeline_options *options);

/* Make one for @shard, counting in @row; both are borrowed. Returns 0 or -ENOMEM. */
MUST_CHECK int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row,
                            const struct pipeline_options *options);
void pipeline_free(struct pipeline *pipeline);
DEFINE_CLEANUP(struct pipeline *, pipeline_free)

/*
 * Tell @trace, which is borrowed, what becomes of all lines from now on; NULL: tell nobody.
 * Lines that wait are applied before. A traced line is applied when it is pushed, and takes
 * many times as long; verdicts, effects and counters are the same.
 */
void pipeline_set_trace(struct pipeline *pipeline, const struct trace *trace);

/* In what is pushed from now on, a gauge's sign is just a sign. Off at the start. */
void pipeline_set_dogstatsd(struct pipeline *pipeline, bool is_dogstatsd);

/*
 * Take in a datagram, which must stay where it is until pipeline_flush(): some of
 * its lines may wait until then. @arrived_ns is when it reached this machine,
 * monotonic, or 0.
 */
void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns);

/* The same for lines that came by a stream. */
void pipeline_push_stream(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns);

/* Count a line that a stream has refused. */
void pipeline_refuse(struct pipeline *pipeline, enum verdict reason);

/* Apply all lines that wait. */
void pipeline_flush(struct pipeline *pipeline);
