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

/* The flags of a command. Each may have the form --NAME=VALUE, or --NAME if it is a switch. */
struct command_line {
    const char *command; /* "udometer bench": messages refer to its --help */
    const struct option_table *table;
    bool has_version;   /* --version is a flag, as --help always is */
    bool has_next_word; /* the value of a flag may also be the next word: --NAME VALUE */
    bool has_words;     /* other words follow the flags, so a flag without its value is unknown */
    int argc;           /* the flags are argv[1] to argv[argc - 1] */
    char **argv;
};

/* How many of @argv, argv[0] among them, come before the first word that is not a flag. */
int command_line_count_flags(int argc, char **argv);

/*
 * Set @values, a struct that the table fills, from the flags in their order. With @only, set
 * that option alone; the others need only be known. Reading ends at the first flag that is
 * wrong, which is written to @problem as one sentence, or that asks for help or the version.
 */
MUST_CHECK enum command_line_outcome command_line_read(const struct command_line *line,
                                                       const struct option *only, void *values,
                                                       struct buffer *problem);

/*
 * Set one of @values, or all of them, from those environment variables that exist. Returns
 * false after writing the first wrong one to @problem, and why it is wrong.
 */
MUST_CHECK bool command_line_read_variable(const struct option *option, void *values,
                                           struct buffer *problem);
MUST_CHECK bool command_line_read_variables(const struct option_table *table, void *values,
                                            struct buffer *problem);
