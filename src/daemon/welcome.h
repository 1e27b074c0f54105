/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Welcome: what to try first
 */

#include "base/buffer.h"

/*
 * Write commands that send a sample to @udp, HOST:PORT, or NULL without a UDP listener, and
 * that scrape @telemetry_path at @http, HOST:PORT.
 */
void welcome_write(const char *udp, const char *http, const char *telemetry_path,
                   struct buffer *out);
