/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Problems: everything that is wrong with a configuration, not only the first
 *
 * The reader of a file adds a problem for each mistake and continues. A problem is one line:
 *
 *      udometer.yml:3:8: statsd.ttl: soon: expected a duration like 90s, …
 */

#include "base/buffer.h"

#include <stdbool.h>
#include <stdio.h>

/* More problems are counted, but not kept. */
#define PROBLEMS_MAX 100

/* A place in a file, counted from 1; the column counts characters, not bytes. */
struct place {
    unsigned line;
    unsigned column;
};

/* For a problem of a file as a whole. */
#define PLACE_NONE ((struct place){ 0, 0 })

/* All zero is an empty list: struct problems p = { 0 }. */
struct problems {
    const char *path;    /* of the file that is being read, borrowed; NULL: flags and variables */
    unsigned n;          /* all that were added */
    struct buffer lines; /* the first PROBLEMS_MAX in the order they were added, with line feeds */
};

void problems_deinit(struct problems *problems);

/*
 * Add a problem at @place of the file that is being read: "PATH:LINE:COLUMN: TEXT",
 * "PATH: TEXT" at PLACE_NONE, or TEXT alone when there is no file. The text says what is
 * wrong and what was expected. Control characters become '?'.
 *
 * Without memory the problem is counted all the same.
 */
__attribute__((__format__(__printf__, 3, 4))) void problems_add(struct problems *problems,
                                                                struct place place,
                                                                const char *format, ...);

/*
 * The same about a value, with the text "KEY: VALUE: WRONG". Of a long value, which is
 * UTF-8, only the beginning is quoted.
 */
void problems_add_value(struct problems *problems, struct place place, struct slice key,
                        struct slice value, struct slice wrong);

/* Is the list full? Then further texts are not kept. */
static inline bool problems_are_many(const struct problems *problems)
{
    return problems->n >= PROBLEMS_MAX;
}

/* Print each problem as a line, "@program: PROBLEM", and how many there are beyond these. */
void problems_print(const struct problems *problems, const char *program, FILE *to);
