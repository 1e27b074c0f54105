/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Weight: how many events a sample stands for, from the rate at which it was sent
 *
 * 1/rate has an error that multiplying would pass on: 15 * (1 / 0.03) is 500.00000000000006. So a
 * weight is one of two things, and keys need only one word for it:
 *
 *      1 or more    a whole number of events, exactly: 10 for the rate 0.1, 100,000 for 1e-5
 *      less than 1  the rate, by which values are divided, which rounds once
 *
 * Nearly all lines have no rate, or a whole weight. The others take a path of their own.
 */

#include <math.h>
#include <stdbool.h>

/* The weight of a sample that was sent at @rate, from 1e-9 to 1. */
static inline double weight_of_rate(double rate)
{
    double n = nearbyint(1 / rate);

    return 1 / n == rate ? n : rate;
}

static inline bool weight_is_whole(double weight)
{
    return weight >= 1;
}

/* What @value stands for: value/rate, rounded once. It may be infinite. */
static inline double weight_times(double weight, double value)
{
    return weight_is_whole(weight) ? value * weight : value / weight;
}

/* The number of events that a sample stands for, on average. */
static inline double weight_events(double weight)
{
    return weight_is_whole(weight) ? weight : 1 / weight;
}
