/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapper
 *
 * Three things change a line, in this order: the rule for its name, label rules (of the rule, of
 * the metric, for all names), and the metric that the resulting name is declared as. So a declared
 * metric has the last word.
 */

#include "input/mapper.h"

#include "base/metric_spec.h"
#include "base/must.h"
#include "base/treatment.h"
#include "mapping/label_rule.h"
#include "mapping/name.h"

#include <errno.h>
#include <stdlib.h>

struct mapper {
    struct mapping *mapping;
    struct line_limits limits;
    struct rules_scratch *scratch; /* NULL without rules */
    struct mapper_memory memories[_RULE_TYPE_N];
    struct metric_spec joined;        /* of the current line, if no single part says it all */
    const struct mapper_trace *trace; /* of the current line; or NULL */
    char *texts;                      /* for each of the memories its name, then its labels */
};

static const struct treatment dropped = { .fate = SKIPPED_RULE, .scale = 1 };
static const struct treatment undeclared = { .fate = SKIPPED_UNDECLARED, .scale = 1 };

static size_t text_max(const struct line_limits *limits)
{
    return NAME_WRITTEN_MAX(limits->name) + limits->labels_text;
}

int mapper_new(struct mapper **ret, struct mapping *mapping, const struct line_limits *limits)
{
    const struct rules_limits rules_limits = { limits->name, limits->label_value };
    const struct mapping_parts *parts = mapping_parts(mapping);
    CLEANUP(mapper_freep) struct mapper *mapper = calloc(1, sizeof(*mapper));

    if (!mapper)
        return -ENOMEM;
    mapper->mapping = mapping_ref(mapping);
    mapper->limits = *limits;
    mapper->texts = calloc(_RULE_TYPE_N, text_max(limits));
    if (!mapper->texts)
        return -ENOMEM;
    if (parts->rules && rules_scratch_new(&mapper->scratch, parts->rules, &rules_limits) < 0)
        return -ENOMEM;
    *ret = TAKE(mapper);
    return 0;
}

void mapper_free(struct mapper *mapper)
{
    if (!mapper)
        return;
    rules_scratch_free(mapper->scratch);
    mapping_unref(mapper->mapping);
    free(mapper->texts);
    free(mapper);
}

const struct mapping *mapper_mapping(const struct mapper *mapper)
{
    return mapper->mapping;
}

/* --- rules ---------------------------------------------------------------------------- */

/* Set the labels that a rule gives. An empty value means that there is no such label. */
static enum verdict set_labels(const struct mapper *mapper, const struct rules_match *match,
                               struct labels *labels)
{
    for (size_t i = 0; i < match->n_labels; i++) {
        const struct label *label = &match->labels[i];

        if (match->rule->honors_labels && labels_find(labels, label->name))
            continue;
        if (!label->value.len)
            labels_remove(labels, label->name);
        else if (!labels_set(labels, mapper->limits.labels, label->name, label->value))
            return REFUSED_LABEL_LIMIT;
    }
    return VERDICT_APPLIED;
}

/* Apply @rules to @labels, unless they are NULL. */
static void apply_label_rules(const struct mapper *mapper, const struct label_rules *rules,
                              struct labels *labels)
{
    const struct mapper_trace *trace = mapper->trace;

    if (rules)
        label_rules_apply(rules, labels, trace && trace->labels.on_label ? &trace->labels : NULL);
}

/* Apply the rule that was found. */
static enum verdict apply_rule(const struct mapper *mapper, const struct rules_match *match,
                               struct labels *labels, struct identity *identity)
{
    const struct rule *rule = match->rule;
    enum verdict verdict;

    MUST(rule);
    identity->origin &= ORIGIN_TAGGED;
    if (rule->action == RULE_DROP) {
        identity->treatment = &dropped;
        return VERDICT_APPLIED;
    }
    /* Many names come together on purpose, so they are not spellings of one. */
    identity->family = identity->sent_as = match->name;
    identity->spec = rule->spec;
    identity->treatment = rule->treatment;
    identity->is_type_declared = rule->observer != OBSERVER_DEFAULT;
    verdict = set_labels(mapper, match, labels);
    if (verdict == VERDICT_APPLIED)
        apply_label_rules(mapper, rule->label_rules, labels);
    return verdict;
}

/* The trace may use the scratch memory, so rules are asked again. */
static void tell_answer(const struct mapper *mapper, struct mapper_answer *answer)
{
    mapper->trace->on_rule(mapper->trace->ctx, answer);
    answer->outcome = rules_match(answer->rules, mapper->scratch, &answer->query, &answer->match);
}

/* Find the rule for the name, and apply it. */
static enum verdict map_name(struct mapper *mapper, enum sample_type type, struct labels *labels,
                             struct identity *identity)
{
    struct mapper_answer answer = {
        .rules = mapping_parts(mapper->mapping)->rules,
        .scratch = mapper->scratch,
        .query = { .name = identity->sent_as, .type = rule_type_of(type), .tags = labels },
    };

    identity->spec = mapping_parts(mapper->mapping)->unmatched;
    if (!answer.rules)
        return VERDICT_APPLIED;
    answer.outcome = rules_match(answer.rules, mapper->scratch, &answer.query, &answer.match);
    identity->n_exceeded = answer.match.n_exceeded;
    if (mapper->trace && mapper->trace->on_rule)
        tell_answer(mapper, &answer);
    switch (answer.outcome) {
    case RULES_NO_MATCH: return VERDICT_APPLIED;
    case RULES_TOO_LONG: return REFUSED_NAME_LIMIT;
    case RULES_NO_NAME: return REFUSED_MALFORMED_LINE;
    case RULES_MATCHED: break;
    }
    return apply_rule(mapper, &answer.match, labels, identity);
}

