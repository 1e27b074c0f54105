/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Meter: read off a daemon's page what it got of a workload
 */

#include "base/compiler.h"
#include "tools/bench/tally.h"

/* Strings are borrowed. */
struct meter {
    const char *url;
    const char *prefix; /* of the workload's names */
    bool is_one_flow;
    struct tally before; /* meter_start() */
};

/*
 * Read the page before anything is sent. Returns 0; -ENODATA when it is not
 * udometer's; or negative errno as fetch_lines().
 */
MUST_CHECK int meter_start(struct meter *meter);

/*
 * Read the page until it shows all of what was @sent, or the daemon has nothing left
 * to take in, or nothing more has come for 1 s, or 5 s are over. Returns 0, or negative errno
 * as meter_start().
 */
MUST_CHECK int meter_finish(const struct meter *meter, const struct workload_totals *sent,
                            struct comparison *ret);
