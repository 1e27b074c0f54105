/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Meter: reads from a daemon's page what it received of a workload
 */

#include "base/compiler.h"
#include "tools/bench/tally.h"

/* Strings are borrowed. */
struct meter {
    const char *url;
    const char *prefix; /* of the workload's names */
    bool is_one_flow;
    struct tally before; /* set by meter_start() */
};

/*
 * Read the page before anything is sent. Returns 0; -ENODATA if it is not a page of udometer;
 * or a negative errno of fetch_lines().
 */
MUST_CHECK int meter_start(struct meter *meter);

/*
 * Read the page until it shows everything that was @sent, or the daemon has nothing left to
 * receive, or nothing more has arrived for 1 s, or 5 s have passed. Returns 0, or a negative
 * errno of meter_start().
 */
MUST_CHECK int meter_finish(const struct meter *meter, const struct workload_totals *sent,
                            struct comparison *ret);

/* What an error of these functions means, for a message, and what to do. */
const char *meter_error(int error);
