/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench: generates load and measures loss
 */

#include "base/compiler.h"

/*
 * udometer bench [--FLAG=VALUE]...
 *
 * Sends a workload, or receives one with --sink, and reports on stdout. argv[0] is "bench".
 * SIGTERM and SIGINT end it early; it still reports. Returns the exit status: 0 if all is
 * well; 1 if datagrams were lost or could not be sent, a number on the scraped page differs,
 * or it could not run; 2 if a flag is invalid.
 */
MUST_CHECK int bench_main(int argc, char **argv);
