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
 * Set @settings from @document, a YAML file whose path @problems have. Keys are the names of
 * settings, whole ("statsd.ttl: 5m") or split at their dots into nested maps; lists are YAML lists.
 * Each setting may be set once. Keys that say something of names (config/names_file.h) are not its
 * concern.
 *
 * Returns true, with the places of what was set; or false, with @settings unchanged, after adding
 * every problem of the file to @problems.
 */
MUST_CHECK bool settings_file_apply(struct settings *settings, const struct document *document,
                                    struct problems *problems);
