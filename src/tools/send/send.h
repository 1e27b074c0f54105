/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Send: samples from a command line, to any udometer
 */

#include "base/compiler.h"

/*
 * udometer send [--url=URL] TYPE NAME [VALUE] [key=value]...
 * udometer send [--url=URL] [-]
 * udometer send [--url=URL] time NAME [key=value]... -- COMMAND...
 *
 * Sends one sample; the lines of standard input; or how long a command takes. argv[0] is
 * "send". Returns the exit status: 0 when all was sent, 1 when something was not, 2 when
 * a flag or a word is wrong; in the last form, the command's.
 */
MUST_CHECK int send_main(int argc, char **argv);
