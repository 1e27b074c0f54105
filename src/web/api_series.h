/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: series, and ending them
 */

#include "aggregate/registry.h"
#include "http/reply.h"
#include "http/request.h"

/* The most selectors in a request. */
#define API_SERIES_SELECTORS_MAX 16

/*
 * Reply to DELETE /api/v1/series?match[]=…: end all series that one of the selectors selects
 * (web/selector.h), as an x does that arrives now. The name in a selector is that of the family:
 * "jobs", not "jobs_bucket".
 *
 *      {"status": "success", "data": {"numDeleted": 2}}
 *
 * numDeleted is the number of series that ended, also of those that begin again at zero because the
 * config declares them. If it could not be found out for some whether they are selected, or there
 * is no memory to end them, they stay, and "warnings" says so. Without a selector, or with a wrong
 * one, the reply is 400, and nothing ends.
 *
 * The series end while the reply is sent, some at a time, so that other clients need not wait for
 * all of them; if the client goes before it has the reply, the rest stays. HTTP thread.
 *
 * @snapshot has the series to look at, and is taken with its reader.
 */
void api_end_series(struct registry *registry, struct snapshot *snapshot,
                    const struct http_request *request, struct http_reply *reply);
