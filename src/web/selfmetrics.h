/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Self-metrics: udometer's metrics about itself, at the end of each scrape or on their own page
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "http/stats.h"
#include "output/exposition.h"
#include "web/reload_stats.h"
#include "web/scrape_stats.h"
#include "web/socket_stats.h"

/* A limit, such as "series", 2000000. The name has only lower-case letters and dashes. */
struct selfmetrics_limit {
    const char *name;
    _Atomic uint64_t value; /* a reload may change it */
};

/* The sources of the numbers. All are borrowed. */
struct selfmetrics {
    struct registry *registry;
    struct telemetry_row *rows; /* one for each worker */
    unsigned n_rows;
    struct socket_stats *sockets;
    const struct selfmetrics_limit *limits;
    unsigned n_limits;
    struct scrape_stats *scrapes;
    const struct http_stats *http;
    const struct buckets *batch_buckets; /* 1, 2, 4, …; TELEMETRY_BATCH_BUCKETS - 1 of them */
    _Atomic uint64_t *n_expired;
    _Atomic uint64_t *n_unscraped; /* of these */
    const struct reload_stats *reloads;
    double start_time_s;     /* since 1970 */
    bool has_exporter_names; /* pass web/exporter_metrics.h too */
};

/* Create the buckets for selfmetrics.batch_buckets. Returns 0 or -ENOMEM. */
MUST_CHECK int selfmetrics_batch_buckets(struct buckets **ret);

/*
 * Reserve all names of self-metrics, so that senders cannot use them: where one page shows both.
 * With @has_exporter_names, also those that statsd_exporter has for them.
 * Returns 0, -ENOMEM, or -EEXIST when one of them is already in use.
 */
MUST_CHECK int selfmetrics_reserve(struct registry *registry, bool has_exporter_names);

/*
 * For exposition_collector.collect: pass all families to @out. @ctx is a struct
 * selfmetrics. HTTP thread.
 */
void selfmetrics_collect(const void *ctx, struct exposition *out);
