/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reload stats: how often the config was loaded again, and with what outcome
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One thread writes it; any may read it. */
struct reload_stats {
    _Atomic uint64_t n_successes, n_failures;
    _Atomic bool is_last_successful; /* also if there was none since the start */
    _Atomic int64_t success_ns;      /* when the config in force was loaded, since 1970 */
    _Atomic uint64_t n_rules;        /* mapping rules of this config; whoever applies it sets it */
};

/* Set up the stats in place, for a config that was loaded at @now_ns. */
void reload_stats_init(struct reload_stats *stats, int64_t now_ns);

/* Count a reload that ended at @now_ns. */
void reload_stats_record(struct reload_stats *stats, bool is_success, int64_t now_ns);
