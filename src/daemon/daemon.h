/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Daemon: all parts, put together, until a signal ends them
 */

#include "base/compiler.h"
#include "config/settings.h"

/*
 * Run until SIGTERM or SIGINT. Call once, on the main thread, with no other
 * threads. Logs what it does. Returns 0 after a good end, or negative errno when
 * it could not start, having said why on stderr.
 */
MUST_CHECK int daemon_run(const struct settings *settings);
