/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Solo
 *
 * It is made as the daemon makes its parts, in the same order. Hashes have no secret seed: its
 * lines come from the user.
 */

#include "ingest/solo.h"

#include "base/buckets.h"
#include "base/compiler.h"

#include <stdlib.h>

static int make_registry(struct solo *solo, const struct registry_options *limits)
{
    struct registry_options options = *limits;
    int r = buckets_new(&solo->buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));

    options.n_workers = 1;
    options.buckets = solo->buckets;
    return r < 0 ? r : registry_new(&solo->registry, &options);
}

int solo_init(struct solo *solo, const struct solo_options *options)
{
    struct lane_options lane = {
        .shard = { .max_key_bytes = options->max_key_bytes },
        .pipeline = options->pipeline,
    };
    int r;

    *solo = (struct solo){ 0 };
    r = make_registry(solo, options->registry);
    if (r == 0)
        r = telemetry_new(&lane.row, 1);
    if (r < 0)
        return r;
    lane.shard.registry = solo->registry;
    r = lane_init(&solo->lane, &lane);
    if (r < 0)
        return r;
    pipeline_set_dogstatsd(solo->lane.pipeline, options->reading.is_dogstatsd);
    pipeline_set_totals(solo->lane.pipeline, options->reading.has_totals);
    return 0;
}

void solo_deinit(struct solo *solo)
{
    lane_deinit(&solo->lane);
    free(solo->lane.row);
    registry_free(solo->registry);
    buckets_free(solo->buckets);
}
