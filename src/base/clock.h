/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Clock: the two clocks, in nanoseconds
 *
 * Pure code reads no clock; it takes the time as an argument.
 */

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S INT64_C(1000000000)
#define CLOCK_NS_PER_MS INT64_C(1000000)

static inline int64_t clock_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

/* Never goes backwards; starts at an arbitrary point. For order and durations. */
static inline int64_t clock_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* Since 1970; may jump. For timestamps that people read, and those of the kernel. */
static inline int64_t clock_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* The most pairs of readings for clock_lead_ns(), and how close those of a pair should be. */
#define CLOCK_PAIRS_MAX 8
#define CLOCK_CLOSE_NS 1000

/*
 * How far real time is ahead of monotonic time now. It changes when the clock is set, and when the
 * machine was suspended. The thread may be preempted between two readings, so the closest of
 * several pairs is used; nearly always the first is close enough.
 */
static inline int64_t clock_lead_ns(void)
{
    int64_t lead_ns = 0, closest_ns = INT64_MAX;

    for (int i = 0; i < CLOCK_PAIRS_MAX && closest_ns > CLOCK_CLOSE_NS; i++) {
        int64_t before_ns = clock_monotonic_ns();
        int64_t real_ns = clock_realtime_ns();
        int64_t after_ns = clock_monotonic_ns();

        if (after_ns - before_ns < closest_ns) {
            closest_ns = after_ns - before_ns;
            lead_ns = real_ns - before_ns - closest_ns / 2;
        }
    }
    return lead_ns;
}

/* Milliseconds since 1970 at @monotonic_ns, by the clock as it is set now; 0: now. */
static inline int64_t clock_wall_ms(int64_t monotonic_ns)
{
    if (monotonic_ns == 0)
        return clock_realtime_ns() / CLOCK_NS_PER_MS;
    return (monotonic_ns + clock_lead_ns()) / CLOCK_NS_PER_MS;
}

/* Whole seconds of the monotonic clock, at least 1, so that 0 can mean never. */
static inline uint32_t clock_seconds(void)
{
    return (uint32_t)(clock_monotonic_ns() / CLOCK_NS_PER_S) + 1;
}
