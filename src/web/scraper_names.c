/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scraper names
 *
 * For each target, Prometheus adds series about the scrape to those that the page has. A page with
 * a series of the same name and labels would replace them: one datagram could set the target's up
 * to 0. Its alerts are series too.
 *
 * Sources: prometheus/prometheus 3.0, scrape/scrape.go (reportSample(): scrapeHealthMetricName and
 * the names after it) and rules/alerting.go (alertMetricName, alertForStateMetricName).
 */

#include "web/scraper_names.h"

#include "aggregate/registry.h"

static const char *const names[] = {
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    /* With the feature "extra-scrape-metrics". */
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
    /* Of its rules. */
    "ALERTS",
    "ALERTS_FOR_STATE",
};

int scraper_names_reserve(struct registry *registry)
{
    int r = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(names) && r == 0; i++)
        r = registry_reserve(registry, slice_of(names[i]), METRIC_GAUGE);
    return r;
}
