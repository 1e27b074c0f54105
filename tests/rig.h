/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rig: a pipeline with all that it needs, for one worker or several, without threads or sockets
 *
 * For the golden cases, the fuzzers and the benchmarks. If something cannot be made, the program
 * ends with a message.
 */

#include "ingest/lane.h"
#include "output/exposition.h"

struct rig_limits {
    unsigned n_workers; /* the registry's; 0: one */
    size_t max_series;
    size_t max_series_bytes;
    size_t max_key_bytes;
    const struct pipeline_options *pipeline; /* NULL: the defaults */
};

struct rig {
    struct buckets *buckets;
    struct registry *registry;
    struct lane lane; /* its row belongs to the rig */
    bool is_joined;   /* registry and buckets belong to another rig */
};

void rig_init(struct rig *rig, const struct rig_limits *limits);
void rig_deinit(struct rig *rig);

/*
 * Make a pipeline for another @worker, with its own shard, on the registry of @first. It must be
 * freed before @first. The limits on series are those of @first, whatever @limits says.
 */
void rig_join(struct rig *rig, const struct rig *first, const struct rig_limits *limits,
              unsigned worker);

/* Begin a walk over all series that exist now, as a scrape does, in the text format. */
struct exposition *rig_expose(const struct rig *rig);

/* If @r is a negative errno, end the program with a message that @what failed. */
void rig_must(int r, const char *what);
