/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rig
 *
 * Seeds are fixed, so that all runs are the same.
 */

#include "rig.h"

#include "defaults.h"

#include "output/text.h"

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

/* All that each worker has of its own. */
static void make_worker(struct rig *rig, const struct rig_limits *limits, unsigned worker)
{
    const struct shard_options options = {
        .registry = rig->registry,
        .worker = worker,
        .max_key_bytes = limits->max_key_bytes,
        .seed = 2,
    };

    rig_must(shard_new(&rig->shard, &options), "shard");
    rig->row = aligned_alloc(CACHE_LINE, sizeof(*rig->row));
    rig_must(rig->row ? 0 : -ENOMEM, "row");
    memset(rig->row, 0, sizeof(*rig->row));
    rig_must(pipeline_new(&rig->pipeline, rig->shard, rig->row,
                          limits->pipeline ? limits->pipeline : default_pipeline()),
             "pipeline");
}

void rig_init(struct rig *rig, const struct rig_limits *limits)
{
    struct registry_options options = {
        .n_workers = limits->n_workers ? limits->n_workers : 1,
        .max_series = limits->max_series,
        .max_bytes = limits->max_series_bytes,
        .seed = 1,
    };

    rig_must(buckets_new(&rig->buckets, buckets_default_bounds, 11), "buckets");
    options.buckets = rig->buckets;
    rig_must(registry_new(&rig->registry, &options), "registry");
    rig->is_joined = false;
    make_worker(rig, limits, 0);
}

void rig_join(struct rig *rig, const struct rig *first, const struct rig_limits *limits,
              unsigned worker)
{
    rig->buckets = first->buckets;
    rig->registry = first->registry;
    rig->is_joined = true;
    make_worker(rig, limits, worker);
}

void rig_deinit(struct rig *rig)
{
    pipeline_free(rig->pipeline);
    free(rig->row);
    shard_free(rig->shard);
    if (rig->is_joined)
        return;
    registry_free(rig->registry);
    buckets_free(rig->buckets);
}

struct exposition *rig_expose(const struct rig *rig)
{
    struct snapshot *snapshot = registry_snapshot(rig->registry);
    struct exposition *exposition;

    rig_must(exposition_new(&exposition, &text_writer, snapshot, NULL), "exposition");
    snapshot_unref(snapshot);
    return exposition;
}
