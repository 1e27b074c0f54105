/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Precedence
 *
 * A metric may exist before any line, so what rules say of its family must be known when the config
 * is read. For rules whose names have references it cannot be; the mapper joins what they say when
 * a line comes.
 */

#include "config/precedence.h"

#include "base/metric_spec.h"
#include "base/treatment.h"

#include <stdlib.h>

/* A rule, and the metric that it makes. */
struct pair {
    const struct rule *rule;
    const struct draft_rule_nodes *nodes;
    struct metric *metric;
    const struct metric_spec *declared; /* without what rules say */
};

struct metric *precedence_find(struct draft *draft, const struct rule *rule)
{
    struct slice name;

    if (!rule_has_fixed_name(rule) || !draft->metrics.n)
        return NULL;
    name = draft_name(draft, rule->name);
    return bsearch(&name, draft->metrics.items, draft->metrics.n, sizeof(struct metric),
                   slice_order);
}

/* Whether its samples are observations. */
static bool is_observer(const struct metric *metric)
{
    return rule_type_of(sample_type_for(metric->type)) == RULE_OBSERVER;
}

/* --- warnings --------------------------------------------------------------------------- */

/* Warn at @place of what the rule says as @key. */
static void warn(struct draft *draft, const struct pair *pair, struct place place, struct slice key,
                 const char *what)
{
    const struct metric *metric = pair->metric;

    draft->problems->path = pair->nodes->path;
    problems_warn(draft->problems, place, "%.*s: %.*s is declared as a %s at %.*s:%u:%u, %s",
                  (int)key.len, key.at, (int)metric->name.len, metric->name.at,
                  metric_type_name(metric->type), (int)metric->file.len, metric->file.at,
                  metric->line, metric->column, what);
}

/* Warn that what the rule says at @node does not count. NULL: the rule itself does not say it. */
static void warn_of_key(struct draft *draft, const struct pair *pair, const struct node *node,
                        bool is_declared)
{
    if (node)
        warn(draft, pair, node->key->place, node->key->text,
             is_declared ? "and the declaration counts, not this rule"
                         : "and an earlier rule for it counts, not this one");
}

/* --- comparing -------------------------------------------------------------------------- */

/* Whether both say something of a summary, and not the same. */
static bool differ(const struct metric_spec *a, const struct metric_spec *b)
{
    return (a->quantiles && b->quantiles && !quantiles_equal(a->quantiles, b->quantiles)) ||
           (a->max_age_ns && b->max_age_ns && a->max_age_ns != b->max_age_ns) ||
           (a->n_ages && b->n_ages && a->n_ages != b->n_ages);
}

/* Warn of what the rule says of the family, and others differently. */
static void compare_specs(struct draft *draft, const struct pair *pair)
{
    const struct draft_rule_nodes *nodes = pair->nodes;
    const struct metric_spec *rule = pair->rule->spec, *metric = pair->metric->spec;
    const struct metric_spec *declared = pair->declared;

    if (!rule)
        return;
    if (metric->help.len && !slice_equal(metric->help, rule->help))
        warn_of_key(draft, pair, nodes->help, declared->help.len > 0);
    if (metric->ttl_ns != SPEC_TTL_DEFAULT && metric->ttl_ns != rule->ttl_ns)
        warn_of_key(draft, pair, nodes->ttl, declared->ttl_ns != SPEC_TTL_DEFAULT);
    if (metric->buckets && rule->buckets && !buckets_equal(metric->buckets, rule->buckets))
        warn_of_key(draft, pair, nodes->buckets, declared->buckets);
    else if (metric->native && rule->native && !native_options_equal(metric->native, rule->native))
        warn_of_key(draft, pair, nodes->buckets, declared->native);
    if (differ(metric, rule))
        warn_of_key(draft, pair, nodes->summary, differ(declared, rule));
}

/* The same of values: the metric says all of it, or nothing. */
static void compare_treatments(struct draft *draft, const struct pair *pair)
{
    const struct treatment_nodes *nodes = &pair->nodes->treatment;
    const struct treatment *rule = pair->rule->treatment, *metric = pair->metric->treatment;

    if (!rule || !metric)
        return;
    if (rule->scale != metric->scale)
        warn_of_key(draft, pair, nodes->scale, true);
    if (rule->gauge != metric->gauge)
        warn_of_key(draft, pair, nodes->gauge, true);
    if (rule->counter != metric->counter)
        warn_of_key(draft, pair, nodes->counter, true);
}

/* Whether the rule is for samples of the type of the metric. */
static bool has_type_of(const struct rule *rule, const struct metric *metric)
{
    return !rule->types || rule->types & 1u << rule_type_of(sample_type_for(metric->type));
}

static void compare(struct draft *draft, const struct pair *pair)
{
    const struct draft_rule_nodes *nodes = pair->nodes;
    enum observer observer = pair->metric->spec->observer;

    if (observer != OBSERVER_HISTOGRAM)
        warn_of_key(draft, pair, nodes->buckets, true);
    if (observer != OBSERVER_SUMMARY)
        warn_of_key(draft, pair, nodes->summary, true);
    if (observer != pair->rule->observer)
        warn_of_key(draft, pair, nodes->observer_type, true);
    compare_specs(draft, pair);
    compare_treatments(draft, pair);
}

/* --- joining ------------------------------------------------------------------------------ */

/* Give the metric what the rule says of the family and nothing before it has said. */
static void join(struct draft *draft, const struct pair *pair)
{
    struct metric *metric = pair->metric;
    struct metric_spec spec = metric_spec_join(metric->spec, pair->rule->spec);
    const struct metric_spec *copy;

    if (!is_observer(metric))
        spec.observer = OBSERVER_DEFAULT;
    if (spec.observer != OBSERVER_HISTOGRAM) {
        spec.buckets = NULL;
        spec.native = NULL;
    }
    if (spec.observer != OBSERVER_SUMMARY) {
        spec.quantiles = NULL;
        spec.max_age_ns = 0;
        spec.n_ages = 0;
    }
    copy = draft_keep_spec(draft, &spec);
    if (copy)
        metric->spec = copy;
}

void precedence_check(struct draft *draft)
{
    struct pair *pairs = calloc(draft->rules.n + 1, sizeof(*pairs));
    size_t n = 0;

    if (!pairs)
        draft->has_failed = true;
    for (size_t i = 0; i < draft->rules.n && pairs; i++) {
        const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, i);
        struct metric *metric = precedence_find(draft, rule);
        const struct pair pair = { rule, DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, i),
                                   metric, metric ? metric->spec : NULL };

        if (metric && has_type_of(rule, metric))
            pairs[n++] = pair;
        else if (metric)
            warn(draft, &pair, pair.nodes->name->place, SLICE("name"),
                 "so all samples of this rule are refused");
    }
    for (size_t i = 0; i < n; i++) {
        compare(draft, &pairs[i]);
        join(draft, &pairs[i]);
    }
    free(pairs);
    draft->problems->path = NULL;
}
