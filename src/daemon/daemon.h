/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Daemon: makes all parts and runs them until a signal stops it
 */

#include "base/compiler.h"
#include "daemon/options.h"

/*
 * Run until SIGTERM or SIGINT. Call once, on the main thread, before any other thread exists.
 * Logs what it does. Returns 0 after a normal end; or negative errno if it could not start,
 * after logging why to stderr.
 */
MUST_CHECK int daemon_run(const struct daemon_options *options);
