/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exporter metrics: udometer's own metrics once more, under the names that statsd_exporter has
 *
 * So that dashboards and alerts live on when udometer takes its place.
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "output/exposition.h"
#include "web/reload_stats.h"

/* What they are made from. All is borrowed. */
struct exporter_metrics {
    const uint64_t *sum; /* over all workers, of each enum telemetry_counter */
    const struct registry_counts *registry;
    const struct reload_stats *reloads;
    uint64_t n_drops; /* by the kernel, of all sockets */
    uint64_t n_udp_datagrams, n_unix_datagrams;
};

/* Reserve their names, as selfmetrics_reserve() does. Returns what that returns. */
MUST_CHECK int exporter_metrics_reserve(struct registry *registry);

/* Pass all families to @out. */
void exporter_metrics_collect(const struct exporter_metrics *metrics, struct exposition *out);
