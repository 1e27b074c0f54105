/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lost labels
 *
 * The label rules themselves are applied to each declared label, in the order in which a line meets
 * them, so there is no second opinion of what they do. Rules for values are left out: they take a
 * label from some lines only.
 */

#include "config/lost_labels.h"

#include "mapping/label_rule.h"

/* A declared label on its way through the rules. */
struct journey {
    struct draft *draft;
    const struct node *label;
    struct labels labels; /* it alone; none if it is dropped */
    const char *rules;    /* that changed it last; NULL: none */
};

static void apply(struct journey *journey, const struct label_rules *rules, const char *whose)
{
    struct slice before = journey->labels.n ? journey->labels.items[0].name : SLICE("");
    struct label_rules names;

    if (!rules || !journey->labels.n)
        return;
    names = *rules;
    names.n_values = 0;
    label_rules_apply(&names, &journey->labels, NULL);
    if (!journey->labels.n || !slice_equal(journey->labels.items[0].name, before))
        journey->rules = whose;
}

static void warn_of_dropped(const struct journey *journey)
{
    problems_warn(journey->draft->problems, journey->label->place,
                  "labels: %.*s: the label rules %s drop it; change them, or remove it here",
                  (int)journey->label->text.len, journey->label->text.at, journey->rules);
}

static void warn_of_renamed(const struct journey *journey)
{
    bool is_refused = journey->draft->undeclared_labels == MAPPING_LABELS_REFUSE;
    struct slice to = journey->labels.items[0].name;

    problems_warn(journey->draft->problems, journey->label->place,
                  "labels: %.*s: the label rules %s make it %.*s, which the metric does not "
                  "declare, so %s; declare %.*s",
                  (int)journey->label->text.len, journey->label->text.at, journey->rules,
                  (int)to.len, to.at, is_refused ? "lines with it are refused" : "it is dropped",
                  (int)to.len, to.at);
}

static void check_label(struct draft *draft, const struct metric *metric, const struct node *label)
{
    struct journey journey = { .draft = draft, .label = label };

    /* A label that is not right has been told. */
    if (label->shape != NODE_SCALAR || !metric_takes_label(metric, label->text))
        return;
    journey.labels.items[journey.labels.n++] = (struct label){ label->text, SLICE("1") };
    apply(&journey, metric->label_rules, "of the metric");
    apply(&journey, draft->label_rules, "for all lines");
    if (journey.labels.n == 0)
        warn_of_dropped(&journey);
    else if (draft->undeclared_labels != MAPPING_LABELS_KEEP &&
             !metric_takes_label(metric, journey.labels.items[0].name))
        warn_of_renamed(&journey);
}

/* Whether the labels of metric @i are the defaults of its group, and have been checked with it. */
static bool is_checked(const struct draft *draft, size_t i)
{
    const struct draft_metric_nodes *nodes =
        DRAFT_ITEM(draft->metric_nodes, struct draft_metric_nodes, i);

    return i > 0 && nodes[-1].labels == nodes->labels &&
           nodes[-1].rules.drop == nodes->rules.drop && nodes[-1].rules.keep == nodes->rules.keep &&
           nodes[-1].rules.rename == nodes->rules.rename;
}

void lost_labels_check(struct draft *draft)
{
    for (size_t i = 0; i < draft->metrics.n; i++) {
        const struct draft_metric_nodes *nodes =
            DRAFT_ITEM(draft->metric_nodes, struct draft_metric_nodes, i);
        const struct node *labels = nodes->labels;

        draft->problems->path = nodes->path;
        if (is_checked(draft, i))
            continue;
        for (const struct node *label = labels ? labels->first : NULL; label; label = label->next)
            check_label(draft, DRAFT_ITEM(draft->metrics, struct metric, i), label);
    }
    draft->problems->path = NULL;
}
