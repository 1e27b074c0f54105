/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Identity: the meaning of the bytes around a value
 *
 * They name a series, a type and a weight.
 */

#include "base/sample_type.h"
#include "base/slice.h"

#include <stdbool.h>

/* The slices are borrowed from the resolver. */
struct identity {
    enum sample_type type;
    struct slice family;           /* the Prometheus name */
    struct slice labels;           /* rendered: a="1",b="2"; sorted, escaped, without braces */
    struct slice histogram_labels; /* for an end or a chain: the labels on a histogram */
    struct slice sent_as;          /* the name as the sender wrote it, for # HELP */
    double weight;                 /* events that one sample stands for: 1 / rate, at least 1 */
    unsigned n_tag_errors;         /* tags that were dropped */
    unsigned n_unknown_sections;   /* |… sections that were ignored */
    bool has_bad_rate;             /* the rate was unusable and taken as 1 */
    bool has_colon_rate;           /* some rate has a ':' in it, as in a chain */
    bool is_passing;               /* not to be cached: too rare, or its bytes are ambiguous */
};

/* The labels of @identity on a metric of @type. */
static inline struct slice identity_labels_on(const struct identity *identity,
                                              enum metric_type type)
{
    switch (type) {
    case METRIC_HISTOGRAM: return identity->histogram_labels;
    case METRIC_COUNTER:
    case METRIC_GAUGE:
    case METRIC_SET:
    case METRIC_NONE: break;
    }
    return identity->labels;
}
