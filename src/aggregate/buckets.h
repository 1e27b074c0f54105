/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Buckets: the upper bounds of a histogram
 */

#include "base/compiler.h"

#define BUCKETS_MAX 64

/* Shared and never changed once made. */
struct buckets {
    unsigned n;                 /* bounds; one more bucket, up to +Inf, comes on top */
    double bounds[BUCKETS_MAX]; /* ascending; a value equal to a bound is in its bucket */
};

/* The bounds that Prometheus' own client libraries begin with, for latencies in seconds. */
extern const double buckets_default_bounds[11];

/*
 * Make buckets of @n ascending, finite @bounds, which are copied. Returns 0,
 * -ENOMEM, or -EINVAL when the bounds are not like that or over BUCKETS_MAX.
 */
MUST_CHECK int buckets_new(struct buckets **ret, const double *bounds, unsigned n);
void buckets_free(struct buckets *buckets);
DEFINE_CLEANUP(struct buckets *, buckets_free)

/* The index of the bucket that @value belongs to; buckets->n for the one up to +Inf. */
static inline unsigned buckets_find(const struct buckets *buckets, double value)
{
    unsigned index = 0;

    /* No branch to mispredict; a dozen comparisons take 4 ns. */
    for (unsigned i = 0; i < buckets->n; i++)
        index += value > buckets->bounds[i];
    return index;
}
