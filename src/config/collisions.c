/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Collisions
 *
 * Rules that make one family are found by sorting them by name. Only names without references can
 * be compared. Rules for a declared metric are in config/precedence.c.
 */

#include "config/collisions.h"

#include "base/buckets.h"
#include "base/metric_spec.h"
#include "config/precedence.h"

#include <stdlib.h>

/* --- metrics ---------------------------------------------------------------------------- */

static void complain_of_repeated(struct draft *draft, const struct metric *metric,
                                 const struct metric *first)
{
    draft->problems->path = metric->file.at;
    problems_add(draft->problems, (struct place){ metric->line, metric->column },
                 "%.*s is declared twice; it was declared at %.*s:%u:%u", (int)metric->name.len,
                 metric->name.at, (int)first->file.len, first->file.at, first->line, first->column);
}

/* By name; those of one name by file and place. */
static int compare_metrics(const void *a, const void *b)
{
    const struct metric *left = a, *right = b;
    int order = slice_compare(left->name, right->name);

    if (order == 0)
        order = slice_compare(left->file, right->file);
    if (order != 0)
        return order;
    if (left->line != right->line)
        return left->line < right->line ? -1 : 1;
    return left->column < right->column ? -1 : left->column > right->column;
}

static void check_metrics(struct draft *draft)
{
    const struct metric *metrics = draft->metrics.items, *first = metrics;

    if (draft->metrics.n)
        qsort(draft->metrics.items, draft->metrics.n, sizeof(struct metric), compare_metrics);
    for (size_t i = 1; i < draft->metrics.n; i++) {
        if (slice_equal(metrics[i].name, first->name))
            complain_of_repeated(draft, &metrics[i], first);
        else
            first = &metrics[i];
    }
}

/* --- rules ------------------------------------------------------------------------------ */

/* A rule with a fixed name. */
struct entry {
    struct slice name;
    size_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = slice_compare(left->name, right->name);

    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

static bool buckets_match(const struct metric_spec *a, const struct metric_spec *b)
{
    static const struct buckets initial = { .n = 0 }; /* as no rule says */
    struct buckets rooms[2];

    return buckets_equal(metric_spec_buckets(a, &initial, &rooms[0]),
                         metric_spec_buckets(b, &initial, &rooms[1]));
}

static bool quantiles_match(const struct quantiles *a, const struct quantiles *b)
{
    return a == b || (a && b && quantiles_equal(a, b));
}

static bool takes_observations(const struct rule *rule)
{
    return rule->types == 0 || rule->types & 1u << RULE_OBSERVER;
}

static bool makes_summaries(const struct rule *rule)
{
    return rule->spec && rule->spec->observer == OBSERVER_SUMMARY;
}

/*
 * What differs between two rules of one family; NULL: nothing. A HELP that one of them lacks does
 * not count: often only the first rule of a metric has it.
 */
static const char *difference(const struct rule *rule, const struct rule *first)
{
    const struct metric_spec left = metric_spec_join(rule->spec, NULL);
    const struct metric_spec right = metric_spec_join(first->spec, NULL);

    if (!buckets_match(&left, &right))
        return "other buckets";
    if (!quantiles_match(left.quantiles, right.quantiles) || left.max_age_ns != right.max_age_ns ||
        left.n_ages != right.n_ages)
        return "other options of a summary";
    if (left.ttl_ns != right.ttl_ns)
        return "another ttl";
    if (left.help.len && right.help.len && !slice_equal(left.help, right.help))
        return "another help";
    if (rule->types && first->types && rule->types != first->types)
        return "another type";
    if (takes_observations(rule) && takes_observations(first) &&
        makes_summaries(rule) != makes_summaries(first))
        return "another observer_type";
    return NULL;
}

static void warn(struct draft *draft, size_t index, const struct rule *first, const char *what)
{
    const struct draft_rule_nodes *nodes = DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, index);
    const struct node *node = nodes->name ? nodes->name : nodes->rule;

