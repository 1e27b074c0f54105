/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fetch: a page by HTTP, line by line
 */

#include "base/compiler.h"
#include "base/slice.h"

/* The longest line of a page. */
#define FETCH_LINE_MAX 65535

/* Is @url of the form http://HOST:PORT/PATH, with a host that is known here? */
bool fetch_understands(const char *url);

/*
 * Get @url and call @on_line for each line of the page, in order and without its line
 * end; a line is borrowed until @on_line returns. Waits at most 10 s for each next
 * piece. Returns 0; or, when lines may have been handed over already, -EINVAL
 * for a URL that fetch_understands() does not, -ENOENT when the answer is anything but 200, -EPROTO
 * when it is no HTTP or ends within a line, -EMSGSIZE when a line is too long,
 * -ETIMEDOUT, or another negative errno.
 */
MUST_CHECK int fetch_lines(const char *url, void (*on_line)(void *ctx, struct slice line),
                           void *ctx);
