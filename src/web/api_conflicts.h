/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: conflicts, names that are sent with different types
 */

#include "aggregate/registry.h"

#include <jansson.h>

/*
 * The conflicts of @registry (aggregate/conflicts.h), those with the most refusals first:
 *
 *      [{"name": "jobs", "sent_as": "gauge", "held_by": "jobs", "held_as": "counter",
 *        "refused": 17}]
 *
 * HTTP thread. Returns data for api_reply(), or NULL when out of memory.
 */
json_t *api_conflicts(struct registry *registry);
