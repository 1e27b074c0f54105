/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Command line: options from flags and from environment variables
 */

#include "config/option.h"

enum command_line_outcome {
    COMMAND_LINE_RUN,
    COMMAND_LINE_HELP,
    COMMAND_LINE_VERSION,
    COMMAND_LINE_WRONG, /* a flag or variable is wrong */
};

/* The flags of a command, and which form they have: --NAME=VALUE at least. */
struct command_line {
    const char *command; /* "udometer bench", whose --help a message names */
    const struct option_table *table;
    bool has_version;   /* there is --version, too */
    bool has_next_word; /* --NAME VALUE is right, too */
    bool has_words;     /* words that are not flags follow the flags */
    int argc;           /* the flags are argv[1] to argv[argc - 1] */
    char **argv;
};

/* How many of @argv, argv[0] among them, come before the first word that is not a flag. */
int command_line_count_flags(int argc, char **argv);

/*
 * Set @values, a struct of the table's, from the flags, the first to the last; with @only,
 * set that option alone, and see that the others are known. The first flag that is wrong
 * or asks for something else decides the outcome. What is wrong is written to @problem.
 */
MUST_CHECK enum command_line_outcome command_line_read(const struct command_line *line,
                                                       const struct option *only, void *values,
                                                       struct buffer *problem);

/*
 * Set one of @values, or all of them, from the environment variables that are there.
 * Returns false after writing to @problem which one is wrong, and why.
 */
MUST_CHECK bool command_line_read_variable(const struct option *option, void *values,
                                           struct buffer *problem);
MUST_CHECK bool command_line_read_variables(const struct option_table *table, void *values,
                                            struct buffer *problem);
