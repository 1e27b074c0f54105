/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Median: the figure of several runs
 */

#include <stdlib.h>

static inline int median_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

/* The median of an odd number of @figures, which get sorted. */
static inline double median(double *figures, size_t n)
{
    qsort(figures, n, sizeof(*figures), median_compare);
    return figures[n / 2];
}
