/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fetch: gets a page over HTTP, line by line
 */

#include "base/compiler.h"
#include "base/slice.h"

/* The longest line of a page. */
#define FETCH_LINE_MAX 65535

/*
 * Returns 0 if fetch_lines() can try to get @url; -EINVAL if it has not the form
 * http://HOST:PORT/PATH; or as address_parse(), if its host is unknown.
 */
MUST_CHECK int fetch_check(const char *url);

/*
 * Get @url and call @on_line for each line of the page, in order and without its line end. A
 * line is borrowed until @on_line returns. Waits at most 10 s for each piece. Returns 0; or, on
 * failure, possibly after some lines: what fetch_check() returns, -ENOENT for any status but 200,
 * -EPROTO if the answer is not HTTP or ends within a line, -EMSGSIZE for a line that is too long,
 * -ETIMEDOUT, or another negative errno.
 */
MUST_CHECK int fetch_lines(const char *url, void (*on_line)(void *ctx, struct slice line),
                           void *ctx);

/* What an error of fetch_lines() means, for a message. */
const char *fetch_error(int error);
