/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapping rule
 *
 * The table has the keys of statsd_exporter, those that it has removed, and our own. What one value
 * alone can be is checked by the table; here is what depends on two of them.
 *
 * Source: pkg/mapper of https://github.com/prometheus/statsd_exporter, and its README.
 */

#include "config/mapping_rule.h"

#include "base/labels.h"
#include "base/metric_spec.h"
#include "config/observations.h"
#include "config/treatment_file.h"

static const char *const syntaxes[] = { [RULE_GLOB] = "glob", [RULE_REGEX] = "regex", NULL };
static const char *const actions[] = { [RULE_MAP] = "map", [RULE_DROP] = "drop", NULL };

/* What statsd_exporter called an observer until 2026-03. */
#define TYPE_TIMER _RULE_TYPE_N

static const char *const types[] = {
    [RULE_COUNTER] = "counter", [RULE_GAUGE] = "gauge", [RULE_OBSERVER] = "observer",
    [RULE_SET] = "set",         [TYPE_TIMER] = "timer", NULL
};
static const char *const observers[] = { "histogram", "summary", NULL };

#define FIELD_NODES struct mapping_rule_nodes
static const struct field rule_fields[] = {
    { "match", FIELD_TEXT, FIELD(match), "names that the rule is for: a glob or a regex" },
    { "match_type", FIELD_WORD, FIELD(match_type), "how match is written", .words = syntaxes },
    { "match_metric_type", FIELD_WORD, FIELD(match_metric_type),
      "only samples of this type; observer: timers, histograms and distributions", .words = types },
    { "match_tags", FIELD_ANY, FIELD(match_tags),
      "only lines with these tags: a map of values, * for any, or a list of tags",
      .schema = "{\"type\": \"object\"}, {\"type\": \"array\"}" },
    { "action", FIELD_WORD, FIELD(action), "map the names, or drop the lines", .words = actions },
    { "name", FIELD_TEXT, FIELD(name), "name of the metric; $1 is what the first * matched" },
    { "labels", FIELD_ENTRIES, FIELD(labels), "labels to set; $1 as in the name",
      .item = FIELD_TEXT },
    { "honor_labels", FIELD_SWITCH, FIELD(honor_labels),
      "a tag of the line wins over a label of the same name" },
    { "help", FIELD_TEXT, FIELD(help), "text for # HELP" },
    TREATMENT_FIELDS(treatment),
    { "ttl", FIELD_DURATION, FIELD(ttl),
      "remove a series this long after its last update; 0s: "
      "never" },
    { "observer_type", FIELD_WORD, FIELD(observer_type), "what observations become",
      .words = observers },
    { "histogram_options", FIELD_MAP, FIELD(histogram_options), "of observer_type: histogram",
      .table = &histogram_options_table },
    { "summary_options", FIELD_MAP, FIELD(summary_options), "of observer_type: summary",
      .table = &summary_options_table },
    LABEL_RULES_FIELDS(label_rules),
    { "timer_type", FIELD_WORD, FIELD(timer_type), "observer_type", .words = observers,
      .instead = "observer_type" },
    { "buckets", FIELD_LIST, FIELD(buckets), "histogram_options: {buckets: […]}",
      .item = FIELD_NUMBER, .instead = "histogram_options: {buckets: […]}" },
    { "quantiles", FIELD_LIST, FIELD(quantiles), "summary_options: {quantiles: […]}", QUANTILES_ROW,
      .instead = "summary_options: {quantiles: […]}" },
};
const struct field_table mapping_rule_table = FIELD_TABLE(rule_fields, "a mapping rule");
#undef FIELD_NODES

struct defaults_nodes {
    const struct node *match_type, *glob_disable_ordering, *observer_type, *ttl;
    const struct node *histogram_options, *summary_options, *timer_type, *buckets, *quantiles;
};

#define FIELD_NODES struct defaults_nodes
static const struct field defaults_fields[] = {
    { "match_type", FIELD_WORD, FIELD(match_type), "of rules without one", .words = syntaxes },
    { "glob_disable_ordering", FIELD_SWITCH, FIELD(glob_disable_ordering),
      "the most specific glob wins, not the first" },
    { "observer_type", FIELD_WORD, FIELD(observer_type),
      "of rules without one, and of names without a rule", .words = observers },
    { "ttl", FIELD_DURATION, FIELD(ttl), "of rules without one, and of names without a rule" },
    { "histogram_options", FIELD_MAP, FIELD(histogram_options),
      "of rules without them, and of names without a rule", .table = &histogram_options_table },
    { "summary_options", FIELD_MAP, FIELD(summary_options),
      "of rules without them, and of names without a rule", .table = &summary_options_table },
    { "timer_type", FIELD_WORD, FIELD(timer_type), "observer_type", .words = observers,
      .instead = "observer_type" },
    { "buckets", FIELD_LIST, FIELD(buckets), "histogram_options: {buckets: […]}",
      .item = FIELD_NUMBER, .instead = "histogram_options: {buckets: […]}" },
    { "quantiles", FIELD_LIST, FIELD(quantiles), "summary_options: {quantiles: […]}", QUANTILES_ROW,
      .instead = "summary_options: {quantiles: […]}" },
};
const struct field_table mapping_defaults_table =
    FIELD_TABLE(defaults_fields, "the defaults of mapping rules");
