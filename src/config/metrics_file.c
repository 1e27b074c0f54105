/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Metrics file
 *
 * The defaults of a group are a metric without a name. What a metric does not say is taken from
 * them, node by node, before anything is read from the nodes.
 */

#include "config/metrics_file.h"

#include "base/metric_spec.h"
#include "config/initial.h"
#include "config/label_name.h"
#include "config/label_rules_file.h"
#include "config/observations.h"
#include "config/treatment_file.h"

#include <stdlib.h>

/* The most words of a value map. */
#define WORDS_MAX 256

enum type {
    COUNTER,
    GAUGE,
    HISTOGRAM,
    SUMMARY,
    SET,
};

static const char *const types[] = {
    [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram",
    [SUMMARY] = "summary", [SET] = "set",     NULL,
};

/* What the types differ in. */
static const struct type_facts {
    enum metric_type type;
    enum observer observer;
    bool is_counter, is_gauge, has_buckets, has_quantiles;
} type_facts[] = {
    [COUNTER] = { METRIC_COUNTER, .is_counter = true },
    [GAUGE] = { METRIC_GAUGE, .is_gauge = true },
    [HISTOGRAM] = { METRIC_HISTOGRAM, OBSERVER_HISTOGRAM, .has_buckets = true },
    [SUMMARY] = { METRIC_SUMMARY, OBSERVER_SUMMARY, .has_quantiles = true },
    [SET] = { METRIC_SET, .is_gauge = false },
};

struct metric_nodes {
    const struct node *name, *type, *help, *unit, *labels, *labels_const;
    const struct node *buckets, *native, *quantiles, *max_age, *age_buckets;
    const struct node *ttl, *max_series, *initial;
    struct treatment_nodes treatment;
    const struct node *value_map;
    struct label_rules_nodes label_rules;
};

#define FIELD_NODES struct metric_nodes
static const struct field metric_fields[] = {
    { "name", FIELD_TEXT, FIELD(name), "name, after the group's namespace and subsystem" },
    { "type", FIELD_WORD, FIELD(type), "what it is", .words = types },
    { "help", FIELD_TEXT, FIELD(help), "text for # HELP" },
    { "unit", FIELD_TEXT, FIELD(unit), "base unit, such as seconds or bytes" },
    { "labels", FIELD_LIST, FIELD(labels),
      "names of the labels that it may have; an empty list: none", .item = FIELD_TEXT },
    { "labels_const", FIELD_ENTRIES, FIELD(labels_const), "labels that all of its series have",
      .item = FIELD_TEXT },
    { "buckets", FIELD_ANY, FIELD(buckets),
      "upper bounds of a histogram: a list, or {linear: {start, width, count}}, or {exponential: "
      "{start, factor, count}}; an empty list beside native: no such buckets",
      BUCKETS_ROW },
    { "native", FIELD_ANY, FIELD(native), "also native buckets: true, or a map of options",
      .table = &native_table, .schema = "{\"type\": \"boolean\"}" },
    { "quantiles", FIELD_LIST, FIELD(quantiles),
      "of a summary; 0.5, 0.9 and 0.99 by default; an empty list: none", QUANTILES_ROW },
    { "max_age", FIELD_DURATION, FIELD(max_age),
      "how long an observation of a summary counts for its quantiles; 10m by default" },
    { "age_buckets", FIELD_COUNT, FIELD(age_buckets),
      "number of steps in which that window moves; 5 by default", .least = 1,
      .most = SUMMARY_AGES_MAX },
    { "ttl", FIELD_DURATION, FIELD(ttl),
      "remove a series this long after its last update; 0s: "
      "never" },
    { "max_series", FIELD_COUNT, FIELD(max_series), "maximum number of its series", .least = 1,
      .most = 1000000000 },
    { "initial", FIELD_ANY, FIELD(initial),
      "label sets of the series that are there from the start, at zero: a list of maps, or true if "
      "it has no labels",
      .schema = "{\"type\": \"boolean\"}, {\"type\": \"object\"}, {\"type\": \"array\"}" },
    TREATMENT_FIELDS(treatment),
    { "value_map", FIELD_ENTRIES, FIELD(value_map), "numbers that words as values stand for",
      .item = FIELD_NUMBER },
    LABEL_RULES_FIELDS(label_rules),
};
const struct field_table metrics_table = FIELD_TABLE(metric_fields, "a metric");
#undef FIELD_NODES

struct group_nodes {
    const struct node *namespace, *subsystem, *defaults, *metrics;
};

#define FIELD_NODES struct group_nodes
static const struct field group_fields[] = {
    { "namespace", FIELD_TEXT, FIELD(namespace), "first part of all names" },
    { "subsystem", FIELD_TEXT, FIELD(subsystem), "second part of all names" },
    { "defaults", FIELD_MAP, FIELD(defaults), "what holds for metrics that do not say it",
      .table = &metrics_table },
    { "metrics", FIELD_LIST, FIELD(metrics), "metrics of the group", .table = &metrics_table },
};
const struct field_table metrics_group_table = FIELD_TABLE(group_fields, "a group of metrics");
#undef FIELD_NODES

/* A metric that is being read. */
struct reading {
    struct draft *draft;
    const struct field_reader *reader;
    struct slice namespace, subsystem;
    struct metric_nodes defaults, nodes;
    const struct node *node;
    struct metric metric;
    const struct type_facts *facts; /* of its type; NULL: it has none */
    struct metric_spec spec;
    struct treatment treatment;
};

static void complain(const struct reading *reading, const struct node *node, const char *what)
{
    problems_add(reading->draft->problems, node ? node->place : reading->node->place, "%s", what);
}

/* --- name and type ------------------------------------------------------------------------- */

static void add_part(struct slice part, struct buffer *name)
{
    if (name->len && part.len)
        buffer_add_char(name, '_');
    buffer_add(name, part);
}

static bool set_name(struct reading *reading)
{
    CLEANUP(buffer_deinit) struct buffer sent = { 0 };
    const struct node *node = reading->nodes.name;

    if (!node || node->text.len == 0) {
        complain(reading, node, "name: is missing; write name: NAME");
        return false;
    }
    add_part(reading->namespace, &sent);
    add_part(reading->subsystem, &sent);
    add_part(node->text, &sent);
    reading->draft->has_failed |= sent.has_failed;
    reading->metric.name = draft_name(reading->draft, buffer_text(&sent));
    return true;
}

static void set_type(struct reading *reading)
{
    const struct node *node = reading->nodes.type;

    if (!node) {
        /* A wrong one has been told. */
        if (field_has_key(reading->node, "type"))
            return;
        problems_add(reading->draft->problems, reading->node->place,
                     "type: is missing for %.*s; write type: counter, gauge, histogram, summary "
                     "or set",
                     (int)reading->metric.name.len, reading->metric.name.at);
        return;
    }
    reading->facts = &type_facts[field_word(types, node)];
    reading->metric.type = reading->facts->type;
}

/* Refuse @node, a key that only metrics of some types, @what, have. */
static void refuse_unless(const struct reading *reading, const struct node *node, bool is_right,
                          const char *what)
{
    if (node && reading->facts && !is_right)
        problems_add(reading->draft->problems, node->key->place,
                     "%.*s: only %s have it; remove it, or change the type",
                     (int)node->key->text.len, node->key->text.at, what);
}

/* Defaults may have keys for several types; those of a metric itself may not. */
static void check_keys(const struct reading *reading, const struct metric_nodes *own)
{
    const struct type_facts *facts = reading->facts ? reading->facts : &type_facts[COUNTER];

    refuse_unless(reading, own->buckets, facts->has_buckets, "histograms");
    refuse_unless(reading, own->native, facts->has_buckets, "histograms");
    refuse_unless(reading, own->quantiles, facts->has_quantiles, "summaries");
    refuse_unless(reading, own->max_age, facts->has_quantiles, "summaries");
    refuse_unless(reading, own->age_buckets, facts->has_quantiles, "summaries");
    refuse_unless(reading, own->treatment.gauge, facts->is_gauge, "gauges");
    refuse_unless(reading, own->treatment.counter, facts->is_counter, "counters");
    refuse_unless(reading, own->value_map, facts->is_gauge, "gauges");
}

/* --- labels ---------------------------------------------------------------------------------- */

static int compare_labels(const void *a, const void *b)
{
    return slice_compare(((const struct label *)a)->name, ((const struct label *)b)->name);
}

/* Sort @names, and keep each once. Returns the number of those kept. */
static size_t sort_unique(struct slice *names, size_t n)
{
    size_t n_kept = 0;

    qsort(names, n, sizeof(struct slice), slice_order);
    for (size_t i = 0; i < n; i++)
        if (n_kept == 0 || !slice_equal(names[n_kept - 1], names[i]))
            names[n_kept++] = names[i];
    return n_kept;
}

static size_t count(const struct node *node)
{
    size_t n = 0;

    for (const struct node *value = node ? node->first : NULL; value; value = value->next)
        n++;
    return n;
}

static void set_labels(struct reading *reading)
{
    const struct node *list = reading->nodes.labels;
    struct metric *metric = &reading->metric;
    struct slice *labels;

    metric->takes_any_label = !list;
    labels = list && list->first ? draft_alloc(reading->draft, count(list) * sizeof(struct slice))
                                 : NULL;
    if (!labels)
        return;
    for (const struct node *node = list->first; node; node = node->next)
        if (label_name_check(reading->draft, "labels", node, metric->type))
            labels[metric->n_labels++] = draft_copy(reading->draft, node->text);
    metric->n_labels = sort_unique(labels, metric->n_labels);
    metric->labels = labels;
}

static void set_const_labels(struct reading *reading)
{
    const struct node *map = reading->nodes.labels_const;
    struct metric *metric = &reading->metric;
    struct label *labels;

    if (!map || !map->first)
        return;
    if (count(map) > LABELS_MAX) {
        problems_add(reading->draft->problems, map->place, "labels_const: expected at most %d",
                     LABELS_MAX);
        return;
    }
    labels = draft_alloc(reading->draft, count(map) * sizeof(struct label));
    if (!labels)
        return;
    for (const struct node *value = map->first; value; value = value->next) {
        if (value->is_repeated)
            complain(reading, value->key, "labels_const: this label is given twice");
        else if (value->shape != NODE_SCALAR)
            complain(reading, value, "labels_const: expected one value for a label");
        else if (label_name_check(reading->draft, "labels_const", value->key, metric->type))
            labels[metric->n_constants++] =
                (struct label){ draft_copy(reading->draft, value->key->text),
                                draft_copy(reading->draft, value->text) };
    }
    qsort(labels, metric->n_constants, sizeof(struct label), compare_labels);
    metric->constants = labels;
}

/* --- values ---------------------------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
    return slice_compare(((const struct treatment_word *)a)->word,
                         ((const struct treatment_word *)b)->word);
}

static void set_words(struct reading *reading)
{
    static const struct field number = { "value_map", FIELD_NUMBER, .offset = 0 };
    const struct node *map = reading->nodes.value_map;
    struct treatment *treatment = &reading->treatment;
    struct treatment_word *words;

    if (!map || !map->first)
        return;
    if (count(map) > WORDS_MAX) {
        problems_add(reading->draft->problems, map->place, "value_map: expected at most %d words",
                     WORDS_MAX);
        return;
    }
    words = draft_alloc(reading->draft, count(map) * sizeof(*words));
    for (const struct node *value = words ? map->first : NULL; value; value = value->next) {
        if (value->is_repeated)
            complain(reading, value->key, "value_map: this word is given twice");
        else if (field_check(reading->reader, &number, value->key->text, value))
            words[treatment->n_words++] =
                (struct treatment_word){ draft_copy(reading->draft, value->key->text),
                                         field_number(value) };
    }
    if (words)
        qsort(words, treatment->n_words, sizeof(*words), compare_words);
    treatment->words = words;
}

/* Defaults may be for other types, and then say nothing here. */
static void set_treatment(struct reading *reading)
{
    bool is_gauge = reading->facts && reading->facts->is_gauge;
    bool is_counter = reading->facts && reading->facts->is_counter;
    struct treatment_nodes nodes = reading->nodes.treatment;
    struct treatment *copy;

    nodes.gauge = is_gauge ? nodes.gauge : NULL;
    nodes.counter = is_counter ? nodes.counter : NULL;
    reading->treatment = (struct treatment)TREATMENT_NONE;
    if (is_gauge)
        set_words(reading);
    if (!treatment_file_read(reading->draft, &nodes, &reading->treatment) &&
        !reading->treatment.n_words)
        return;
    copy = draft_alloc(reading->draft, sizeof(*copy));
    if (copy)
        *copy = reading->treatment;
    reading->metric.treatment = copy;
}

static void set_unit(struct reading *reading)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const struct node *unit = reading->nodes.unit;

    if (!unit)
        return;
    if (strspn(unit->text.at, allowed) != unit->text.len || !unit->text.len)
        problems_add_value(reading->draft->problems, unit->place, SLICE("unit: "), unit->text,
                           SLICE("expected a unit in small letters, such as seconds or bytes"));
    reading->spec.unit = draft_copy(reading->draft, unit->text);
}

