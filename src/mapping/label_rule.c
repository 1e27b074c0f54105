/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Label rule
 *
 * Lists are sorted once and then searched by halves, so a long list of allowed values costs little.
 * It runs only for a key that a worker has not cached.
 */

#include "mapping/label_rule.h"

#include <stdlib.h>

/* --- sorted lists ----------------------------------------------------------------------- */

/* Each item of a list begins with the slice that it is sorted by. */
static void sort(void *list, size_t n, size_t size)
{
    if (n)
        qsort(list, n, size, slice_order);
}

static void *find(const void *list, size_t n, size_t size, struct slice text)
{
    return n ? bsearch(&text, list, n, size, slice_order) : NULL;
}

static bool has(const struct slice *list, size_t n, struct slice text)
{
    return find(list, n, sizeof(*list), text) != NULL;
}

void label_rules_sort(struct label_rules *rules)
{
    sort(rules->drop, rules->n_drop, sizeof(*rules->drop));
    sort(rules->keep, rules->n_keep, sizeof(*rules->keep));
    sort(rules->renames, rules->n_renames, sizeof(*rules->renames));
    sort(rules->values, rules->n_values, sizeof(*rules->values));
    for (size_t i = 0; i < rules->n_values; i++)
        sort(rules->values[i].allowed, rules->values[i].n_allowed, sizeof(struct slice));
}

/* --- applying --------------------------------------------------------------------------- */

static void tell(const struct label_rules_trace *trace, enum label_fate fate,
                 const struct label *before, const struct label *after)
{
    if (trace)
        trace->on_label(trace->ctx, fate, before, after);
}

static void drop_labels(const struct label_rules *rules, struct labels *labels,
                        const struct label_rules_trace *trace)
{
    size_t n = 0;

    for (size_t i = 0; i < labels->n; i++) {
        struct label label = labels->items[i];

        if (has(rules->drop, rules->n_drop, label.name) ||
            (rules->has_keep && !has(rules->keep, rules->n_keep, label.name)))
            tell(trace, LABEL_DROPPED, &label, &label);
        else
            labels->items[n++] = label;
    }
    labels->n = n;
}

/* The first @n of @labels. */
static bool has_name(const struct labels *labels, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(labels->items[i].name, name))
            return true;
    return false;
}

/*
 * Labels that keep their names come first, and then one after the other of those that get a new
 * one, unless the name is taken.
 */
static void rename_labels(const struct label_rules *rules, struct labels *labels,
                          const struct label_rules_trace *trace)
{
    struct {
        struct label before;
        struct slice to;
    } renamed[LABELS_MAX];
    size_t n = 0, n_renamed = 0;

    for (size_t i = 0; i < labels->n; i++) {
        struct label label = labels->items[i];
        const struct label_rename *rename =
            find(rules->renames, rules->n_renames, sizeof(*rules->renames), label.name);

        if (rename) {
            renamed[n_renamed].before = label;
            renamed[n_renamed++].to = rename->to;
        } else {
            labels->items[n++] = label;
        }
    }
    for (size_t i = 0; i < n_renamed; i++) {
        struct label label = { renamed[i].to, renamed[i].before.value };

        if (has_name(labels, n, label.name)) {
            tell(trace, LABEL_HIDDEN, &renamed[i].before, &renamed[i].before);
            continue;
        }
        labels->items[n++] = label;
        tell(trace, LABEL_RENAMED, &renamed[i].before, &label);
    }
    labels->n = n;
}

static void limit_values(const struct label_rules *rules, struct labels *labels,
                         const struct label_rules_trace *trace)
{
    size_t n = 0;

    for (size_t i = 0; i < labels->n; i++) {
        struct label label = labels->items[i], after = label;
        const struct label_values *values =
            find(rules->values, rules->n_values, sizeof(*rules->values), label.name);

        if (values && !has(values->allowed, values->n_allowed, label.value)) {
            after.value = values->other;
            if (values->other.len == 0) {
                tell(trace, LABEL_DROPPED, &label, &label);
                continue;
            }
            if (!slice_equal(values->other, label.value))
                tell(trace, LABEL_REPLACED, &label, &after);
        }
        labels->items[n++] = after;
    }
    labels->n = n;
}

void label_rules_apply(const struct label_rules *rules, struct labels *labels,
                       const struct label_rules_trace *trace)
{
    if (rules->n_drop || rules->has_keep)
        drop_labels(rules, labels, trace);
    if (rules->n_renames)
        rename_labels(rules, labels, trace);
    if (rules->n_values)
        limit_values(rules, labels, trace);
}
