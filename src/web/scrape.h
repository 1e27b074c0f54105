/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scrape: all series and self-metrics, as a stream of bytes in one format
 */

#include "base/compiler.h"
#include "http/reply.h"
#include "output/exposition.h"
#include "web/selfmetrics.h"

struct scrape;

/*
 * Begin a scrape of what @source, which outlives it, has now, in the format of @writer.
 * HTTP thread, as for all of these. Returns 0 or -ENOMEM.
 */
MUST_CHECK int scrape_new(struct scrape **ret, const struct selfmetrics *source,
                          const struct exposition_writer *writer);

/*
 * Put up to @max of the next bytes into @out. Returns how many; 0 at the end;
 * -ENOMEM; or -ETIME when the reader took so long that it must not hold on to
 * memory any longer.
 */
long scrape_read(struct scrape *scrape, char *out, size_t max);

/* End it, read to the end or not. */
void scrape_free(struct scrape *scrape);

/* The scrape as a page's body, whose functions are the two above. It is the same object. */
struct http_stream *scrape_stream(struct scrape *scrape);
