/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Command line: options from flags, and the words beside them
 */

#include "config/option.h"
#include "config/problems.h"

enum command_line_outcome {
    COMMAND_LINE_RUN,
    COMMAND_LINE_HELP,
    COMMAND_LINE_VERSION,
    COMMAND_LINE_WRONG, /* some flags are invalid */
};

/*
 * A command's line: flags, and for some commands other words. A flag begins with two dashes, and
 * has the form --NAME=VALUE or --NAME VALUE; or --NAME or --no-NAME for a switch. "--" ends the
 * flags.
 */
struct command_line {
    const char *command; /* "udometer bench": messages refer to its --help */
    const struct option_table *table;
    bool has_version; /* --version is accepted; --help always is */
    bool has_words;   /* words that are not flags are accepted: see command_line_sort() */
    const char *(*advise)(struct slice name); /* on an unknown flag, as foreign_advice(), or NULL */
    /* Why the flag --@name, which has a value, is accepted and ignored; NULL: it is not. */
    const char *(*ignore)(struct slice name);
    int argc;    /* the flags are argv[1] to argv[argc - 1] */
    char **argv; /* the last one is followed by NULL */
};

/* The words of a line that are not flags, borrowed from it. NULL follows them, as in argv. */
struct command_words {
    char **at;
    int n;
    int n_before_dashes; /* of them stand before "--"; @n if there is no "--" */
};

/*
 * Part a line that has words: move the words in @line->argv after the flags, in order, without the
 * "--", and reduce @line->argc to the flags. A word with one dash may be the number -5, and is a
 * word; but not -h, nor one that would be a flag with two dashes.
 *
 * Returns 0, or -ENOMEM with the line unchanged.
 */
MUST_CHECK int command_line_sort(struct command_line *line, struct command_words *ret);

/*
 * Whether the flags ask for help or the version, whatever else is wrong with them. The first
 * of these flags decides. Returns any outcome but COMMAND_LINE_WRONG.
 */
MUST_CHECK enum command_line_outcome command_line_request(const struct command_line *line);

/* The last value that the flags give @option, borrowed from them; NULL if there is none. */
const char *command_line_value(const struct command_line *line, const struct option *option);

/*
 * Set @values, the struct that the table fills, from the flags, in order; or set nothing if
 * they ask for help or the version. Adds a problem to @problems for each invalid flag, and a
 * warning for each that is ignored.
 */
MUST_CHECK enum command_line_outcome command_line_read(const struct command_line *line,
                                                       void *values, struct problems *problems);
