/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Listing: all settings and where each comes from, in the form of a config file
 *
 *      # config.file: udometer.yml                  # --config.file
 *      statsd.listen-udp: [127.0.0.1:8125]          # UDOMETER_STATSD_LISTEN_UDP
 *      statsd.ttl: 15m                              # udometer.yml:3:3
 *      workers: 0                                   # default
 */

#include "config/command_line.h"
#include "config/settings.h"

/*
 * Write @settings, which were read from a config file, the environment and @line. As a config
 * file, the text sets the same.
 */
void listing_write(const struct settings *settings, const struct command_line *line,
                   struct buffer *out);

/* Where the value of @option comes from, in @settings that were read in the same way. */
enum option_source listing_source(const struct option *option, const struct settings *settings,
                                  const struct command_line *line);