#undef FIELD_NODES

/* A rule that is being read. */
struct reading {
    struct draft *draft;
    const struct field_reader *reader;
    const struct mapping_defaults *defaults;
    const struct node *node;
    struct mapping_rule_nodes nodes;
    struct rule rule;
};

/* --- defaults --------------------------------------------------------------------------- */

static enum observer observer_of(const struct field_reader *reader, const struct node *observer,
                                 const struct node *timer, enum observer initial)
{
    const struct node *node = observer ? observer : timer;

    if (observer && timer)
        problems_warn(reader->problems, timer->key->place,
                      "timer_type: is ignored beside observer_type; remove it");
    if (!node)
        return initial;
    return field_word(observers, node) == 0 ? OBSERVER_HISTOGRAM : OBSERVER_SUMMARY;
}

/* The bounds of the options, or of the outdated key beside them. */
static const struct buckets *buckets_of(struct draft *draft, const struct field_reader *reader,
                                        const struct histogram_nodes *options,
                                        const struct node *outdated)
{
    const struct node *node = options->buckets;

    if (node && outdated)
        problems_warn(reader->problems, outdated->key->place,
                      "buckets: is ignored beside histogram_options; remove it");
    return observations_buckets(draft, reader, node ? node : outdated);
}

/* Say in @spec what the options of a summary say, or the outdated key beside them. */
static void set_summary(struct draft *draft, const struct field_reader *reader,
                        const struct node *options, const struct node *outdated,
                        struct metric_spec *spec)
{
    struct summary_nodes nodes = observations_summary(reader, options);
    const struct quantiles *quantiles = observations_quantiles(draft, reader, nodes.quantiles);
    const struct quantiles *others = observations_quantiles(draft, reader, outdated);

    if (nodes.quantiles && outdated)
        problems_warn(reader->problems, outdated->key->place,
                      "quantiles: is ignored beside summary_options; remove it");
    if (!nodes.quantiles)
        quantiles = others;
    /* statsd_exporter knows no summaries without quantiles. */
    spec->quantiles = quantiles && quantiles->n ? quantiles : NULL;
    observations_window(reader, nodes.max_age, nodes.age_buckets, spec);
}

/* All globs share one order, so the files must agree. */
static void set_order(struct draft *draft, const struct node *node)
{
    bool is_unordered = field_switch(node);

    if (draft->says_order && is_unordered != draft->globs_are_unordered)
        problems_add(
            draft->problems, node->place,
            "glob_disable_ordering: differs from that of %s, and all files share one order",
            draft->says_order);
    draft->globs_are_unordered = is_unordered;
    draft->says_order = draft->problems->path;
}

struct mapping_defaults mapping_rule_read_defaults(struct draft *draft,
                                                   const struct field_reader *reader,
                                                   const struct node *map)
{
    struct mapping_defaults defaults = { .spec = { .ttl_ns = SPEC_TTL_DEFAULT } };
    struct histogram_nodes histogram;
    struct defaults_nodes nodes;

    if (!map)
        return defaults;
    field_read(reader, &mapping_defaults_table, map, &nodes);
    if (nodes.match_type)
        defaults.syntax = (enum rule_syntax)field_word(syntaxes, nodes.match_type);
    if (nodes.glob_disable_ordering)
        set_order(draft, nodes.glob_disable_ordering);
    defaults.observer =
        observer_of(reader, nodes.observer_type, nodes.timer_type, OBSERVER_DEFAULT);
    defaults.spec.observer = defaults.observer;
    histogram = observations_histogram(reader, nodes.histogram_options);
    defaults.spec.buckets = buckets_of(draft, reader, &histogram, nodes.buckets);
    defaults.native = observations_said_of_native(&histogram, &defaults.native);
    defaults.spec.native = observations_native_said(draft, &defaults.native);
    set_summary(draft, reader, nodes.summary_options, nodes.quantiles, &defaults.spec);
    if (nodes.ttl)
        defaults.spec.ttl_ns = field_duration_ns(nodes.ttl);
    return defaults;
}

/* --- match ------------------------------------------------------------------------------ */

static bool is_any(const struct node *node)
{
    return field_is_null(node) || slice_equal(node->text, SLICE("*"));
}

