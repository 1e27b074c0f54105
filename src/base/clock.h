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

/* Whole seconds of the monotonic clock, at least 1, so that 0 can mean never. */
static inline uint32_t clock_seconds(void)
{
    return (uint32_t)(clock_monotonic_ns() / CLOCK_NS_PER_S) + 1;
}
