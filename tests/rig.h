/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rig: a pipeline with all it stands on, for one worker or several, no thread or socket
 *
 * For the golden cases, the fuzzers and the benchmarks. What cannot be made ends
 * the program, with a line that says so.
 */

#include "ingest/pipeline.h"
#include "output/exposition.h"

struct rig_limits {
    unsigned n_workers; /* that the registry has cells for; 0: one */
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
    bool is_joined; /* registry and buckets belong to another rig */
};

void rig_init(struct rig *rig, const struct rig_limits *limits);
void rig_deinit(struct rig *rig);

/*
 * Make a pipeline for a further @worker, with a shard of its own, on the registry of @first.
 * It goes before @first does. Of the limits, those of series are those of @first.
 */
void rig_join(struct rig *rig, const struct rig *first, const struct rig_limits *limits,
              unsigned worker);

/* Begin a walk over all series there are now, as a scrape does, in the text format. */
struct exposition *rig_expose(const struct rig *rig);

/* End the program, saying that @what failed, if @r is a negative errno. */
void rig_must(int r, const char *what);
