/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Observations: how a file says what becomes of timers, histograms and distributions
 *
 *      buckets: [0.1, 0.5, 1]
 *      buckets: { linear: { start: 0, width: 10, count: 5 } }
 *      buckets: { exponential: { start: 0.001, factor: 2, count: 12 } }
 *      quantiles: [0.5, 0.99]
 *      quantiles: [{ quantile: 0.5, error: 0.05 }]
 */

#include "base/buckets.h"
#include "config/draft.h"

/* What the rows for buckets and quantiles have besides key, form, member and help. */
#define BUCKETS_ROW                                                                                \
    .table = &buckets_table, .schema = "{\"type\": \"array\", \"items\": {\"type\": \"number\"}}"
#define QUANTILES_ROW                                                                              \
    .table = &quantile_table, .item = FIELD_NUMBER, .has_maps = true, .least = 0, .most = 1

/* The options of a histogram in statsd_exporter's files. */
struct histogram_nodes {
    const struct node *buckets, *factor, *max_buckets;
};

/* The options of a summary in statsd_exporter's files. */
struct summary_nodes {
    const struct node *quantiles, *max_age, *age_buckets, *buf_cap;
};

extern const struct field_table histogram_options_table; /* struct histogram_nodes */
extern const struct field_table summary_options_table;   /* struct summary_nodes */
extern const struct field_table native_table;            /* the value of native, if it is a map */
extern const struct field_table buckets_table;           /* the same of buckets */
extern const struct field_table quantile_table;          /* a quantile that is a map */

/* The nodes of @map, and all its problems. NULL: no options. */
struct histogram_nodes observations_histogram(const struct field_reader *reader,
                                              const struct node *map);
struct summary_nodes observations_summary(const struct field_reader *reader,
                                          const struct node *map);

/*
 * Read the bounds at @node. NULL if it is NULL, an empty list, or has a problem, which is added.
 */
const struct buckets *observations_buckets(struct draft *draft, const struct field_reader *reader,
                                           const struct node *node);

/*
 * Read the native buckets that @node says: true, false or a map. NULL if it is NULL, or has a
 * problem, which is added.
 */
const struct native_options *observations_native(struct draft *draft,
                                                 const struct field_reader *reader,
                                                 const struct node *node);

/* What options of a histogram in statsd_exporter's files say of native buckets. 0: nothing. */
struct native_said {
    double factor;
    size_t max_buckets;
};

/* What @nodes say, and of the rest what @defaults say. */
struct native_said observations_said_of_native(const struct histogram_nodes *nodes,
                                               const struct native_said *defaults);

/*
 * The native buckets that follow from it. One of the two suffices. NULL if neither is said, or when
 * out of memory.
 */
const struct native_options *observations_native_said(struct draft *draft,
                                                      const struct native_said *said);

/*
 * Read the quantiles at @node, a list. NULL if it is NULL or has a problem, which is added. The
 * errors that they may have are checked only: a sketch gives each rank its value.
 */
const struct quantiles *observations_quantiles(struct draft *draft,
                                               const struct field_reader *reader,
                                               const struct node *node);

/* Say in @spec what @nodes say, if it is a summary's; otherwise they are only checked. */
void observations_set_summary(struct draft *draft, const struct field_reader *reader,
                              const struct summary_nodes *nodes, struct metric_spec *spec);

/* Say in @spec how long an observation counts, and in how many steps. A node may be NULL. */
void observations_window(const struct field_reader *reader, const struct node *max_age,
                         const struct node *age_buckets, struct metric_spec *spec);
