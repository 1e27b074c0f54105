/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scrape: all series, the self-metrics or both, as a stream of bytes in one format
 */

#include "base/compiler.h"
#include "http/reply.h"
#include "output/exposition.h"
#include "web/selfmetrics.h"

struct scrape;

/* Whether a page of @part needs a snapshot. */
#define SCRAPE_HAS_SERIES(part) ((part) != SCRAPE_SELFMETRICS)

/* What a page shows. */
enum scrape_part {
    SCRAPE_ALL, /* the series, then the self-metrics */
    SCRAPE_SERIES,
    SCRAPE_SELFMETRICS,
};

/* What to scrape, and how. */
struct scrape_options {
    const struct selfmetrics *source; /* must outlive the scrape */
    enum scrape_part part;
    const struct exposition_writer *writer;
    int64_t asked_ns; /* when the request came, clock_monotonic_ns */
};

/*
 * Begin a scrape of the current state. @snapshot has all series that there were when it was asked
 * for, and is taken with its reader; it is not needed for self-metrics alone: NULL. HTTP thread, as
 * for all functions here. The statistics in the source are about scrapes with series: pages of
 * self-metrics alone, always short, would only blur them. Returns 0 or -ENOMEM.
 */
MUST_CHECK int scrape_new(struct scrape **ret, const struct scrape_options *options,
                          struct snapshot *snapshot);

/*
 * Write up to @max of the next bytes to @out. Returns their number; 0 at the end;
 * or -ENOMEM.
 */
long scrape_read(struct scrape *scrape, char *out, size_t max);

/* End the scrape. @is_sent: the client has been sent all of it, as in struct http_stream. */
void scrape_free(struct scrape *scrape, bool is_sent);

/* The scrape as the body of a page. It is the same object; the functions above serve it. */
struct http_stream *scrape_stream(struct scrape *scrape);
