/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: what udometer tells in JSON, in the form of Prometheus' own API
 */

#include "aggregate/registry.h"

#define API_CONTENT_TYPE "application/json"

/*
 * The conflicts of @registry (aggregate/conflicts.h), the most refused first:
 *
 *      {"status": "success", "data": [{"name": "jobs", "sent_as": "gauge",
 *       "held_by": "jobs", "held_as": "counter", "refused": 17}]}
 *
 * Returns a text for free(), or NULL without memory.
 */
char *api_conflicts(struct registry *registry);
