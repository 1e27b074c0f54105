/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stopwatch: runs a command and measures the time it takes
 */

#include "base/compiler.h"

#include <stdint.h>

struct stopwatch {
    int status; /* as a shell's $?: 128 + N after signal N, 127: not found, 126: not executable */
    int64_t elapsed_ns;
};

/*
 * Run the command @argv, which ends with NULL, and wait for it to exit. Meanwhile, signals
 * that would end this process are passed on to the command. Signals from a terminal are not:
 * they reach the command anyway.
 */
struct stopwatch stopwatch_run(char *const *argv);
