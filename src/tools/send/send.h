/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Send: sends samples from a command line to any udometer
 */

#include "base/compiler.h"

/*
 * udometer send [FLAG]... TYPE NAME [VALUE] [key=value]...
 * udometer send [FLAG]... [-]
 * udometer send [FLAG]... time NAME [key=value]... -- COMMAND...
 *
 * Sends one sample, the lines of standard input, or the time that a command takes. Without any
 * word, prints the usage if standard input is a terminal. Flags may also stand after a word, but
 * not after "--". argv[0] is "send". Returns the exit status: 0 if everything was sent, 1 if
 * something was not, 2 if a flag or an argument is invalid or there was none; in the last form,
 * the status of the command.
 */
MUST_CHECK int send_main(int argc, char **argv);
