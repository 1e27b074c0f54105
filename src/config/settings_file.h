/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Settings file: settings from YAML
 */

#include "base/compiler.h"
#include "config/document.h"
#include "config/problems.h"
#include "config/settings.h"

/*
 * Set @settings from the YAML file at @path. Keys are the names of settings, whole
 * ("statsd.ttl: 5m") or split at their dots into nested maps; lists are YAML lists. Each
 * setting may be set once.
 *
 * Returns true, with the places of what was set; or false, with @settings unchanged, after adding
 * every problem of the file to @problems.
 */
MUST_CHECK bool settings_file_read(struct settings *settings, const char *path,
                                   struct problems *problems);

/* The same for a file that has been read, whose path @problems have. */
MUST_CHECK bool settings_file_apply(struct settings *settings, const struct document *document,
                                    struct problems *problems);
