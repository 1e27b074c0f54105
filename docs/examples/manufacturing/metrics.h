/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metrics: what the manufacturing pipeline tells udometer
 *
 * What happens is recorded when it happens, as counters and histograms. What is the case is polled,
 * as gauges. Without metrics_open(), or with is_on false, nothing is sent.
 */

#include "world.h"

#include <udometer.h>

enum { POLL_S = 30, MARKET_POLL_S = 60 };

/* Open the client that the environment describes, if @is_on. Returns 0, or -1 and sets errno. */
int metrics_open(const struct world *world, bool is_on);

/*
 * Send what is left. If there is a path, write to it what the page must show now, for a test.
 * Returns 0, or -1 and sets errno.
 */
int metrics_close(const char *totals_path, double loop_seconds);

/* --- what happens --- */

void record_pipeline_completion(const struct player *player, const struct pipeline *pipeline,
                                long duration);
void record_task_completion(const struct player *player, enum task_type type, bool is_success,
                            long duration);
void record_task_retry(const struct player *player, enum task_type type);
void record_ship_task(const struct player *player, enum task_type type, long duration);
void record_supply_transition(const struct player *player, const char *good, enum level from,
                              enum level to);
void record_factory_cycle(const struct player *player, const struct factory *factory);
void record_cost(const struct player *player, const char *cost_type, long credits);
void record_revenue(const struct player *player, long credits);

/* --- what is the case --- */

/* Every POLL_S. */
void update_all_metrics(const struct world *world);

/* Every MARKET_POLL_S. */
void update_market_metrics(const struct world *world);