/* Classic and native buckets. Beside native ones, an empty list of bounds means: these alone. */
static void set_buckets(struct reading *reading)
{
    static const struct buckets none = { .n = 0 };
    const struct metric_nodes *nodes = &reading->nodes;
    const struct native_options *native =
        observations_native(reading->draft, reading->reader, nodes->native);
    const struct node *buckets = nodes->buckets;

    if (!reading->facts || !reading->facts->has_buckets)
        return;
    reading->spec.native = native;
    reading->spec.buckets = observations_buckets(reading->draft, reading->reader, buckets);
    if (native && native->max_buckets && buckets && buckets->shape == NODE_LIST && !buckets->first)
        reading->spec.buckets = &none;
}

static void set_spec(struct reading *reading)
{
    const struct metric_nodes *nodes = &reading->nodes;
    struct metric_spec *spec = &reading->spec, *copy;
    struct summary_nodes summary;

    if (nodes->ttl)
        spec->ttl_ns = field_duration_ns(nodes->ttl);
    if (nodes->max_series)
        spec->max_series = field_count(nodes->max_series);
    if (nodes->help)
        spec->help = draft_copy(reading->draft, nodes->help->text);
    set_buckets(reading);
    spec->observer = reading->facts ? reading->facts->observer : OBSERVER_DEFAULT;
    summary = (struct summary_nodes){ nodes->quantiles, nodes->max_age, nodes->age_buckets, NULL };
    observations_set_summary(reading->draft, reading->reader, &summary, spec);
    set_unit(reading);
    copy = draft_alloc(reading->draft, sizeof(*copy));
    if (copy)
        *copy = *spec;
    reading->metric.spec = copy;
}

