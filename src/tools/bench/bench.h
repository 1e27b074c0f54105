/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench: a load generator that is a loss meter too
 */

#include "base/compiler.h"

/*
 * udometer bench [--FLAG=VALUE]...
 *
 * Sends a workload, or with --sink receives one, and reports on stdout. argv[0] is
 * "bench". SIGTERM and SIGINT end it early, with its report. Returns the exit status: 0
 * when all is well; 1 when datagrams were lost or could not be sent, a number on the
 * scraped page differs, or it could not run at all; 2 when a flag is wrong.
 */
MUST_CHECK int bench_main(int argc, char **argv);