/* --- declared metrics ------------------------------------------------------------------- */

static void tell_undeclared(const struct mapper *mapper, enum label_fate fate,
                            const struct label *label)
{
    const struct label_rules_trace *trace = mapper->trace ? &mapper->trace->labels : NULL;

    if (trace && trace->on_label)
        trace->on_label(trace->ctx, fate, label, label);
}

/* Treat the labels that @metric does not list as the config says. */
static enum verdict check_labels(const struct mapper *mapper, const struct metric *metric,
                                 struct labels *labels, struct identity *identity)
{
    enum mapping_labels then = mapping_parts(mapper->mapping)->undeclared_labels;
    bool is_refused = then == MAPPING_LABELS_REFUSE;
    size_t n = 0;

    if (metric->takes_any_label || then == MAPPING_LABELS_KEEP)
        return VERDICT_APPLIED;
    for (size_t i = 0; i < labels->n; i++) {
        const struct label label = labels->items[i];

        if (metric_takes_label(metric, label.name)) {
            labels->items[n++] = label;
            continue;
        }
        tell_undeclared(mapper, is_refused ? LABEL_REFUSED : LABEL_UNDECLARED, &label);
        if (is_refused)
            return REFUSED_UNDECLARED_LABEL;
        identity->n_undeclared_labels++;
    }
    labels->n = n;
    return VERDICT_APPLIED;
}

/* What @metric does not say of its family, the rule or the defaults say. */
static void join_spec(struct mapper *mapper, const struct metric *metric, struct identity *identity)
{
    if (!identity->spec) {
        identity->spec = metric->spec;
        return;
    }
    mapper->joined = metric_spec_join(metric->spec, identity->spec);
    identity->spec = &mapper->joined;
}

static enum verdict apply_metric(struct mapper *mapper, const struct metric *metric,
                                 struct labels *labels, struct identity *identity)
{
    enum verdict verdict;

    identity->is_type_declared = true;
    identity->sent_as = identity->family;
    join_spec(mapper, metric, identity);
    if (metric->treatment)
        identity->treatment = metric->treatment;
    verdict = check_labels(mapper, metric, labels, identity);
    for (size_t i = 0; i < metric->n_constants && verdict == VERDICT_APPLIED; i++)
        if (!labels_set(labels, mapper->limits.labels, metric->constants[i].name,
                        metric->constants[i].value))
            verdict = REFUSED_LABEL_LIMIT;
    return verdict;
}

/* What the mapping says of the name that a line has now. */
static enum verdict map_metric(struct mapper *mapper, enum sample_type type,
                               const struct metric *metric, struct labels *labels,
                               struct identity *identity)
{
    const struct mapping_parts *parts = mapping_parts(mapper->mapping);

    if (!metric && parts->undeclared == MAPPING_DROP) {
        identity->treatment = &undeclared;
        return VERDICT_APPLIED;
    }
    if (metric && !sample_type_may_become(type, metric->type)) {
        identity->declared_type = metric->type;
        return REFUSED_TYPE_CONFLICT;
    }
    if (metric)
        apply_label_rules(mapper, metric->label_rules, labels);
    apply_label_rules(mapper, parts->label_rules, labels);
    return metric ? apply_metric(mapper, metric, labels, identity) : VERDICT_APPLIED;
}

enum verdict mapper_map(struct mapper *mapper, enum sample_type type,
                        const struct mapper_trace *trace, struct labels *labels,
                        struct identity *identity)
{
    const struct metric *metric;
    enum verdict verdict;

    mapper->trace = trace;
    identity->generation = mapping_parts(mapper->mapping)->generation;
    verdict = map_name(mapper, type, labels, identity);
    if (verdict != VERDICT_APPLIED || identity_is_skipped(identity))
        return verdict;
    metric = mapping_find(mapper->mapping, identity->family);
    if (trace && trace->on_metric)
        trace->on_metric(trace->ctx, metric);
    return map_metric(mapper, type, metric, labels, identity);
}

/* --- chains ------------------------------------------------------------------------------ */

void mapper_begin_chain(struct mapper *mapper)
{
    for (unsigned type = 0; type < _RULE_TYPE_N; type++)
        mapper->memories[type].is_known = false;
}

const struct mapper_memory *mapper_recall(const struct mapper *mapper, enum sample_type type)
{
    return &mapper->memories[rule_type_of(type)];
}

void mapper_remember(struct mapper *mapper, enum sample_type type, enum verdict verdict,
                     const struct identity *identity)
{
    enum rule_type index = rule_type_of(type);
    struct mapper_memory *memory = &mapper->memories[index];
    char *at = mapper->texts + index * text_max(&mapper->limits);

    memory->is_known = true;
    memory->verdict = verdict;
    memory->identity = *identity;
    memory->identity.family = slice_put(&at, identity->family);
    memory->identity.labels = slice_put(&at, identity->labels);
    /* What was sent is in the line, but a name by a rule or a declaration in scratch memory. */
    if (slice_equal(identity->sent_as, identity->family))
        memory->identity.sent_as = memory->identity.family;
    if (identity->spec == &mapper->joined) {
        memory->joined = mapper->joined;
        memory->identity.spec = &memory->joined;
    }
}
