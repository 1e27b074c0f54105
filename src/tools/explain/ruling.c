/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ruling
 *
 * Of many rules that did not match, only the last few before the one that did are shown. They are
 * kept in a ring, as the winner is known last.
 */

#include "tools/explain/ruling.h"

#include "mapping/glob.h"
#include "tools/explain/shown.h"

#define SHOWN_MAX 5

/* Of rules that did not win. */
struct attempts {
    struct rules_attempt latest[SHOWN_MAX];
    size_t n;
};

static void on_attempt(void *ctx, const struct rules_attempt *attempt)
{
    struct attempts *attempts = ctx;

    if (attempt->fate != RULES_FATE_WON)
        attempts->latest[attempts->n++ % SHOWN_MAX] = *attempt;
}

/* --- words ------------------------------------------------------------------------------- */

static void add_place(struct buffer *out, struct slice file, unsigned line, unsigned column)
{
    shown_add(out, file, NULL);
    buffer_add_format(out, ":%u:%u", line, column);
}

static void add_rule(struct buffer *out, const struct rule *rule)
{
    shown_add(out, rule->match, NULL);
    buffer_add_literal(out, " (");
    add_place(out, rule->file, rule->line, rule->column);
    buffer_add_char(out, ')');
}

static void add_segment(struct buffer *out, const struct rules_attempt *attempt)
{
    struct slice rest = attempt->rule->match, segment = { NULL, 0 };
    bool is_last = false;

    for (size_t i = 0; i <= attempt->segment && glob_next(&rest, &is_last, &segment);)
        i++;
    buffer_add_format(out, "segment %zu of the name is not ", attempt->segment + 1);
    shown_add(out, segment, NULL);
}

static void add_tag(struct buffer *out, const struct rule_tag *tag)
{
    buffer_add_literal(out, "there is no tag ");
    shown_add(out, tag->name, NULL);
    if (tag->takes_any)
        return;
    buffer_add_char(out, ':');
    shown_add(out, tag->value, NULL);
}

static void add_reason(struct buffer *out, const struct rules_attempt *attempt)
{
    switch (attempt->fate) {
    case RULES_FATE_TYPE: buffer_add_literal(out, "it is for other types"); break;
    case RULES_FATE_LENGTH: buffer_add_literal(out, "it has another number of segments"); break;
    case RULES_FATE_SEGMENT: add_segment(out, attempt); break;
    case RULES_FATE_REGEX: buffer_add_literal(out, "the regex does not match"); break;
    case RULES_FATE_EXCEEDED:
        buffer_add_literal(out, "the regex exceeded its match limit with this name");
        break;
    case RULES_FATE_PREFIX: buffer_add_literal(out, "the name begins with something else"); break;
    case RULES_FATE_TAG: add_tag(out, attempt->tag); break;
    case RULES_FATE_WON: break;
    }
}

/* --- the trace ---------------------------------------------------------------------------- */

static void add_outcome(struct buffer *out, const struct mapper_answer *answer)
{
    switch (answer->outcome) {
    case RULES_NO_MATCH: buffer_add_literal(out, "none matches"); return;
    case RULES_MATCHED:
        add_rule(out, answer->match.rule);
        if (answer->match.rule->action == RULE_DROP)
            buffer_add_literal(out, "  ->  drops it");
        return;
    case RULES_TOO_LONG:
        add_rule(out, answer->match.rule);
        buffer_add_literal(out, ", but what it makes is longer than the limits allow");
        return;
    case RULES_NO_NAME:
        add_rule(out, answer->match.rule);
        buffer_add_literal(out, ", but the name that it makes is empty");
        return;
    }
}

static void on_rule(void *ctx, const struct mapper_answer *answer)
{
    struct buffer *out = ((struct ruling *)ctx)->out;
    struct attempts attempts = { 0 };
    size_t first;

    shown_begin_field(out, "rule");
    add_outcome(out, answer);
    buffer_add_char(out, '\n');
    rules_explain(answer->rules, answer->scratch, &answer->query, on_attempt, &attempts);
    first = attempts.n > SHOWN_MAX ? attempts.n - SHOWN_MAX : 0;
    if (first) {
        shown_begin_field(out, "");
        buffer_add_format(out, "%zu rules before these do not match either\n", first);
    }
    for (size_t i = first; i < attempts.n; i++) {
        const struct rules_attempt *attempt = &attempts.latest[i % SHOWN_MAX];

        shown_begin_field(out, "");
        buffer_add_literal(out, "not ");
        add_rule(out, attempt->rule);
        buffer_add_literal(out, ": ");
        add_reason(out, attempt);
        buffer_add_char(out, '\n');
    }
}

void ruling_add_place(struct buffer *out, const struct metric *metric)
{
    add_place(out, metric->file, metric->line, metric->column);
}

static void on_metric(void *ctx, const struct metric *metric)
{
    struct ruling *ruling = ctx;

    ruling->metric = metric;
    if (!metric)
        return;
    shown_begin_field(ruling->out, "metric");
    buffer_add_format(ruling->out, "declared as a %s at ", metric_type_name(metric->type));
    ruling_add_place(ruling->out, metric);
    buffer_add_char(ruling->out, '\n');
}

static void add_label(struct buffer *out, const struct label *label)
{
    buffer_add(out, label->name);
    buffer_add_literal(out, " = ");
    shown_add(out, label->value, NULL);
}

static void on_label(void *ctx, enum label_fate fate, const struct label *before,
                     const struct label *after)
{
    struct buffer *out = ((struct ruling *)ctx)->out;

    shown_begin_field(out, "label");
    add_label(out, before);
    buffer_add_literal(out, "  ->  ");
    switch (fate) {
    case LABEL_DROPPED: buffer_add_literal(out, "dropped"); break;
    case LABEL_HIDDEN: buffer_add_literal(out, "dropped: another label has the new name"); break;
    case LABEL_UNDECLARED:
        buffer_add_literal(out, "dropped: the metric does not declare it");
        break;
    case LABEL_REFUSED: buffer_add_literal(out, "refused: the metric does not declare it"); break;
    case LABEL_RENAMED:
    case LABEL_REPLACED: add_label(out, after); break;
    }
    buffer_add_char(out, '\n');
}

struct mapper_trace ruling_trace(struct ruling *ruling)
{
    return (struct mapper_trace){ ruling, on_rule, on_metric, { ruling, on_label } };
}
