/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: settings from flags, environment and file
 */

#include "base/buffer.h"
#include "base/compiler.h"
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
 * and @argv, in this order, so that flags win. On an error, one line without its
 * line feed in @problem says what is wrong where.
 */
MUST_CHECK enum config_outcome config_load(struct settings *settings, int argc, char **argv,
                                           struct buffer *problem);
