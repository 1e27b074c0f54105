/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: settings from flags, environment and file
 */

#include "base/compiler.h"
#include "config/problems.h"
#include "config/settings.h"

/* What the command line asks for. */
enum config_outcome {
    CONFIG_RUN,
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
