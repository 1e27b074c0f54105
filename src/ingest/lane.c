/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lane
 *
 * Daemon, explain, tests and benchmarks all make their lanes here, so all run the same code.
 */

#include "ingest/lane.h"

int lane_init(struct lane *lane, const struct lane_options *options)
{
    int r;

    *lane = (struct lane){ .row = options->row };
    r = shard_new(&lane->shard, &options->shard);
    return r < 0 ? r : pipeline_new(&lane->pipeline, lane->shard, lane->row, options->pipeline);
}

struct mapper *lane_exchange_mapper(struct lane *lane, struct mapper *mapper)
{
    struct mapper *before = pipeline_exchange_mapper(lane->pipeline, mapper);

    shard_remove_keys(lane->shard);
    return before;
}

void lane_deinit(struct lane *lane)
{
    pipeline_free(lane->pipeline);
    shard_free(lane->shard);
}