static void set_tag(struct reading *reading, struct rule_tag *tag, const struct node *node)
{
    struct draft *draft = reading->draft;

    if (node->shape != NODE_SCALAR) {
        problems_add(draft->problems, node->place, "match_tags: expected a value, or * for any");
        return;
    }
    tag->takes_any = !node->key || is_any(node);
    tag->name = draft_name(draft, node->key ? node->key->text : node->text);
    tag->value = tag->takes_any ? SLICE("") : draft_copy(draft, node->text);
}

static void set_tags(struct reading *reading)
{
    const struct node *node = reading->nodes.match_tags;
    struct rule_tag *tags;
    size_t n = 0;

    if (!node)
        return;
    if (node->shape == NODE_SCALAR || !node->first) {
        problems_add(reading->draft->problems, node->place,
                     "match_tags: expected a map, {TAG: VALUE} with * for any value, or a list of "
                     "tags");
        return;
    }
    for (const struct node *tag = node->first; tag; tag = tag->next)
        n++;
    tags = draft_alloc(reading->draft, n * sizeof(*tags));
    if (!tags)
        return;
    reading->rule.tags = tags;
    for (const struct node *tag = node->first; tag; tag = tag->next)
        set_tag(reading, &tags[reading->rule.n_tags++], tag);
}

/* The type that @node names. */
static unsigned type_of(const struct reading *reading, const struct node *node)
{
    unsigned type = field_word(types, node);

    if (type != TYPE_TIMER)
        return type;
    problems_warn(reading->draft->problems, node->place,
                  "match_metric_type: timer: statsd_exporter has removed this word; write observer "
                  "instead");
    return RULE_OBSERVER;
}

static void set_match(struct reading *reading)
{
    const struct mapping_rule_nodes *nodes = &reading->nodes;
    struct rule *rule = &reading->rule;

    rule->syntax = nodes->match_type ? (enum rule_syntax)field_word(syntaxes, nodes->match_type)
                                     : reading->defaults->syntax;
    if (nodes->match && nodes->match->text.len)
        rule->match = draft_copy(reading->draft, nodes->match->text);
    else
        problems_add(reading->draft->problems,
                     nodes->match ? nodes->match->place : reading->node->place,
                     "match: is missing; write the names that the rule is for, such as "
                     "match: \"bot.*.routes\"");
    if (nodes->match_metric_type)
        rule->types = 1u << type_of(reading, nodes->match_metric_type);
    set_tags(reading);
}

/* --- name and labels -------------------------------------------------------------------- */

static void set_name(struct reading *reading)
{
    const struct node *name = reading->nodes.name;
    struct problems *problems = reading->draft->problems;
    struct place place = name ? name->place : reading->node->place;

    if (name && name->text.len)
        reading->rule.name = draft_copy(reading->draft, name->text);
    else if (reading->rule.action == RULE_DROP)
        problems_warn(problems, place,
                      "name: is missing; a rule that drops needs none here, but "
                      "statsd_exporter wants one: name: dropped");
    else
        problems_add(problems, place,
                     "name: is missing; write the metric's name, such as name: "
                     "bot_routes_total");
}

/* The label of @name among those set so far; NULL: none. */
static struct rule_label *find_label(struct rule_label *labels, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(labels[i].name, name))
            return &labels[i];
    return NULL;
}

static void set_label(struct reading *reading, struct rule_label *labels, const struct node *value)
{
    struct draft *draft = reading->draft;
    struct slice name = value->key->text;
    struct rule_label *label = find_label(labels, reading->rule.n_labels, name);

    if (value->shape != NODE_SCALAR) {
        problems_add(draft->problems, value->place, "%.*s: expected one value for this label",
                     (int)name.len, name.at);
        return;
    }
    if (value->is_repeated)
        problems_warn(draft->problems, value->key->place,
                      "%.*s: this label is given twice; the last one counts", (int)name.len,
                      name.at);
    if (!label)
        label = &labels[reading->rule.n_labels++];
    label->name = draft_copy(draft, name);
    label->value = field_is_null(value) ? SLICE("") : draft_copy(draft, value->text);
}

static void set_labels(struct reading *reading)
{
    const struct node *map = reading->nodes.labels;
    struct rule_label *labels;
    size_t n = 0;

    for (const struct node *value = map ? map->first : NULL; value; value = value->next)
        n++;
    if (n == 0)
        return;
    if (n > LABELS_MAX) {
        problems_add(reading->draft->problems, map->place, "labels: expected at most %d labels",
                     LABELS_MAX);
        return;
    }
    labels = draft_alloc(reading->draft, n * sizeof(*labels));
    if (!labels)
        return;
    reading->rule.labels = labels;
    for (const struct node *value = map->first; value; value = value->next)
        set_label(reading, labels, value);
}