/* --- metrics and groups -------------------------------------------------------------------- */

/* Take each node that the metric has not from @defaults. */
static void take_defaults(struct metric_nodes *nodes, const struct metric_nodes *defaults)
{
    for (unsigned i = 0; i < metrics_table.n; i++) {
        size_t offset = metrics_table.fields[i].offset;
        const struct node **node = (const struct node **)((char *)nodes + offset);

        if (!*node)
            *node = *(const struct node *const *)((const char *)defaults + offset);
    }
}

static void add_metric(const struct reading *reading)
{
    struct draft *draft = reading->draft;
    struct draft_metric_nodes *nodes = draft_add(draft, &draft->metric_nodes, sizeof(*nodes));
    struct metric *metric = nodes ? draft_add(draft, &draft->metrics, sizeof(*metric)) : NULL;

    if (!metric)
        return;
    *metric = reading->metric;
    *nodes = (struct draft_metric_nodes){
        .path = draft->problems->path,
        .labels = reading->nodes.labels,
        .rules = reading->nodes.label_rules,
    };
}

static void read_metric(struct reading *reading, const struct node *node)
{
    struct draft *draft = reading->draft;
    struct metric_nodes own;

    reading->node = node;
    reading->facts = NULL;
    reading->spec = (struct metric_spec){ .ttl_ns = SPEC_TTL_DEFAULT };
    reading->metric = (struct metric){ .file = draft->file,
                                       .line = node->place.line,
                                       .column = node->place.column };
    if (!field_read_item(reading->reader, &metrics_table, node, &own))
        return;
    reading->nodes = own;
    take_defaults(&reading->nodes, &reading->defaults);
    if (!set_name(reading))
        return;
    set_type(reading);
    check_keys(reading, &own);
    set_labels(reading);
    set_const_labels(reading);
    set_spec(reading);
    set_treatment(reading);
    initial_read(draft, &reading->metric, reading->nodes.initial);
    reading->metric.label_rules = label_rules_read(draft, &reading->nodes.label_rules);
    add_metric(reading);
}

