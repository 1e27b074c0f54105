/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Buckets
 *
 * Rendering a bound costs a hundred times what copying its text does, and a
 * scrape of many histograms needs it for each of them: so it is done here, once.
 */

#include "aggregate/buckets.h"

#include "base/number.h"

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

static struct slice write_label(char *out, double bound)
{
    size_t len = 4;

    memcpy(out, "le=\"", 4);
    len += number_format(out + len, bound);
    out[len++] = '"';
    return (struct slice){ out, len };
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
    for (unsigned i = 0; i < n; i++) {
        buckets->bounds[i] = bounds[i];
        buckets->labels[i] = write_label(buckets->text[i], bounds[i]);
    }
    *ret = buckets;
    return 0;
}

void buckets_free(struct buckets *buckets)
{
    free(buckets);
}
