/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Problems: all mistakes of a config, not only the first
 *
 * Whoever reads a file, environment variables or flags adds a problem for each mistake and
 * continues. A problem is one line, and says first where it is:
 *
 *      udometer.yml:3:8: statsd.ttl: soon: expected a duration like 90s, …
 *      UDOMETER_WORKERS=many: expected a whole number from 1 to 64, …
 *      --workrs=3: unknown flag; did you mean --workers?
 *
 * What is doubtful but has a meaning is a warning. It goes to a list of its own, and does not keep
 * anything from being used.
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

/* For a problem with the file as a whole. */
#define PLACE_NONE ((struct place){ 0, 0 })

/* Where a line of the list has its parts. */
struct problem_parts {
    struct place place;
    unsigned path_len; /* bytes; 0: no file */
    unsigned text;     /* bytes before the text: the path, the place and a blank */
};

/* All zero is an empty list: struct problems p = { 0 }. */
struct problems {
    const char *path;    /* of the file being read, borrowed; NULL: flags and variables */
    unsigned n;          /* the number of problems added */
    struct buffer lines; /* the first PROBLEMS_MAX that were added, with line feeds */
    struct problem_parts parts[PROBLEMS_MAX]; /* of each of these */
    struct problems *warnings; /* the list that problems_warn() adds to; NULL: they are discarded */
    bool has_no_memory;        /* for one of them, or to say what it is; the config may be right */
};

void problems_deinit(struct problems *problems);

/*
 * Add a problem at @place in the file being read: "PATH:LINE:COLUMN: TEXT", "PATH: TEXT" for
 * PLACE_NONE, or only TEXT when there is no file. The text says what is wrong and what was
 * expected. Control characters become '?'.
 *
 * If memory runs out, the problem is still counted, and has_no_memory is set.
 */
__attribute__((__format__(__printf__, 3, 4))) void problems_add(struct problems *problems,
                                                                struct place place,
                                                                const char *format, ...);

/* The same for a warning, which is added to @problems->warnings with the path of @problems. */
__attribute__((__format__(__printf__, 3, 4))) void problems_warn(struct problems *problems,
                                                                 struct place place,
                                                                 const char *format, ...);

/*
 * Add a problem about a value, with the text "BEFOREVALUE: WRONG". @before is the key and what
 * separates it from its value: "statsd.ttl: " or "--statsd.ttl=". If @value is long, only its
 * beginning is quoted. An empty @wrong means that there was no memory for it.
 */
void problems_add_value(struct problems *problems, struct place place, struct slice before,
                        struct slice value, struct slice wrong);

/* Whether the list is full, so that further texts are not kept. */
static inline bool problems_are_many(const struct problems *problems)
{
    return problems->n >= PROBLEMS_MAX;
}

/*
 * Put the kept problems of each file into the order of their places. Files stay in the order in
 * which they have their first problem, and what is in no file counts as one. Without memory,
 * nothing changes.
 */
void problems_sort(struct problems *problems);

/*
 * Print each kept problem as a line, "@program: PROBLEM", then the number of further ones, then
 * whether some are missing for want of memory.
 */
void problems_print(const struct problems *problems, const char *program, FILE *to);

/*
 * Write each kept problem as a JSON object on a line of its own, for editors:
 *
 *      {"severity":"error","file":"udometer.yml","line":3,"column":8,"message":"…"}
 *
 * Where there is no file or no place in it, their members are missing.
 */
void problems_write_json(const struct problems *problems, const char *severity, struct buffer *out);
