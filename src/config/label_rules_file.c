/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Label rules file
 *
 * First the nodes are checked, in the file where they are; then rules are made of them, which
 * cannot fail. In between, several files may say some of what is for all lines.
 */

#include "config/label_rules_file.h"

#include "config/label_name.h"
#include "mapping/label_rule.h"

/* --- check ---------------------------------------------------------------------------------- */

static void check_names(struct draft *draft, const char *key, const struct node *list)
{
    for (const struct node *name = list ? list->first : NULL; name; name = name->next)
        (void)!label_name_check(draft, key, name, METRIC_NONE);
}

static void check_renames(struct draft *draft, const struct node *map)
{
    for (const struct node *to = map ? map->first : NULL; to; to = to->next) {
        (void)!label_name_check(draft, "rename_labels", to->key, METRIC_NONE);
        (void)!label_name_check(draft, "rename_labels", to, METRIC_NONE);
        if (to->is_repeated)
            problems_add(draft->problems, to->key->place,
                         "rename_labels: this label is given twice");
    }
}

static bool is_other(const struct node *value)
{
    return value->shape == NODE_SCALAR && slice_equal(value->key->text, SLICE("other"));
}

static void check_allowed(struct draft *draft, const struct node *list)
{
    if (list->shape != NODE_LIST) {
        problems_add(draft->problems, list->place,
                     "values: expected a list of the values that the label may have");
        return;
    }
    for (const struct node *value = list->first; value; value = value->next)
        if (value->shape != NODE_SCALAR)
            problems_add(draft->problems, value->place, "values: expected one value");
}

static void check_values(struct draft *draft, const struct node *map)
{
    for (const struct node *value = map ? map->first : NULL; value; value = value->next) {
        if (value->is_repeated)
            problems_add(draft->problems, value->key->place, "values: this label is given twice");
        if (is_other(value) || !label_name_check(draft, "values", value->key, METRIC_NONE))
            continue;
        check_allowed(draft, value);
    }
}

/* Whether there are rules and all of them are right. */
static bool check(struct draft *draft, const struct label_rules_nodes *nodes)
{
    unsigned n_before = draft->problems->n;

    check_names(draft, "drop_labels", nodes->drop);
    check_names(draft, "keep_labels", nodes->keep);
    check_renames(draft, nodes->rename);
    check_values(draft, nodes->values);
    return draft->problems->n == n_before &&
           (nodes->drop || nodes->keep || nodes->rename || nodes->values);
}

/* --- make ----------------------------------------------------------------------------------- */

static size_t count(const struct node *node)
{
    size_t n = 0;

    for (const struct node *value = node ? node->first : NULL; value; value = value->next)
        n++;
    return n;
}

/* Copies of the texts in @list. Sets *@ret_n; 0 if it is NULL or out of memory. */
static struct slice *copy_list(struct draft *draft, const struct node *list, size_t *ret_n)
{
    struct slice *texts =
        list && list->first ? draft_alloc(draft, count(list) * sizeof(*texts)) : NULL;

    *ret_n = 0;
    for (const struct node *text = texts ? list->first : NULL; text; text = text->next)
        texts[(*ret_n)++] = draft_copy(draft, text->text);
    return texts;
}

static void make_renames(struct draft *draft, const struct node *map, struct label_rules *rules)
{
    size_t n = count(map);

    rules->renames = n ? draft_alloc(draft, n * sizeof(*rules->renames)) : NULL;
    for (const struct node *to = rules->renames ? map->first : NULL; to; to = to->next)
        rules->renames[rules->n_renames++] =
            (struct label_rename){ draft_copy(draft, to->key->text), draft_copy(draft, to->text) };
}

/* What stands for values that are not allowed. */
static struct slice find_other(struct draft *draft, const struct node *map)
{
    for (const struct node *value = map->first; value; value = value->next)
        if (is_other(value))
            return draft_copy(draft, value->text);
    return SLICE("other");
}

static void make_values(struct draft *draft, const struct node *map, struct label_rules *rules)
{
    size_t n = count(map);
    struct slice other;

    rules->values = n ? draft_alloc(draft, n * sizeof(*rules->values)) : NULL;
    if (!rules->values)
        return;
    other = find_other(draft, map);
    for (const struct node *list = map->first; list; list = list->next) {
        struct label_values *values = &rules->values[rules->n_values];

        if (is_other(list))
            continue;
        values->label = draft_copy(draft, list->key->text);
        values->allowed = copy_list(draft, list, &values->n_allowed);
        values->other = other;
        rules->n_values++;
    }
}

/* NULL when out of memory. */
static const struct label_rules *make(struct draft *draft, const struct label_rules_nodes *nodes)
{
    struct label_rules *rules = draft_alloc(draft, sizeof(*rules));

    if (!rules)
        return NULL;
    rules->drop = copy_list(draft, nodes->drop, &rules->n_drop);
    rules->has_keep = nodes->keep != NULL;
    rules->keep = copy_list(draft, nodes->keep, &rules->n_keep);
    make_renames(draft, nodes->rename, rules);
    make_values(draft, nodes->values, rules);
    label_rules_sort(rules);
    return rules;
}

const struct label_rules *label_rules_read(struct draft *draft,
                                           const struct label_rules_nodes *nodes)
{
    return check(draft, nodes) ? make(draft, nodes) : NULL;
}

/* Take @node, unless an earlier file has the key too. */
static void take(struct draft *draft, const struct node **ret, const struct node *node)
{
    if (*ret && node)
        problems_add(draft->problems, node->key->place,
                     "%.*s: is given for all lines already; write it once",
                     (int)node->key->text.len, node->key->text.at);
    else if (node)
        *ret = node;
}

void label_rules_read_for_all(struct draft *draft, const struct label_rules_nodes *nodes)
{
    if (!check(draft, nodes))
        return;
    draft->says_something = true;
    take(draft, &draft->for_all.drop, nodes->drop);
    take(draft, &draft->for_all.keep, nodes->keep);
    take(draft, &draft->for_all.rename, nodes->rename);
    take(draft, &draft->for_all.values, nodes->values);
}

void label_rules_finish(struct draft *draft)
{
    const struct label_rules_nodes *all = &draft->for_all;

    if (all->drop || all->keep || all->rename || all->values)
        draft->label_rules = make(draft, all);
}
