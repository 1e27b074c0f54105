/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scrape stats: duration and size of scrapes, and which series they have shown
 */

#include "base/buckets.h"

#include <stdatomic.h>
#include <stdint.h>

struct scrape_histogram {
    struct buckets *buckets;
    uint64_t counts[BUCKETS_MAX + 1]; /* of each bucket, not cumulative */
    double sum;
};

/* Only the HTTP thread reads and writes it, except where it says so. */
struct scrape_stats {
    struct scrape_histogram duration_s, size_bytes;
    uint64_t n_broken; /* scrapes that began and did not reach their end */
    /*
     * When the newest of those that reached their end began, monotonic; 0: none yet. All series
     * that existed then have been shown, as they were then or later. Any thread may read it.
     */
    _Atomic int64_t shown_ns;
};

/* Set up empty stats in place. Returns 0 or -ENOMEM. */
MUST_CHECK int scrape_stats_init(struct scrape_stats *stats);
void scrape_stats_deinit(struct scrape_stats *stats);

/*
 * Count a scrape of all series that has reached its end. @began_ns, monotonic, is before its
 * snapshot was taken.
 */
void scrape_stats_record(struct scrape_stats *stats, int64_t began_ns, int64_t ended_ns,
                         double size_bytes);
