/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Crew: two threads that begin at the same moment, each on its own processor
 */

#include <stdint.h>

/* What one thread is to do; @ctx says it. */
struct crew_task {
    void (*run)(void *ctx);
    void *ctx;
};

#define CREW_MAX 2

/*
 * Run @n tasks at once, 1 to CREW_MAX, task i on processor i if there is one, and return the
 * time from the first one's start to the last one's end, in ns.
 */
double crew_run(const struct crew_task *tasks, unsigned n);
