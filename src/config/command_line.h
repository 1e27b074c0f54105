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
    COMMAND_LINE_WRONG, /* a flag or variable is invalid */
};

/* The flags of a command. Each has the form --NAME=VALUE, or --NAME for a switch. */
struct command_line {
    const char *command; /* "udometer bench": messages refer to its --help */
    const struct option_table *table;
    bool has_version;   /* --version is accepted; --help always is */
    bool has_next_word; /* the value of a flag may also be the next word: --NAME VALUE */
    bool has_words;     /* words follow the flags; a flag without a value is reported as unknown */
    int argc;           /* the flags are argv[1] to argv[argc - 1] */
    char **argv;
};

/* The number of words in @argv before the first one that is not a flag, including argv[0]. */
int command_line_count_flags(int argc, char **argv);

/*
 * Set @values, the struct that the table fills, from the flags, in order. If @only is not
 * NULL, set only that option; the other flags need only exist. Reading stops at the first
 * flag that is invalid, after one sentence about it was written to @problem, or that asks for
 * help or the version.
 */
MUST_CHECK enum command_line_outcome command_line_read(const struct command_line *line,
                                                       const struct option *only, void *values,
                                                       struct buffer *problem);

/*
 * Set one of @values, or all of them, from the environment variables that exist. At the first
 * invalid one, write the variable and the reason to @problem and return false.
 */
MUST_CHECK bool command_line_read_variable(const struct option *option, void *values,
                                           struct buffer *problem);
MUST_CHECK bool command_line_read_variables(const struct option_table *table, void *values,
                                            struct buffer *problem);
