/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config file: settings from YAML
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/settings.h"

/*
 * Fill @settings from the YAML file at @path. Keys are the names of settings,
 * whole ("statsd.ttl: 5m") or taken apart at their dots into nested mappings;
 * lists are YAML lists.
 *
 * Each setting may stand there once. Returns true, or false and one line in
 * @problem: "PATH:LINE:COLUMN: …", or "PATH: …" when the file cannot be read.
 */
MUST_CHECK bool config_file_read(struct settings *settings, const char *path,
                                 struct buffer *problem);
