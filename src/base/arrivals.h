/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Arrivals: the order of what one source has brought to one worker
 *
 * A source is a socket, or all connections to one. What it brings is applied in the order in which
 * it is received, so the times must be in that order too, even if a clock jumps. Between sources
 * there is no such order: a worker reads one after the other, and the time of arrival alone says
 * what came first.
 */

#include <stdint.h>

/* All zero: nothing has arrived. */
struct arrivals {
    int64_t newest_ns; /* of what was received */
    int64_t last_at;   /* of what was applied and needs a time of its own; that happens later */
};

/*
 * What was received next arrived at @arrived_ns. Returns that, or the time of something received
 * before if that is later.
 */
static inline int64_t arrivals_note(struct arrivals *arrivals, int64_t arrived_ns)
{
    if (arrived_ns > arrivals->newest_ns)
        arrivals->newest_ns = arrived_ns;
    return arrivals->newest_ns;
}

/* A time for a sample that arrived at @arrived_ns, strictly later than that of the one before. */
static inline int64_t arrivals_next(struct arrivals *arrivals, int64_t arrived_ns)
{
    arrivals->last_at = arrived_ns > arrivals->last_at ? arrived_ns : arrivals->last_at + 1;
    return arrivals->last_at;
}
