/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Format: in which form a page of metrics is written, by what its scraper asks for
 *
 * docs/exposition.md says which scraper gets which.
 */

#include "http/request.h"
#include "output/exposition.h"

/* A format, and the content type of the answer. Both are constants. */
struct format {
    const struct exposition_writer *writer;
    const char *content_type;
};

/* Which formats are offered. */
struct format_offers {
    bool has_openmetrics;
    bool has_created; /* OpenMetrics 1.0 shows starts, in samples of their own */
};

/*
 * The format for @request, by its Accept: the Prometheus text format unless it prefers another.
 * Without has_openmetrics, OpenMetrics is not offered.
 */
struct format format_choose(const struct http_request *request, struct format_offers offered);
