/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reload stats
 *
 * A scrape in between may see a part of the change; the next one sees all of it.
 */

#include "web/reload_stats.h"

void reload_stats_init(struct reload_stats *stats, int64_t now_ns)
{
    atomic_init(&stats->n_successes, 0);
    atomic_init(&stats->n_failures, 0);
    atomic_init(&stats->is_last_successful, true);
    atomic_init(&stats->success_ns, now_ns);
    atomic_init(&stats->n_rules, 0);
}

void reload_stats_record(struct reload_stats *stats, bool is_success, int64_t now_ns)
{
    atomic_store(&stats->is_last_successful, is_success);
    if (is_success)
        atomic_store(&stats->success_ns, now_ns);
    atomic_fetch_add(is_success ? &stats->n_successes : &stats->n_failures, 1);
}
