/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Name rate
 *
 * A bucket that is measured in time: a name costs the time until the next one is due. What is there
 * at the start is more than the bucket holds later, and is not filled up again.
 */

#include "aggregate/name_rate.h"

#define NS_PER_S INT64_C(1000000000)

/* Time has passed since the last new name: fill the bucket, up to NAME_RATE_BURST. */
static void fill(struct name_rate *rate, int64_t cost_ns, int64_t passed_ns)
{
    int64_t full_ns = NAME_RATE_BURST * cost_ns;

    if (rate->saved_ns < full_ns)
        rate->saved_ns =
            passed_ns < full_ns - rate->saved_ns ? rate->saved_ns + passed_ns : full_ns;
}

bool name_rate_take(struct name_rate *rate, uint64_t per_s, int64_t arrived_ns)
{
    int64_t cost_ns = NS_PER_S / (int64_t)per_s, first_ns = NAME_RATE_FIRST * cost_ns;

    if (!rate->has_started) {
        rate->has_started = true;
        rate->newest_ns = arrived_ns;
        rate->saved_ns = first_ns;
    }
    /* A reload may have made names cheaper: what was saved must not buy millions of them. */
    if (rate->saved_ns > first_ns)
        rate->saved_ns = first_ns;
    if (arrived_ns > rate->newest_ns) {
        fill(rate, cost_ns, arrived_ns - rate->newest_ns);
        rate->newest_ns = arrived_ns;
    }
    if (rate->saved_ns < cost_ns)
        return false;
    rate->saved_ns -= cost_ns;
    return true;
}
