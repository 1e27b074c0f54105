/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stopwatch: run a command, and how long it took
 */

#include "base/compiler.h"

#include <stdint.h>

struct stopwatch {
    int status; /* as a shell's $?: 128 + N after signal N, 127: not found, 126: not executable */
    int64_t elapsed_ns;
};

/*
 * Run the command @argv, ended by NULL, and wait for its end. Signals that would end
 * this process meanwhile are passed on to the command. Those of a terminal are not: they
 * reach the command by themselves.
 */
struct stopwatch stopwatch_run(char *const *argv);
