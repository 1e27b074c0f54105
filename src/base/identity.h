/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Identity: what the bytes around a value mean
 *
 * Which series, of which type, at which weight.
 */

#include "base/sample_type.h"
#include "base/slice.h"

#include <stdbool.h>

/* Slices borrow from whoever resolved it. */
struct identity {
    enum sample_type type;
    struct slice family;           /* the Prometheus name */
    struct slice labels;           /* rendered: a="1",b="2"; sorted, escaped, without braces */
    struct slice histogram_labels; /* of an end or chain: what they are on a histogram */
    struct slice sent_as;          /* the name as the sender wrote it, for # HELP */
    double weight;                 /* how many events one sample stands for: 1 / rate, at least 1 */
    unsigned n_tag_errors;         /* tags that were dropped */
    unsigned n_unknown_sections;   /* |… sections that were passed over */
    bool has_bad_rate;             /* the rate was unusable and taken as 1 */
    bool has_colon_rate;           /* some rate has a ':' in it, as in a chain */
    bool is_passing;               /* not worth a key: whoever asks for it asks rarely */
};

/* The labels of @identity as they are on a metric of @type. */
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
