/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Collisions
 *
 * Rules that make one family are found by sorting them by name; so is the metric that a name is
 * declared as. Only names without references can be compared.
 */

#include "config/collisions.h"

#include "base/metric_spec.h"

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

static bool have_same_buckets(const struct metric_spec *a, const struct metric_spec *b)
{
    const struct buckets *left = a ? a->buckets : NULL, *right = b ? b->buckets : NULL;

    return left && right ? buckets_equal(left, right) : left == right;
}

/* What differs between two rules of one family; NULL: nothing. */
static const char *difference(const struct rule *rule, const struct rule *first)
{
    if (!have_same_buckets(rule->spec, first->spec))
        return "other buckets";
    if (rule->types && first->types && rule->types != first->types)
        return "another type";
    if (rule->observer && first->observer && rule->observer != first->observer)
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

/* --- rules and metrics --------------------------------------------------------------------- */

static const struct metric *find_metric(struct draft *draft, const struct rule *rule)
{
    const struct metric wanted = { .name = draft_name(draft, rule->name) };
    size_t from = 0, to = draft->metrics.n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        const struct metric *metric = DRAFT_ITEM(draft->metrics, struct metric, middle);
        int order = slice_compare(wanted.name, metric->name);

        if (order == 0)
            return metric;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

/* What has no effect of what @rule says, as its name is declared as @metric; NULL: nothing. */
static const char *find_ineffective(const struct rule *rule, const struct draft_rule_nodes *nodes,
                                    const struct metric *metric)
{
    enum rule_type type = rule_type_of(sample_type_for(metric->type));

    if (rule->types && !(rule->types & 1u << type))
        return "so all samples of this rule are refused";
    if (type == RULE_OBSERVER && nodes->buckets && rule->spec && rule->spec->buckets &&
        !have_same_buckets(rule->spec, metric->spec))
        return "and its buckets count, not those of this rule";
    return NULL;
}

/* Compare a rule whose name is declared as @metric with that. */
static void compare_with_metric(struct draft *draft, size_t index, const struct metric *metric)
{
    const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, index);
    const struct draft_rule_nodes *nodes = DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, index);
    const char *what = find_ineffective(rule, nodes, metric);

    if (!what)
        return;
    draft->problems->path = nodes->path;
    problems_warn(draft->problems, nodes->name->place,
                  "name: %.*s is declared as a %s at %.*s:%u:%u, %s", (int)metric->name.len,
                  metric->name.at, metric_type_name(metric->type), (int)metric->file.len,
                  metric->file.at, metric->line, metric->column, what);
}

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
        const struct metric *metric;

        check_name(draft, i);
        metric = rule_has_fixed_name(rule) ? find_metric(draft, rule) : NULL;
        if (metric)
            compare_with_metric(draft, i, metric);
        else if (rule_has_fixed_name(rule))
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
