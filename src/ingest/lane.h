/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lane: what each worker has of its own between its sockets and the registry
 *
 * A pipeline, the shard that it feeds, and the row in which it counts. Each of the registry's
 * workers has one; a lane belongs to one thread.
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "ingest/pipeline.h"

struct lane_options {
    struct shard_options shard;
    const struct pipeline_options *pipeline; /* borrowed until lane_init() returns */
    struct telemetry_row *row;               /* borrowed for the life of the lane */
};

struct lane {
    struct shard *shard;
    struct pipeline *pipeline;
    struct telemetry_row *row;
};

/* Initialize @lane. Returns 0 or -ENOMEM; in both cases lane_deinit() may be called. */
MUST_CHECK int lane_init(struct lane *lane, const struct lane_options *options);

/*
 * Apply all waiting lines; then map lines with @mapper, as resolve_exchange_mapper() does, and
 * remove the cached keys, which come from the mapping before. Returns the mapper before, for the
 * caller to free.
 */
MUST_CHECK struct mapper *lane_exchange_mapper(struct lane *lane, struct mapper *mapper);

/* All zero is fine. */
void lane_deinit(struct lane *lane);
