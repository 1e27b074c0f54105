/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mapping rule: an entry of "mappings" in a mapping file, and the defaults of all of them
 */

#include "base/metric_spec.h"
#include "config/draft.h"
#include "config/label_rules_file.h"
#include "config/observations.h"

/* What "defaults" says. */
struct mapping_defaults {
    enum rule_syntax syntax;
    enum observer observer;
    struct metric_spec spec;
    struct native_said native; /* for rules that say a part of it */
};

/* What a rule may have. */
struct mapping_rule_nodes {
    const struct node *match, *match_type, *match_metric_type, *match_tags, *action;
    const struct node *name, *labels, *honor_labels, *help, *ttl;
    const struct node *observer_type, *histogram_options, *summary_options;
    const struct node *timer_type, *buckets, *quantiles;
    struct treatment_nodes treatment;
    struct label_rules_nodes label_rules;
};

extern const struct field_table mapping_rule_table;     /* struct mapping_rule_nodes */
extern const struct field_table mapping_defaults_table; /* what "defaults" may have */

/* Read "defaults", a map. NULL: there are none. */
struct mapping_defaults mapping_rule_read_defaults(struct draft *draft,
                                                   const struct field_reader *reader,
                                                   const struct node *map);

/* Add the rule at @node to @draft, or problems. */
void mapping_rule_read(struct draft *draft, const struct field_reader *reader,
                       const struct mapping_defaults *defaults, const struct node *node);
