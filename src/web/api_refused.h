/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: refused, the latest refused lines and their senders
 */

#include "base/refused.h"

#include <jansson.h>

/* The most entries on the page. */
#define API_REFUSED_MAX 256

/*
 * The entries of the @n_lists lists of the workers, the latest first:
 *
 *      {"refused": 18, "unlisted": 1,
 *       "lines": [{"reason": "malformed_value", "line": "jobs:many|c", "length": 11, "byte": 5,
 *                  "sender": "192.0.2.7:41190", "listener": "udp://0.0.0.0:8125", "count": 17,
 *                  "first": "2026-11-21T06:25:48Z", "last": "2026-11-21T06:31:02Z"}]}
 *
 *      refused     lines and samples refused since the start: the sum of udometer_refused_total
 *      unlisted    of these, the ones that no entry counts; older or during a flood
 *      reason      as in udometer_refused_total
 *      line        the text of a recent one, at most 256 bytes of it and then '…', with U+FFFD
 *                  for each byte that is not UTF-8; null if it is not known
 *      length      its bytes, as far as they are known; null likewise
 *      byte        the first one that cannot be right, counted from 0; null if there is none
 *      sender      its address, "pid N, uid N" on a Unix stream, or the path from which it sends;
 *                  null if it is not known
 *      listener    the address at which it was received
 *      count       lines and samples with this reason, sender (its port apart), listener and name
 *      first, last when such a line was refused, in UTC
 *
 * @now_s is clock_seconds(), and @realtime_s the same moment in seconds since 1970. Any thread.
 * Returns data for api_reply(), or NULL when out of memory.
 */
json_t *api_refused(struct refused *lists, unsigned n_lists, uint32_t now_s, int64_t realtime_s);
