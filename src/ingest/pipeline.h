/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pipeline: datagrams in, cells changed, everything counted
 *
 * The work of a worker on the bytes it receives, without thread, socket or loop. The golden tests,
 * the fuzzers and the benchmarks run the same code.
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "base/telemetry.h"
#include "base/verdict.h"
#include "ingest/refusal.h"
#include "ingest/senders.h"
#include "ingest/suspect.h"
#include "ingest/trace.h"
#include "input/resolve.h"

struct pipeline;

struct pipeline_options {
    struct resolve_options resolve;
    bool has_check_gauges; /* service checks are exposed as gauges */
};

/* How a listener reads values. All zero is the default. */
struct pipeline_reading {
    bool is_dogstatsd;          /* a gauge's sign belongs to its value */
    bool has_totals;            /* a counter's value is a running total of its sender */
    bool has_senders_by_socket; /* a sender is a socket, not a host: for struct senders */
};

/* The options for cutting lines that follow from @options. */
struct parse_options pipeline_parse_options(const struct pipeline_options *options);

/* Make a pipeline for @shard that counts in @row; both are borrowed. Returns 0 or -ENOMEM. */
MUST_CHECK int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row,
                            const struct pipeline_options *options);
void pipeline_free(struct pipeline *pipeline);
DEFINE_CLEANUP(struct pipeline *, pipeline_free)

/*
 * From now on tell @trace, which is borrowed, what becomes of all lines; NULL: no trace. Waiting
 * lines are applied first. A traced line is applied when it is pushed, and takes many times as
 * long; verdicts, effects and counters are the same.
 */
void pipeline_set_trace(struct pipeline *pipeline, const struct trace *trace);

/*
 * From now on call @sink, which is borrowed, for each refusal; NULL: none. It is called while the
 * line is settled, which may be as late as pipeline_flush().
 */
void pipeline_set_sink(struct pipeline *pipeline, const struct refusal_sink *sink);

/* The same for lines of which a part was probably lost. */
void pipeline_set_suspects(struct pipeline *pipeline, const struct suspect_sink *sink);

/* Apply all waiting lines, then do what resolve_exchange_mapper() does. */
MUST_CHECK struct mapper *pipeline_exchange_mapper(struct pipeline *pipeline,
                                                   struct mapper *mapper);

/* Whether the sign of a gauge is only a sign in lines pushed from now on. Off by default. */
void pipeline_set_dogstatsd(struct pipeline *pipeline, bool is_dogstatsd);

/*
 * Whether the values of counters are running totals of their sender, in lines pushed from now on,
 * and not increments. Off by default. Waiting lines are applied first.
 */
void pipeline_set_totals(struct pipeline *pipeline, bool are_totals);

/*
 * From now on ask @senders, which is borrowed, who has sent a running total; NULL: all have one
 * sender. It is asked when the line is applied, which may be as late as pipeline_flush().
 */
void pipeline_set_senders(struct pipeline *pipeline, const struct senders *senders);

/*
 * Everything pushed from now on comes from the source with these @arrivals, which are borrowed. At
 * first it comes from one of the shard's own. Waiting lines are applied first.
 */
void pipeline_set_arrivals(struct pipeline *pipeline, struct arrivals *arrivals);

/*
 * Process a datagram, which must stay valid until pipeline_flush(): some of its lines may wait
 * until then. @arrived_ns is the monotonic time at which it reached this machine; for one source it
 * never decreases (arrivals_note).
 */
void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns);

/* The same for lines from a stream. */
void pipeline_push_stream(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns);

/* Count a line that a stream has refused. @text is its beginning, or empty if it is not known. */
void pipeline_refuse(struct pipeline *pipeline, enum verdict reason, struct slice text);

/* Apply all waiting lines. */
void pipeline_flush(struct pipeline *pipeline);
