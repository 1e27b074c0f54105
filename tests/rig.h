/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rig: a pipeline with all it stands on, one worker, no thread or socket
 *
 * For the golden cases, the fuzzers and the benchmarks. What cannot be made ends
 * the program, with a line that says so.
 */

#include "daemon/pipeline.h"

struct rig_limits {
    size_t max_series;
    size_t max_series_bytes;
    size_t max_key_bytes;
    const struct pipeline_options *pipeline; /* NULL: the defaults */
};

struct rig {
    struct buckets *buckets;
    struct registry *registry;
    struct shard *shard;
    struct telemetry_row *row;
    struct pipeline *pipeline;
};

void rig_init(struct rig *rig, const struct rig_limits *limits);
void rig_deinit(struct rig *rig);

/* End the program, saying that @what failed, if @r is a negative errno. */
void rig_must(int r, const char *what);
