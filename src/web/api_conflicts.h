/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: conflicts, the names that senders do not agree about
 */

#include "aggregate/registry.h"

#include <jansson.h>

/*
 * The conflicts of @registry (aggregate/conflicts.h), the most refused first:
 *
 *      [{"name": "jobs", "sent_as": "gauge", "held_by": "jobs", "held_as": "counter",
 *        "refused": 17}]
 *
 * HTTP thread. Returns data for api_reply(), or NULL without memory.
 */
json_t *api_conflicts(struct registry *registry);
