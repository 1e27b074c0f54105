/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metric: a metric as the config declares it
 */

#include "base/labels.h"
#include "base/sample_type.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct label_rules; /* mapping/label_rule.h */
struct metric_spec; /* base/metric_spec.h */
struct treatment;   /* base/treatment.h */

/* The labels of a series that exists from the start. */
struct metric_initial {
    const struct label *labels;
    size_t n;
};

/* All that it refers to is borrowed, and immutable. */
struct metric {
    struct slice name; /* a Prometheus name */
    enum metric_type type;
    struct slice file; /* where it is declared, for messages; line and column count from 1 */
    unsigned line, column;
    const struct metric_spec *spec;    /* not NULL */
    const struct treatment *treatment; /* NULL: values as they are sent */
    /* The names of the labels that senders may give; sorted in byte order, each once. */
    const struct slice *labels;
    size_t n_labels;
    bool takes_any_label; /* no names are declared */
    /* Labels that every series has (labels_const); those of senders do not replace them. */
    const struct label *constants;
    size_t n_constants;
    const struct metric_initial *initial;
    size_t n_initial;
    const struct label_rules *label_rules; /* NULL: none */
};

/* Whether senders may give @name to a series of @metric. */
bool metric_takes_label(const struct metric *metric, struct slice name);
