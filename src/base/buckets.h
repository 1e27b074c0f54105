/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Buckets: how the observations of a family are kept
 *
 * The upper bounds of a histogram; or for a summary, its options.
 */

#include "base/compiler.h"
#include "base/summary_options.h"

#include <stdbool.h>

#define BUCKETS_MAX 64

/* Shared; immutable once made. */
struct buckets {
    unsigned n;                     /* bounds; the bucket up to +Inf is not among them */
    double bounds[BUCKETS_MAX];     /* ascending; inclusive, like Prometheus' le */
    struct summary_options summary; /* all zero: a histogram's */
};

/* The default bounds of Prometheus' own client libraries, for latencies in seconds. */
extern const double buckets_default_bounds[11];

/*
 * Make buckets from @n bounds, which are copied. Returns 0, -ENOMEM, or -EINVAL if the bounds
 * are not ascending and finite or there are more than BUCKETS_MAX of them.
 */
MUST_CHECK int buckets_new(struct buckets **ret, const double *bounds, unsigned n);
void buckets_free(struct buckets *buckets);
DEFINE_CLEANUP(struct buckets *, buckets_free)

/* The index of the bucket for @value; buckets->n for the one up to +Inf. */
static inline unsigned buckets_find(const struct buckets *buckets, double value)
{
    unsigned index = 0;

    /* No branch to mispredict; a dozen comparisons take 4 ns. */
    for (unsigned i = 0; i < buckets->n; i++)
        index += value > buckets->bounds[i];
    return index;
}

/* Whether both have the same bounds, and the same options of summaries. */
bool buckets_equal(const struct buckets *a, const struct buckets *b);
