/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mapping: all that the config says about names
 *
 * Declared metrics, rules, label rules, and what becomes of a name or label that is not declared.
 * It is made once, and immutable from then on. Threads share it by references.
 */

#include "base/arena.h"
#include "base/compiler.h"
#include "mapping/metric.h"
#include "mapping/rules.h"

#include <stdint.h>

/* What becomes of lines whose name is not declared. */
enum mapping_undeclared {
    MAPPING_ACCEPT,
    MAPPING_DROP, /* they are skipped */
};

/* What becomes of labels that a declared metric does not list. */
enum mapping_labels {
    MAPPING_LABELS_KEEP,
    MAPPING_LABELS_DROP,
    MAPPING_LABELS_REFUSE, /* the line is refused */
};

/* All zero says nothing about any name. */
struct mapping_parts {
    struct arena arena; /* holds all that the other members refer to */
    struct metric *metrics;
    size_t n_metrics;
    struct rules *rules;                   /* NULL: none */
    const struct metric_spec *unmatched;   /* of names that no rule matches; NULL: nothing */
    const struct label_rules *label_rules; /* for the lines of all names; NULL: none */
    enum mapping_undeclared undeclared;
    enum mapping_labels undeclared_labels;
    bool has_totals;     /* counters of some names are running totals, each of its sender */
    uint64_t generation; /* at least 1, and higher than that of any mapping before */
};

struct mapping;

/*
 * Make a mapping, and take over @parts: its arena, and its rules. The metrics are sorted by name;
 * each name is there once. Returns 0, or -ENOMEM with nothing taken.
 */
MUST_CHECK int mapping_new(struct mapping **ret, struct mapping_parts *parts);

/* Take or release a reference, from any thread; releasing the last one frees it. NULL is fine. */
struct mapping *mapping_ref(struct mapping *mapping);
void mapping_unref(struct mapping *mapping);
DEFINE_CLEANUP(struct mapping *, mapping_unref)

/* What it was made of. */
const struct mapping_parts *mapping_parts(const struct mapping *mapping);

/* Whether it has totals (struct mapping_parts); not if @mapping is NULL. */
bool mapping_has_totals(const struct mapping *mapping);

/* The number of its rules; 0 if @mapping is NULL. */
size_t mapping_n_rules(const struct mapping *mapping);

/* The metric called @name, a Prometheus name; or NULL. */
const struct metric *mapping_find(const struct mapping *mapping, struct slice name);
