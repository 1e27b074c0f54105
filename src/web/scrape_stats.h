/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scrape stats: duration and size of scrapes
 */

#include "base/buckets.h"

#include <stdint.h>

struct scrape_histogram {
    struct buckets *buckets;
    uint64_t counts[BUCKETS_MAX + 1]; /* of each bucket, not cumulative */
    double sum;
};

/* Only the HTTP thread reads and writes it. */
struct scrape_stats {
    struct scrape_histogram duration_s, size_bytes;
    uint64_t n_broken; /* scrapes that began and did not reach their end */
};

/* Set up empty stats in place. Returns 0 or -ENOMEM. */
MUST_CHECK int scrape_stats_init(struct scrape_stats *stats);
void scrape_stats_deinit(struct scrape_stats *stats);

/* Count a scrape that has reached its end. */
void scrape_stats_record(struct scrape_stats *stats, double duration_s, double size_bytes);
