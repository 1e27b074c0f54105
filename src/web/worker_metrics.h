/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Worker metrics: the workers' counters (base/telemetry.h), as a scrape shows them
 */

#include "base/telemetry.h"

/* One counter as a sample of /metrics. */
struct worker_metric {
    const char *family; /* metrics of one family are adjacent */
    const char *labels; /* rendered, without braces; may be "" */
    const char *help;   /* the same for all metrics of a family */
    enum telemetry_counter counter;
};

/* All counters that are exposed as sums over the workers. Batches are not. */
extern const struct worker_metric worker_metrics[];
extern const unsigned n_worker_metrics;
