/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Command line: options from flags
 */

#include "config/option.h"
#include "config/problems.h"

enum command_line_outcome {
    COMMAND_LINE_RUN,
    COMMAND_LINE_HELP,
    COMMAND_LINE_VERSION,
    COMMAND_LINE_WRONG, /* some flags are invalid */
};

/* The flags of a command. Each has the form --NAME=VALUE, or --NAME for a switch. */
struct command_line {
    const char *command; /* "udometer bench": messages refer to its --help */
    const struct option_table *table;
    bool has_version;   /* --version is accepted; --help always is */
    bool has_next_word; /* the value of a flag may also be the next word: --NAME VALUE */
    bool has_words;     /* words follow the flags; a flag without a value is reported as unknown */
    const char *(*advise)(struct slice name); /* on an unknown flag, as foreign_advice(), or NULL */
    int argc;                                 /* the flags are argv[1] to argv[argc - 1] */
    char **argv;
};

/* The number of words in @argv before the first one that is not a flag, including argv[0]. */
int command_line_count_flags(int argc, char **argv);

/*
 * Whether the flags ask for help or the version, whatever else is wrong with them. The first
 * of these flags decides. Returns any outcome but COMMAND_LINE_WRONG.
 */
MUST_CHECK enum command_line_outcome command_line_request(const struct command_line *line);

/* The last value that the flags give @option, borrowed from them; NULL if there is none. */
const char *command_line_value(const struct command_line *line, const struct option *option);

/*
 * Set @values, the struct that the table fills, from the flags, in order; or set nothing if
 * they ask for help or the version. Adds a problem to @problems for each invalid flag.
 */
MUST_CHECK enum command_line_outcome command_line_read(const struct command_line *line,
                                                       void *values, struct problems *problems);
