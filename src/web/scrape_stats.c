/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scrape stats
 *
 * Two histograms, like those of a sender. A scrape shows the values of the scrapes before it.
 */

#include "web/scrape_stats.h"

#include "base/clock.h"

int scrape_stats_init(struct scrape_stats *stats)
{
    static const double sizes[] = { 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
    int r;

    *stats = (struct scrape_stats){ 0 };
    r = buckets_new(&stats->duration_s.buckets, buckets_default_bounds,
                    ARRAY_SIZE(buckets_default_bounds));
    if (r == 0)
        r = buckets_new(&stats->size_bytes.buckets, sizes, ARRAY_SIZE(sizes));
    if (r < 0)
        scrape_stats_deinit(stats);
    return r;
}

void scrape_stats_deinit(struct scrape_stats *stats)
{
    buckets_free(stats->duration_s.buckets);
    buckets_free(stats->size_bytes.buckets);
    *stats = (struct scrape_stats){ 0 };
}

static void observe(struct scrape_histogram *histogram, double value)
{
    histogram->counts[buckets_find(histogram->buckets, value)]++;
    histogram->sum += value;
}

void scrape_stats_record(struct scrape_stats *stats, int64_t began_ns, int64_t ended_ns,
                         double size_bytes)
{
    observe(&stats->duration_s, (double)(ended_ns - began_ns) / CLOCK_NS_PER_S);
    observe(&stats->size_bytes, size_bytes);
    /* A slow one may have begun before others that were faster. */
    if (began_ns > atomic_load(&stats->shown_ns))
        atomic_store(&stats->shown_ns, began_ns);
}