    draft->problems->path = nodes->path;
    problems_warn(draft->problems, node->place,
                  "name: this rule gives the metric %s than the rule at %.*s:%u:%u; the first "
                  "sample decides",
                  what, (int)first->file.len, first->file.at, first->line, first->column);
}

/* Compare each rule of @entries, which are sorted, with the first of its name. */
static void compare_rules(struct draft *draft, const struct entry *entries, size_t n)
{
    size_t first = 0;

    for (size_t i = 1; i < n; i++) {
        const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, entries[i].index);
        const struct rule *other = DRAFT_ITEM(draft->rules, struct rule, entries[first].index);
        const char *what;

        if (!slice_equal(entries[i].name, entries[first].name)) {
            first = i;
            continue;
        }
        what = difference(rule, other);
        if (what)
            warn(draft, entries[i].index, other, what);
    }
}

/* --- names ------------------------------------------------------------------------------ */

/* The end of @name by which it seems to be a part of a histogram; NULL: it does not. */
static const char *part_of_histogram(struct slice name)
{
    static const char *const endings[] = { "_bucket", "_count", "_sum" };

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        size_t len = strlen(endings[i]);

        if (name.len > len && memcmp(name.at + name.len - len, endings[i], len) == 0)
            return endings[i];
    }
    return NULL;
}

static void check_name(struct draft *draft, size_t index)
{
    const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, index);
    const struct draft_rule_nodes *nodes = DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, index);
    const char *ending = part_of_histogram(rule->name);

    if (!ending || rule->action == RULE_DROP)
        return;
    draft->problems->path = nodes->path;
    problems_warn(draft->problems, nodes->name->place,
                  "name: %.*s ends in %s, as the series of histograms do; another end, such as "
                  "_total, is safer",
                  (int)rule->name.len, rule->name.at, ending);
}

/* --- regexes --------------------------------------------------------------------------- */

static void warn_of_doubled(struct draft *draft, size_t index, const struct rule *first)
{
    const struct draft_rule_nodes *nodes = DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, index);

    draft->problems->path = nodes->path;
    problems_warn(draft->problems, nodes->match->place,
                  "match: it never applies: the rule at %.*s:%u:%u has the same regex",
                  (int)first->file.len, first->file.at, first->line, first->column);
}

static bool takes_all_of(const struct rule *first, const struct rule *rule)
{
    return first->n_tags == 0 && (first->types == 0 || first->types == rule->types) &&
           slice_equal(first->prefix, rule->prefix);
}

/* Warn of each regex that an earlier rule has too; the compiler of globs does so for them. */
static void check_regexes(struct draft *draft, struct entry *entries)
{
    const struct rule *rules = draft->rules.items;
    size_t n = 0;

    for (size_t i = 0; i < draft->rules.n; i++)
        if (rules[i].syntax == RULE_REGEX)
            entries[n++] = (struct entry){ rules[i].match, i };
    qsort(entries, n, sizeof(*entries), compare_entries);
    for (size_t i = 1; i < n; i++)
        if (slice_equal(entries[i - 1].name, entries[i].name) &&
            takes_all_of(&rules[entries[i - 1].index], &rules[entries[i].index]))
            warn_of_doubled(draft, entries[i].index, &rules[entries[i - 1].index]);
}

static void check_rules(struct draft *draft)
{
    struct entry *entries = calloc(draft->rules.n + 1, sizeof(*entries));
    size_t n = 0;

    if (!entries) {
        draft->has_failed = true;
        return;
    }
    for (size_t i = 0; i < draft->rules.n; i++) {
        const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, i);

        check_name(draft, i);
        if (rule_has_fixed_name(rule) && !precedence_find(draft, rule))
            entries[n++] = (struct entry){ rule->name, i };
    }
    qsort(entries, n, sizeof(*entries), compare_entries);
    compare_rules(draft, entries, n);
    check_regexes(draft, entries);
    free(entries);
}

void collisions_check(struct draft *draft)
{
    check_metrics(draft);
    check_rules(draft);
    draft->problems->path = NULL;
}
