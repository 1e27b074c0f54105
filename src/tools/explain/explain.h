/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explain: shows what udometer would do with a line, and why
 */

#include "base/compiler.h"

/*
 * udometer explain [--FLAG=VALUE]... [LINE]...
 *
 * Each LINE is a datagram, and may contain several lines; without any, reads standard input.
 * Lines are processed in order, as by a daemon with these flags that has just started. argv[0]
 * is "explain". Returns the exit status: 0 if nothing was refused, 1 if something was, 2 if a
 * flag is invalid.
 */
MUST_CHECK int explain_main(int argc, char **argv);
