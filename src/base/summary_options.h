/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Summary options: the quantiles of a summary, and how long an observation counts
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* The maximum number of quantiles; of parts of the window. */
#define QUANTILES_MAX 32
#define SUMMARY_AGES_MAX 20

/* The defaults of Prometheus' client libraries. */
#define SUMMARY_MAX_AGE_NS INT64_C(600000000000)
#define SUMMARY_N_AGES 5

struct quantiles {
    unsigned n;
    double at[QUANTILES_MAX]; /* from 0 to 1, ascending, each once */
};

/* 0.5, 0.9 and 0.99, as in statsd_exporter. */
extern const struct quantiles quantiles_default;

/*
 * The window moves in steps of one of its parts: what is read covers the current part and those
 * before it, so at least max_age_ns * (n_ages - 1) / n_ages.
 */
struct summary_options {
    struct quantiles quantiles;
    int64_t max_age_ns; /* at least 1 */
    unsigned n_ages;    /* parts, from 1 to SUMMARY_AGES_MAX; 0: not a summary's */
};

bool quantiles_equal(const struct quantiles *a, const struct quantiles *b);
bool summary_options_equal(const struct summary_options *a, const struct summary_options *b);

/* Sort @quantiles, and keep each once. */
void quantiles_sort(struct quantiles *quantiles);

/* How long a part of the window is; at least 1 ns. */
static inline int64_t summary_age_ns(const struct summary_options *options)
{
    int64_t age_ns = options->max_age_ns / options->n_ages;

    return LIKELY(age_ns > 0) ? age_ns : 1;
}