static void read_group(struct draft *draft, const struct field_reader *reader,
                       const struct node *node)
{
    struct reading reading = { .draft = draft, .reader = reader };
    struct group_nodes nodes;

    if (!field_read_item(reader, &metrics_group_table, node, &nodes))
        return;
    if (nodes.namespace)
        reading.namespace = nodes.namespace->text;
    if (nodes.subsystem)
        reading.subsystem = nodes.subsystem->text;
    if (nodes.defaults)
        field_read(reader, &metrics_table, nodes.defaults, &reading.defaults);
    if (reading.defaults.name)
        problems_add(draft->problems, reading.defaults.name->key->place,
                     "name: has no default; each metric has its own");
    reading.defaults.name = NULL;
    for (const struct node *metric = nodes.metrics ? nodes.metrics->first : NULL; metric;
         metric = metric->next)
        read_metric(&reading, metric);
}

/* Whether an item of the list is a group: it has a key that only groups have. */
static bool is_group(const struct node *node)
{
    static const struct slice keys[] = {
        { "metrics", 7 }, { "namespace", 9 }, { "subsystem", 9 }, { "defaults", 8 }
    };

    for (const struct node *value = node->shape == NODE_MAP ? node->first : NULL; value;
         value = value->next)
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
            if (slice_equal(value->key->text, keys[i]))
                return true;
    return false;
}

void metrics_file_read(struct draft *draft, const struct field_reader *reader,
                       const struct node *list)
{
    for (const struct node *node = list ? list->first : NULL; node; node = node->next) {
        struct reading reading = { .draft = draft, .reader = reader };

        draft->says_something = true;
        if (is_group(node))
            read_group(draft, reader, node);
        else
            read_metric(&reading, node);
    }
}
