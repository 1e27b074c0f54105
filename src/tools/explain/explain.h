/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explain: shows what udometer would do with a line, and why
 */

#include "base/compiler.h"

/*
 * udometer explain [--FLAG=VALUE]... [LINE]...
 * udometer explain [--FLAG=VALUE]... [-]
 *
 * Each LINE is a datagram, and may contain several lines; without any, reads standard input, or
 * prints the usage if that is a terminal. "-" reads a terminal too. Flags may also stand after a
 * LINE, but not after "--". Lines are processed in order, as by a daemon with these flags that has
 * just started. argv[0] is "explain". Returns the exit status: 0 if nothing was refused, 1 if
 * something was, 2 if a flag is invalid or there was nothing to explain.
 */
MUST_CHECK int explain_main(int argc, char **argv);
