/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: settings from flags, environment and file
 *
 * Callers hold the settings and do not look into them. What a setting means to a module is
 * the business of daemon/options.c.
 */

#include "base/compiler.h"
#include "config/problems.h"

struct settings;

/* Make settings with all defaults. Returns 0 or -ENOMEM. */
MUST_CHECK int config_new(struct settings **ret);
void config_free(struct settings *settings);
DEFINE_CLEANUP(struct settings *, config_free)

/* What the command line asks for. */
enum config_outcome {
    CONFIG_RUN,
    CONFIG_CHECK, /* --check-config: all is right; say so and exit */
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_USAGE_ERROR, /* a flag or variable is wrong; exit status 2 */
    CONFIG_FILE_ERROR,  /* the config file is missing or wrong; exit status 1 */
};

/*
 * Fill @settings, which has its defaults, from the config file, the environment
 * and @argv, in this order, so that flags win. On an error @problems has all that is
 * wrong with the file, or the first flag or variable that is wrong.
 */
MUST_CHECK enum config_outcome config_load(struct settings *settings, int argc, char **argv,
                                           struct problems *problems);

/* Write the text of --help. */
void config_write_help(struct buffer *out);
