/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rig
 *
 * Seeds are fixed, so that each run is like the one before.
 */

#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void rig_must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

void rig_init(struct rig *rig, const struct rig_limits *limits)
{
    struct registry_options options = {
        .n_workers = 1,
        .max_series = limits->max_series,
        .max_bytes = limits->max_series_bytes,
        .seed = 1,
    };
    struct shard_options shard_options = { .max_key_bytes = limits->max_key_bytes, .seed = 2 };

    rig_must(buckets_new(&rig->buckets, buckets_default_bounds, 11), "buckets");
    options.buckets = rig->buckets;
    rig_must(registry_new(&rig->registry, &options), "registry");
    shard_options.registry = rig->registry;
    rig_must(shard_new(&rig->shard, &shard_options), "shard");
    rig->row = aligned_alloc(CACHE_LINE, sizeof(*rig->row));
    rig_must(rig->row ? 0 : -ENOMEM, "row");
    memset(rig->row, 0, sizeof(*rig->row));
    rig_must(pipeline_new(&rig->pipeline, rig->shard, rig->row,
                          limits->pipeline ? limits->pipeline : &pipeline_default_options),
             "pipeline");
}

void rig_deinit(struct rig *rig)
{
    pipeline_free(rig->pipeline);
    free(rig->row);
    shard_free(rig->shard);
    registry_free(rig->registry);
    buckets_free(rig->buckets);
}
