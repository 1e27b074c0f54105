/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Buckets: how the observations of a family are kept
 *
 * The upper bounds of a histogram, and the resolution of a native one; or for a summary, its
 * options.
 */

#include "base/compiler.h"
#include "base/summary_options.h"

#include <stdbool.h>

#define BUCKETS_MAX 64

/* The most that max_buckets may be. */
#define NATIVE_BUCKETS_MAX 65536

/* The distance up to which observations count as 0, unless the config says another: 2^-128. */
#define NATIVE_ZERO_THRESHOLD 0x1p-128

/* The exponential buckets of a native histogram (aggregate/native.h). */
struct native_options {
    int schema;            /* -4 to 8: each bucket is 2^(2^-schema) times as wide as the last */
    unsigned max_buckets;  /* beyond them, the schema is lowered; 0: there are no such buckets */
    double zero_threshold; /* observations up to this distance from 0 are in the zero bucket */
};

/* Shared; immutable once made. */
struct buckets {
    unsigned n;                     /* bounds; the bucket up to +Inf is not among them */
    double bounds[BUCKETS_MAX];     /* ascending; inclusive, like Prometheus' le */
    struct native_options native;   /* of a histogram */
    struct summary_options summary; /* all zero: a histogram's */
};

/* The default bounds of Prometheus' own client libraries, for latencies in seconds. */
extern const double buckets_default_bounds[11];

/*
 * Make buckets from @n bounds, which are copied, without native ones. Returns 0, -ENOMEM, or
 * -EINVAL if the bounds are not ascending and finite or there are more than BUCKETS_MAX of them.
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

/* Whether these have native buckets. */
static inline bool buckets_are_native(const struct buckets *buckets)
{
    return buckets->native.max_buckets > 0;
}

/*
 * The lowest schema whose buckets grow by no more than @factor, above 1. From -4 to 8, so a factor
 * below 1.0027 gives more.
 */
int native_options_schema(double factor);

/* Whether both give the same native buckets, or none. */
bool native_options_equal(const struct native_options *a, const struct native_options *b);

/* Whether both have the same bounds, native buckets and options of summaries. */
bool buckets_equal(const struct buckets *a, const struct buckets *b);
