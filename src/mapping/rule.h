/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rule: what a mapping file says about some names
 *
 * This is a rule as it was configured. mapping/rules.h compiles many of them and finds the one for
 * a name.
 */

#include "base/metric_spec.h"
#include "base/sample_type.h"
#include "base/slice.h"

struct label_rules; /* mapping/label_rule.h */
struct treatment;   /* base/treatment.h */

/* How `match` is written. */
enum rule_syntax {
    RULE_GLOB,  /* segments between dots, of which each '*' stands for a whole one */
    RULE_REGEX, /* a regular expression of Go's regexp package, found anywhere in a name */
};

enum rule_action {
    RULE_MAP,
    RULE_DROP, /* skip the lines of these names */
};

/* What a rule calls the types of samples (match_metric_type). */
enum rule_type {
    RULE_COUNTER,
    RULE_GAUGE,
    RULE_OBSERVER, /* ms, h and d */
    RULE_SET,
    _RULE_TYPE_N,
};

/* A label that a rule sets. */
struct rule_label {
    struct slice name;  /* a Prometheus label name */
    struct slice value; /* a template */
};

/* A tag that a line must have (match_tags). */
struct rule_tag {
    struct slice name; /* of the label that the tag becomes */
    struct slice value;
    bool takes_any; /* whatever its value is; @value is unused */
};

/* All that it refers to is borrowed, and immutable. All zero is a glob that maps. */
struct rule {
    struct slice file; /* where the rule is, for messages; line and column count from 1 */
    unsigned line, column;

    enum rule_syntax syntax;
    struct slice match;
    struct slice prefix; /* only names that begin with it; empty: all */
    unsigned types;      /* a bit (1 << type) for each enum rule_type that it is for; 0: for all */
    const struct rule_tag *tags;
    size_t n_tags;

    enum rule_action action;
    struct slice name;               /* a template */
    const struct rule_label *labels; /* each name once */
    size_t n_labels;
    bool honors_labels; /* if a tag gives one of @labels too, the tag's value stays */

    enum observer observer;                /* as the config says it (observer_type) */
    const struct metric_spec *spec;        /* NULL: the defaults */
    const struct treatment *treatment;     /* NULL: values as they are sent */
    const struct label_rules *label_rules; /* for its lines only; NULL: none */
};

/* Whether all metrics that @rule makes have the same name. */
static inline bool rule_has_fixed_name(const struct rule *rule)
{
    return rule->action == RULE_MAP && rule->name.len &&
           !memchr(rule->name.at, '$', rule->name.len);
}

/* What a rule calls @type. SAMPLE_END has no type of its own: an x is mapped as each of them. */
static inline enum rule_type rule_type_of(enum sample_type type)
{
    switch (type) {
    case SAMPLE_COUNTER: return RULE_COUNTER;
    case SAMPLE_GAUGE: return RULE_GAUGE;
    case SAMPLE_TIMER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: return RULE_OBSERVER;
    case SAMPLE_SET: return RULE_SET;
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: break;
    }
    return _RULE_TYPE_N;
}
