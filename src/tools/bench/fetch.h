/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fetch: gets a page over HTTP, line by line
 */

#include "base/compiler.h"
#include "base/slice.h"

/* The longest line of a page. */
#define FETCH_LINE_MAX 65535

/* Whether @url has the form http://HOST:PORT/PATH, with a host that can be resolved. */
bool fetch_understands(const char *url);

/*
 * Get @url and call @on_line for each line of the page, in order and without its line end. A
 * line is borrowed until @on_line returns. Waits at most 10 s for each piece. Returns 0; or, on
 * failure, possibly after some lines: -EINVAL for a URL that fetch_understands() does not
 * accept, -ENOENT for any status but 200, -EPROTO if the answer is not HTTP or ends within a
 * line, -EMSGSIZE for a line that is too long, -ETIMEDOUT, or another negative errno.
 */
MUST_CHECK int fetch_lines(const char *url, void (*on_line)(void *ctx, struct slice line),
                           void *ctx);
