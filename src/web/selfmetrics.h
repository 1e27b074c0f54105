/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Self-metrics: what udometer says about itself at the end of each scrape
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "daemon/listeners.h"
#include "output/exposition.h"
#include "web/scrape_stats.h"

/* Where the numbers come from. All borrowed. */
struct selfmetrics {
    struct registry *registry;
    struct telemetry_row *rows; /* one for each worker */
    unsigned n_rows;
    const struct listener_socket *sockets;
    unsigned n_sockets;
    const struct settings *settings;
    struct scrape_stats *scrapes;
    const struct buckets *batch_buckets; /* 1, 2, 4, …; TELEMETRY_BATCH_BUCKETS - 1 of them */
    _Atomic uint64_t *n_expired;
    double start_time_s; /* since 1970 */
};

/* Make the buckets that selfmetrics.batch_buckets wants. Returns 0 or -ENOMEM. */
MUST_CHECK int selfmetrics_batch_buckets(struct buckets **ret);

/*
 * Keep all names of self-metrics from being used by senders. Returns 0, -ENOMEM, or
 * -EEXIST when one of them is taken already.
 */
MUST_CHECK int selfmetrics_reserve(struct registry *registry);

/* For exposition_collector.collect: pass them all to @out. @ctx is a struct selfmetrics. */
void selfmetrics_collect(const void *ctx, struct exposition *out);
