/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Buckets
 *
 * Many histograms have the same bounds, so they share one set of them. The bounds are checked
 * when the set is made, because buckets_find() relies on their order.
 */

#include "base/buckets.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

const double buckets_default_bounds[11] = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
};

static bool are_bounds(const double *bounds, unsigned n)
{
    if (n > BUCKETS_MAX)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1]))
            return false;
    return true;
}

int buckets_new(struct buckets **ret, const double *bounds, unsigned n)
{
    struct buckets *buckets;

    if (!are_bounds(bounds, n))
        return -EINVAL;
    buckets = calloc(1, sizeof(*buckets));
    if (!buckets)
        return -ENOMEM;
    buckets->n = n;
    for (unsigned i = 0; i < n; i++)
        buckets->bounds[i] = bounds[i];
    *ret = buckets;
    return 0;
}

void buckets_free(struct buckets *buckets)
{
    free(buckets);
}

int native_options_schema(double factor)
{
    int schema = 8;

    /* Schema s grows by 2^(2^-s). Each factor is the square of the one of the next schema. */
    while (schema > -4 && exp2(exp2(-(schema - 1))) <= factor)
        schema--;
    return schema;
}

bool native_options_equal(const struct native_options *a, const struct native_options *b)
{
    if (a->max_buckets != b->max_buckets || a->max_buckets == 0)
        return a->max_buckets == b->max_buckets;
    return a->schema == b->schema && !(a->zero_threshold < b->zero_threshold) &&
           !(a->zero_threshold > b->zero_threshold);
}

bool buckets_equal(const struct buckets *a, const struct buckets *b)
{
    if (a->n != b->n || !summary_options_equal(&a->summary, &b->summary))
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (a->bounds[i] < b->bounds[i] || a->bounds[i] > b->bounds[i])
            return false;
    return native_options_equal(&a->native, &b->native);
}
