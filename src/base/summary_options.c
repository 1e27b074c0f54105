/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Summary options
 *
 * They are compared when a config is reloaded: a summary with others begins anew.
 */

#include "base/summary_options.h"

#include <stdlib.h>

const struct quantiles quantiles_default = { .n = 3, .at = { 0.5, 0.9, 0.99 } };

bool quantiles_equal(const struct quantiles *a, const struct quantiles *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (a->at[i] < b->at[i] || a->at[i] > b->at[i])
            return false;
    return true;
}

bool summary_options_equal(const struct summary_options *a, const struct summary_options *b)
{
    return a->max_age_ns == b->max_age_ns && a->n_ages == b->n_ages &&
           quantiles_equal(&a->quantiles, &b->quantiles);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

void quantiles_sort(struct quantiles *quantiles)
{
    unsigned n = 0;

    qsort(quantiles->at, quantiles->n, sizeof(quantiles->at[0]), compare);
    for (unsigned i = 0; i < quantiles->n; i++)
        if (n == 0 || quantiles->at[i] > quantiles->at[n - 1])
            quantiles->at[n++] = quantiles->at[i];
    quantiles->n = n;
}
