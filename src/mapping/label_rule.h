/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Label rule: what happens to the labels of a line before it is counted
 *
 * In this order: labels are dropped, then those not kept are dropped, then labels are renamed, then
 * values that are not allowed become another one. So values are given for the new names. Series are
 * told apart after all this, so sums stay right.
 */

#include "base/labels.h"

/* All @from become @to at once, so two names may be exchanged. */
struct label_rename {
    struct slice from, to;
};

/* The values that a label may have; any other becomes @other, or the label is dropped if empty. */
struct label_values {
    struct slice label;
    struct slice *allowed;
    size_t n_allowed;
    struct slice other;
};

/*
 * All that it refers to is borrowed. Fill it, and call label_rules_sort() once; from then on it is
 * immutable. All zero changes nothing.
 */
struct label_rules {
    struct slice *drop; /* names */
    size_t n_drop;
    bool has_keep; /* only the names in keep stay */
    struct slice *keep;
    size_t n_keep;
    struct label_rename *renames; /* each `from` once */
    size_t n_renames;
    struct label_values *values; /* each label once */
    size_t n_values;
};

/* Sort its lists, so that they can be searched. */
void label_rules_sort(struct label_rules *rules);

/* What became of a label. */
enum label_fate {
    LABEL_DROPPED, /* its name is in drop, or not in keep, or its value has no substitute */
    LABEL_RENAMED,
    LABEL_REPLACED, /* its value is not allowed */
    LABEL_HIDDEN,   /* renamed to the name of a label that the line has already; dropped */

    /* Not by rules, but because the metric does not declare it: */
    LABEL_UNDECLARED, /* dropped */
    LABEL_REFUSED,    /* the line is refused */
};

/* Called as a label changes, to show it. @after is @before if the label does not go on. */
struct label_rules_trace {
    void *ctx;
    void (*on_label)(void *ctx, enum label_fate fate, const struct label *before,
                     const struct label *after);
};

/*
 * Apply @rules to @labels, each of whose names is there once, and so it stays: a label that is
 * renamed to a name that another one has gives way to it. The order of labels may change. @trace
 * may be NULL. Names and values then borrow from @rules as well.
 */
void label_rules_apply(const struct label_rules *rules, struct labels *labels,
                       const struct label_rules_trace *trace);
