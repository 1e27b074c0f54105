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

struct pipeline;

/* Make one for @shard, counting in @row; both are borrowed. Returns 0 or -ENOMEM. */
MUST_CHECK int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row);
void pipeline_free(struct pipeline *pipeline);
DEFINE_CLEANUP(struct pipeline *, pipeline_free)

/*
 * Take in a datagram, which must stay where it is until pipeline_flush(): some of
 * its lines may wait until then. @arrived_ns is when it reached this machine,
 * monotonic, or 0.
 */
void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns);

/* Apply all lines that wait. */
void pipeline_flush(struct pipeline *pipeline);