/* --- values ----------------------------------------------------------------------------- */

/* Refuse the options of the other type, as statsd_exporter does. */
static void check_options(const struct reading *reading)
{
    const struct mapping_rule_nodes *nodes = &reading->nodes;
    struct problems *problems = reading->draft->problems;

    if (reading->rule.observer == OBSERVER_HISTOGRAM && nodes->summary_options)
        problems_add(problems, nodes->summary_options->key->place,
                     "summary_options: this rule makes histograms; remove it, or write "
                     "observer_type: summary");
    if (reading->rule.observer == OBSERVER_SUMMARY && nodes->histogram_options)
        problems_add(problems, nodes->histogram_options->key->place,
                     "histogram_options: this rule makes summaries; remove it, or write "
                     "observer_type: histogram");
}

static void set_treatment(struct reading *reading)
{
    struct treatment treatment = TREATMENT_NONE, *copy;

    if (!treatment_file_read(reading->draft, &reading->nodes.treatment, &treatment))
        return;
    copy = draft_alloc(reading->draft, sizeof(*copy));
    if (copy)
        *copy = treatment;
    reading->rule.treatment = copy;
}

static void set_spec(struct reading *reading)
{
    const struct mapping_rule_nodes *nodes = &reading->nodes;
    struct histogram_nodes histogram =
        observations_histogram(reading->reader, nodes->histogram_options);
    struct native_said native = observations_said_of_native(&histogram, &reading->defaults->native);
    struct metric_spec spec = { .ttl_ns = SPEC_TTL_DEFAULT };

    spec.buckets = buckets_of(reading->draft, reading->reader, &histogram, nodes->buckets);
    spec.native = observations_native_said(reading->draft, &native);
    set_summary(reading->draft, reading->reader, nodes->summary_options, nodes->quantiles, &spec);
    spec.observer = reading->rule.observer;
    if (nodes->help)
        spec.help = draft_copy(reading->draft, nodes->help->text);
    if (nodes->ttl)
        spec.ttl_ns = field_duration_ns(nodes->ttl);
    spec = metric_spec_join(&spec, &reading->defaults->spec);
    if (!spec.observer)
        spec.observer = reading->draft->observer;
    reading->rule.spec = draft_keep_spec(reading->draft, &spec);
}

/* --- the rule --------------------------------------------------------------------------- */

static void add_rule(struct reading *reading)
{
    struct draft *draft = reading->draft;
    struct rule *rule = draft_add(draft, &draft->rules, sizeof(*rule));
    struct draft_rule_nodes *nodes = rule ? draft_add(draft, &draft->nodes, sizeof(*nodes)) : NULL;

    if (!nodes) {
        draft->rules.n = draft->nodes.n;
        return;
    }
    *rule = reading->rule;
    *nodes = (struct draft_rule_nodes){
        .path = draft->problems->path,
        .rule = reading->node,
        .match = reading->nodes.match,
        .name = reading->nodes.name,
        .labels = reading->nodes.labels,
        .help = reading->nodes.help,
        .ttl = reading->nodes.ttl,
        .observer_type = reading->nodes.observer_type,
        .treatment = reading->nodes.treatment,
        .buckets = reading->nodes.histogram_options ? reading->nodes.histogram_options
                                                    : reading->nodes.buckets,
        .summary = reading->nodes.summary_options ? reading->nodes.summary_options
                                                  : reading->nodes.quantiles,
    };
}

void mapping_rule_read(struct draft *draft, const struct field_reader *reader,
                       const struct mapping_defaults *defaults, const struct node *node)
{
    struct reading reading = {
        .draft = draft, .reader = reader, .defaults = defaults, .node = node
    };
    struct rule *rule = &reading.rule;

    if (!field_read_item(reader, &mapping_rule_table, node, &reading.nodes))
        return;
    rule->file = draft->file;
    rule->line = node->place.line;
    rule->column = node->place.column;
    if (reading.nodes.action)
        rule->action = (enum rule_action)field_word(actions, reading.nodes.action);
    rule->honors_labels = reading.nodes.honor_labels && field_switch(reading.nodes.honor_labels);
    rule->observer = observer_of(reader, reading.nodes.observer_type, reading.nodes.timer_type,
                                 defaults->observer);
    check_options(&reading);
    set_match(&reading);
    set_name(&reading);
    set_labels(&reading);
    set_treatment(&reading);
    set_spec(&reading);
    rule->label_rules = label_rules_read(draft, &reading.nodes.label_rules);
    /* What has a problem is compiled too, to find all problems, unless half of it is missing. */
    if (rule->match.len && (rule->name.len || rule->action == RULE_DROP))
        add_rule(&reading);
}
