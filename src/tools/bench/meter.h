/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Meter: reads from a daemon's pages what it received of a workload
 */

#include "base/compiler.h"
#include "tools/bench/tally.h"

/* Strings are borrowed. */
struct meter {
    const char *url;
    const char *self_url; /* of the page with the self-metrics; "": the same page */
    const char *prefix;   /* of the workload's names */
    bool is_one_flow;
    struct tally before; /* set by meter_start() */
    const char *failed;  /* after an error: the page that caused it */
};

/*
 * Read the pages before anything is sent. Returns 0; -ENODATA if they have no self-metrics; or a
 * negative errno of fetch_lines(). After an error, meter->failed is the page that caused it.
 */
MUST_CHECK int meter_start(struct meter *meter);

/*
 * Read the pages until they show everything that was @sent, or the daemon has nothing left to
 * receive, or nothing more has arrived for 1 s, or 5 s have passed. Returns 0, or a negative
 * errno of meter_start().
 */
MUST_CHECK int meter_finish(struct meter *meter, const struct workload_totals *sent,
                            struct comparison *ret);

/* What an error of these functions means, for a message, and what to do. */
const char *meter_error(int error);
