/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Defaults: the pipeline options of a daemon without flags
 *
 * They come from the table of settings, the one place that has them.
 */

#include "base/must.h"
#include "config/settings.h"
#include "daemon/options.h"

static inline const struct pipeline_options *default_pipeline(void)
{
    static struct pipeline_options options;
    struct settings settings;

    if (options.resolve.limits.line == 0) {
        MUST(settings_init(&settings) == 0);
        options = options_pipeline(&settings);
        settings_deinit(&settings);
    }
    return &options;
}
