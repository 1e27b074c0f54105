/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: what flags, environment and file say
 *
 * This is for those who hold the settings and never look into them: what a setting means
 * to a module is said by daemon/options.c alone.
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
    CONFIG_CHECK, /* only to say that all is right, as it is */
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
