/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: conflicts, names that are sent with different types or in different spellings
 */

#include "aggregate/registry.h"

#include <jansson.h>

/*
 * The conflicts of @registry (aggregate/conflicts.h), those with the most refusals first:
 *
 *      [{"name": "jobs", "sent_as": "gauge", "held_by": "jobs", "held_as": "counter",
 *        "declared": false, "refused": 17}]
 *
 * "declared" says that the config declares "held_by" as a metric of the type "held_as".
 *
 * After them the names that senders spell in several ways, so that their samples go to the same
 * series (aggregate/aliases.h), those that were noted last first:
 *
 *      [{"name": "a_b", "spellings": ["a.b", "a-b"], "has_more": false}]
 *
 * HTTP thread. Returns data for api_reply(), or NULL when out of memory.
 */
json_t *api_conflicts(struct registry *registry);
