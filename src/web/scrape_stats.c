/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scrape stats
 *
 * Two histograms, like those of a sender. A scrape shows the values of the scrapes before it.
 */

#include "web/scrape_stats.h"

int scrape_stats_init(struct scrape_stats *stats)
{
    static const double sizes[] = { 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
    int r;

    *stats = (struct scrape_stats){ 0 };
    r = buckets_new(&stats->duration_buckets, buckets_default_bounds,
                    ARRAY_SIZE(buckets_default_bounds));
    if (r == 0)
        r = buckets_new(&stats->size_buckets, sizes, ARRAY_SIZE(sizes));
    if (r < 0)
        scrape_stats_deinit(stats);
    return r;
}

void scrape_stats_deinit(struct scrape_stats *stats)
{
    buckets_free(stats->duration_buckets);
    buckets_free(stats->size_buckets);
    *stats = (struct scrape_stats){ 0 };
}

void scrape_stats_record(struct scrape_stats *stats, double duration_s, double size_bytes)
{
    stats->duration_counts[buckets_find(stats->duration_buckets, duration_s)]++;
    stats->duration_sum_s += duration_s;
    stats->size_counts[buckets_find(stats->size_buckets, size_bytes)]++;
    stats->size_sum_bytes += size_bytes;
}
