/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Must
 *
 * The line is written by one write() and without allocating, as the heap may be broken.
 * abort() leaves a core dump with the stack that led here.
 */

#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

static void write_line(const char *line, int len)
{
    size_t n = len < 0 ? 0 : (size_t)len < LINE_MAX_BYTES ? (size_t)len : LINE_MAX_BYTES - 1;

    /* If that fails, nothing can report it. */
    if (write(STDERR_FILENO, line, n) < 0)
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
