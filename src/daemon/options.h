/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Options: what each module is told of the settings
 *
 * Modules do not know the settings: each has a small struct of its own. This is the only
 * place where the one becomes the other.
 */

#include "config/settings.h"
#include "daemon/listeners.h"
#include "ingest/pipeline.h"
#include "web/selfmetrics.h"

/* How lines are to be taken in. Everything in it is a value. */
struct pipeline_options options_pipeline(const struct settings *settings);

/* The limits that udometer reports, in the order of --help. Returns how many. */
unsigned options_limits(const struct settings *settings, struct selfmetrics_limit ret[OPTIONS_MAX]);

/* Where to receive, with the texts of @settings borrowed: UDP first, and Unix streams last. */
struct listeners_options options_listeners(const struct settings *settings);
