/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Must
 *
 * The line is written by one write(), without allocating, as the heap may be broken, and without
 * the log's thread, which may be waiting. abort() leaves a core dump with the stack that led here.
 */

#include "base/must.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

/* How long the process waits for room in a full pipe before it ends without the line. */
#define WAIT_MAX_MS 1000

static void write_line(const char *line, int len)
{
    size_t n = len < 0 ? 0 : (size_t)len < LINE_MAX_BYTES ? (size_t)len : LINE_MAX_BYTES - 1;
    struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

    /* A pipe that is writable has room for more than this line. If that fails, the line is lost. */
    if (poll(&room, 1, WAIT_MAX_MS) <= 0 || write(STDERR_FILENO, line, n) < 0)
        return;
}

void must_fail(const char *file, int line, const char *condition)
{
    char text[LINE_MAX_BYTES];

    write_line(text,
               snprintf(text, sizeof(text), "%s:%d: %s does not hold\n", file, line, condition));
    abort();
}

void must_fail_comparison(const char *file, int line, const char *condition,
                          const intmax_t sides[2])
{
    char text[LINE_MAX_BYTES];

    write_line(text, snprintf(text, sizeof(text), "%s:%d: %s does not hold: %jd and %jd\n", file,
                              line, condition, sides[0], sides[1]));
    abort();
}
