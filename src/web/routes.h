/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Routes: the pages
 */

#include "base/refused.h"
#include "http/route.h"
#include "web/compressed.h"
#include "web/format.h"
#include "web/refresher.h"
#include "web/reload_page.h"
#include "web/selfmetrics.h"

#include <stdatomic.h>

#define ROUTES_MAX 10
#define ROUTES_COMPRESSORS 16

/* The data of the pages. Must stay in place while they are served. */
struct routes {
    const struct selfmetrics *selfmetrics;
    struct refused *refused; /* the workers' lists */
    unsigned n_refused;
    _Atomic bool is_ready;          /* all listeners are open, and the daemon is not stopping */
    bool has_lifecycle;             /* requests may change something; false from routes_init() on */
    struct format_offers formats;   /* of scrapes; OpenMetrics without starts from there on */
    struct reload_functions reload; /* to be set before is_ready; and so is the next */
    void (*quit)(void);             /* asks the process to stop, as SIGTERM does */
    /* That, once it is there, brings long snapshots up to date; without, the HTTP thread does. */
    _Atomic(struct refresher *) refresher;
    struct compressors compressors; /* for ROUTES_COMPRESSORS streams from routes_init() on */
    char landing_page[2048];
    bool has_self_page;
    struct http_route table[ROUTES_MAX];
    unsigned n; /* of them in use */
};

/*
 * Set up the pages in place, with no lists of refused lines. The series are at @telemetry_path,
 * and the self-metrics at @selfmetrics_path or, if that is NULL, at the end of the same page. Both
 * paths are borrowed. They must differ from each other and from those in base/pages.h.
 */
void routes_init(struct routes *routes, const struct selfmetrics *selfmetrics,
                 const char *telemetry_path, const char *selfmetrics_path);
