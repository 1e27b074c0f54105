/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scraper names
 *
 * For each target, Prometheus adds series about the scrape to those that the page has. A page with
 * a series of the same name and labels would replace them: one datagram could set the target's up
 * to 0. Its alerts are series too.
 *
 * Sources: prometheus/prometheus 3.0 to 3.14, scrape/scrape.go (report()) and rules/alerting.go
 * (alertMetricName, alertForStateMetricName); VictoriaMetrics, lib/promscrape/scrapework.go
 * (addAutoMetrics()). Other names that begin with "scrape_" are free: an exporter's
 * scrape_errors_total is its own.
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
    /* VictoriaMetrics makes these, and some of the above. */
    "scrape_response_size_bytes",
    "scrape_samples_limit",
    "scrape_labels_limit",
    "scrape_series_current",
    "scrape_series_limit",
    "scrape_series_limit_samples_dropped",
};

int scraper_names_reserve(struct registry *registry)
{
    int r = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(names) && r == 0; i++)
        r = registry_reserve(registry, slice_of(names[i]), METRIC_GAUGE);
    return r;
}

bool scraper_names_have(struct slice name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (slice_equal(name, slice_of(names[i])))
            return true;
    return false;
}
