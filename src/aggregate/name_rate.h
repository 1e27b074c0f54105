/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Name rate: how many new names a worker takes
 *
 * A new name costs a hundred times what a known line costs, most of it with the registry's lock
 * held. So a worker takes a number of them at once, when it starts, and then as many a second as
 * the config allows. Times are those of arrival, so no clock is read. One thread, or a lock.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* A worker takes this many at once at its start, when all programs begin to send. */
#define NAME_RATE_FIRST 100000

/* Later it takes this many at once: at 5 us each, they keep it from its sockets for 50 ms. */
#define NAME_RATE_BURST 10000

/* All zero: nothing has arrived. */
struct name_rate {
    int64_t newest_ns; /* arrival of the newest sample with a new name */
    int64_t saved_ns;  /* time that is left for names */
    bool has_started;
};

/*
 * Take one of @per_s names a second, 1 to 10^9, for a sample that arrived at @arrived_ns. Returns
 * false if there is none left. Samples may arrive out of order: time only goes forward.
 */
MUST_CHECK bool name_rate_take(struct name_rate *rate, uint64_t per_s, int64_t arrived_ns);
