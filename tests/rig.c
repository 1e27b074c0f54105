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

static void make_lane(struct rig *rig, const struct rig_limits *limits, unsigned worker)
{
    struct lane_options options = {
        .shard = {
            .registry = rig->registry,
            .worker = worker,
            .max_key_bytes = limits->max_key_bytes,
            .seed = 2,
        },
        .pipeline = limits->pipeline ? limits->pipeline : default_pipeline(),
    };

    rig_must(telemetry_new(&options.row, 1), "row");
    rig_must(lane_init(&rig->lane, &options), "lane");
}

void rig_init(struct rig *rig, const struct rig_limits *limits)
{
    struct registry_options options = {
        .n_workers = limits->n_workers ? limits->n_workers : 1,
        .max_series = limits->max_series,
        .max_bytes = limits->max_series_bytes,
        .max_totals = 100,
        .seed = 1,
    };

    rig_must(buckets_new(&rig->buckets, buckets_default_bounds, 11), "buckets");
    options.buckets = rig->buckets;
    rig_must(registry_new(&rig->registry, &options), "registry");
    rig->is_joined = false;
    make_lane(rig, limits, 0);
}

void rig_join(struct rig *rig, const struct rig *first, const struct rig_limits *limits,
              unsigned worker)
{
    rig->buckets = first->buckets;
    rig->registry = first->registry;
    rig->is_joined = true;
    make_lane(rig, limits, worker);
}

void rig_deinit(struct rig *rig)
{
    lane_deinit(&rig->lane);
    free(rig->lane.row);
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
