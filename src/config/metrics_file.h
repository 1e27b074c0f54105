/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metrics file: the metrics that a config declares
 *
 *      metrics:
 *      - namespace: bot
 *        defaults: { labels: [player_id], ttl: 1h }
 *        metrics:
 *        - { name: routes_total, type: counter, help: Routes flown }
 *      - { name: up, type: gauge }
 *
 * The items of the list are metrics and groups of metrics, which have a list of their own.
 */

#include "config/draft.h"

extern const struct field_table metrics_table;       /* a metric */
extern const struct field_table metrics_group_table; /* a group */

/* Declare the metrics in @list in @draft, or add problems. NULL is fine. */
void metrics_file_read(struct draft *draft, const struct field_reader *reader,
                       const struct node *list);
