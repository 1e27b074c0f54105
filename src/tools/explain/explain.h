/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explain: what udometer would make of a line, and why
 */

#include "base/compiler.h"

/*
 * udometer explain [--FLAG=VALUE]... [LINE]...
 *
 * Each LINE is a datagram, and may hold several lines; without any, standard input is
 * read. They are taken in one after the other, as by a daemon with these flags that
 * has just started. argv[0] is "explain". Returns the exit status: 0 when nothing was
 * refused, 1 when something was, 2 when a flag is wrong.
 */
MUST_CHECK int explain_main(int argc, char **argv);
