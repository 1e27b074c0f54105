/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: settings from flags, environment and file
 *
 * The settings are opaque to callers. daemon/options.c turns them into the options of each
 * module.
 */

#include "base/compiler.h"
#include "config/command_line.h"
#include "config/problems.h"

struct settings;

/* Make settings with all defaults. Returns 0 or -ENOMEM. */
MUST_CHECK int config_new(struct settings **ret);
void config_free(struct settings *settings);
DEFINE_CLEANUP(struct settings *, config_free)

/* What the command line asks for. */
enum config_outcome {
    CONFIG_RUN,
    CONFIG_CHECK, /* --check-config: everything is valid; say so and exit */
    CONFIG_PRINT, /* --print-config: likewise; call config_write() and exit */
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_USAGE_ERROR, /* flags or variables are invalid; exit status 2 */
    CONFIG_FILE_ERROR,  /* only the config file is missing or invalid; exit status 1 */
};

/*
 * The line of the daemon, or of a command that takes its flags and, if @has_words, other words.
 * @argv is borrowed.
 */
struct command_line config_line(int argc, char **argv, bool has_words);

/*
 * Fill @settings, which has its defaults, from the config file, the environment and the flags of
 * @line, in this order, so that flags win. On an error @problems lists every problem of all three,
 * in the same order. @warnings lists what was ignored, such as variables that set nothing.
 * For CONFIG_HELP and CONFIG_VERSION both stay empty.
 */
MUST_CHECK enum config_outcome config_load(struct settings *settings,
                                           const struct command_line *line,
                                           struct problems *problems, struct problems *warnings);

/*
 * Write the settings that config_load() has made from @line, each with its source, in the form of
 * a config file.
 */
void config_write(const struct settings *settings, const struct command_line *line,
                  struct buffer *out);

/* Write the text of --help. */
void config_write_help(struct buffer *out);
