/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Routes: the pages
 */

#include "base/refused.h"
#include "http/route.h"
#include "web/compressed.h"
#include "web/selfmetrics.h"

#include <stdatomic.h>

#define ROUTES_N 6

/* The data of the pages. Must stay in place while they are served. */
struct routes {
    const struct selfmetrics *selfmetrics;
    struct refused *refused; /* the workers' lists */
    unsigned n_refused;
    _Atomic bool is_ready; /* all listeners are open, and the daemon is not stopping */
    struct compressors compressors;
    char landing_page[2048];
    struct http_route table[ROUTES_N];
};

/*
 * Set up the pages in place, with no lists of refused lines. The metrics are at @telemetry_path,
 * which is borrowed.
 */
void routes_init(struct routes *routes, const struct selfmetrics *selfmetrics,
                 const char *telemetry_path);
