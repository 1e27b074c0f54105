/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Initial
 *
 * A map of lists stands for all combinations, which are counted like the digits of a number.
 */

#include "config/initial.h"

#include "config/label_name.h"

#include <stdlib.h>

_Static_assert(offsetof(struct label, name) == 0, "labels are sorted by slice_order()");

/* The labels of a map, each with its values. */
struct combination {
    struct draft *draft;
    const struct metric *metric;
    struct {
        struct slice name;
        const struct node *values; /* a scalar, or a list of scalars */
        const struct node *value;  /* the current one */
    } labels[LABELS_MAX];
    size_t n;
};

struct initial {
    struct draft *draft;
    struct metric *metric;
    struct metric_initial *sets;
    size_t n, room;
};

static const struct node *first_value(const struct node *values)
{
    return values->shape == NODE_LIST ? values->first : values;
}

/* --- a map ---------------------------------------------------------------------------------- */

static bool check_values(const struct combination *combination, const struct node *values)
{
    if (values->shape == NODE_SCALAR)
        return true;
    for (const struct node *value = values->first; value; value = value->next) {
        if (value->shape == NODE_SCALAR && values->shape == NODE_LIST)
            continue;
        problems_add(combination->draft->problems, value->place,
                     "initial: expected a value, or a list of values, for a label");
        return false;
    }
    if (!values->first)
        problems_add(combination->draft->problems, values->place,
                     "initial: expected at least one value for a label");
    return values->first != NULL;
}

static bool is_constant(const struct metric *metric, struct slice name)
{
    for (size_t i = 0; i < metric->n_constants; i++)
        if (slice_equal(metric->constants[i].name, name))
            return true;
    return false;
}

static bool check_label(const struct combination *combination, const struct node *values)
{
    const struct metric *metric = combination->metric;
    struct slice name = values->key->text;

    if (!label_name_check(combination->draft, "initial", values->key, metric->type))
        return false;
    if (is_constant(metric, name)) {
        problems_add(combination->draft->problems, values->key->place,
                     "initial: %.*s is one of labels_const, which all series have; remove it",
                     (int)name.len, name.at);
        return false;
    }
    if (!metric_takes_label(metric, name)) {
        problems_add(combination->draft->problems, values->key->place,
                     "initial: %.*s is not one of the metric's labels; add it to them",
                     (int)name.len, name.at);
        return false;
    }
    return check_values(combination, values);
}

/* Start with the first combination. Returns false after adding a problem. */
static bool begin(struct combination *combination, const struct node *map)
{
    bool is_good = true;

    combination->n = 0;
    for (const struct node *values = map->first; values; values = values->next) {
        if (values->is_repeated)
            problems_add(combination->draft->problems, values->key->place,
                         "initial: this label is given twice");
        if (values->is_repeated || !check_label(combination, values)) {
            is_good = false;
            continue;
        }
        if (combination->n == LABELS_MAX - combination->metric->n_constants) {
            problems_add(combination->draft->problems, values->key->place,
                         "initial: expected at most %d labels", LABELS_MAX);
            return false;
        }
        combination->labels[combination->n].name = values->key->text;
        combination->labels[combination->n].values = values;
        combination->labels[combination->n++].value = first_value(values);
    }
    return is_good;
}

/* Go to the next combination; false after the last. */
static bool advance(struct combination *combination)
{
    for (size_t i = combination->n; i > 0; i--) {
        const struct node *values = combination->labels[i - 1].values;
        const struct node **value = &combination->labels[i - 1].value;

        *value = values->shape == NODE_LIST ? (*value)->next : NULL;
        if (*value)
            return true;
        *value = first_value(values);
    }
    return false;
}

/* --- label sets ------------------------------------------------------------------------- */

/* The labels of the current combination and those of the metric. */
static struct metric_initial join(const struct combination *combination)
{
    const struct metric *metric = combination->metric;
    struct label *labels = draft_alloc(combination->draft, (combination->n + metric->n_constants) *
                                                               sizeof(struct label));
    struct metric_initial set = { .labels = labels };

    for (size_t i = 0; i < metric->n_constants && labels; i++)
        labels[set.n++] = metric->constants[i];
    /* An empty value means that there is no such label. */
    for (size_t i = 0; i < combination->n && labels; i++)
        if (combination->labels[i].value->text.len)
            labels[set.n++] = (struct label){
                draft_copy(combination->draft, combination->labels[i].name),
                draft_copy(combination->draft, combination->labels[i].value->text),
            };
    if (labels)
        qsort(labels, set.n, sizeof(*labels), slice_order);
    return set;
}

static bool add_set(struct initial *initial, struct metric_initial set)
{
    if (initial->n == initial->room) {
        size_t room = initial->room ? 2 * initial->room : 16;
        struct metric_initial *sets = reallocarray(initial->sets, room, sizeof(*sets));

        if (!sets) {
            initial->draft->has_failed = true;
            return false;
        }
        initial->sets = sets;
        initial->room = room;
    }
    initial->sets[initial->n++] = set;
    return true;
}

static bool add_map(struct initial *initial, const struct node *map)
{
    struct combination *combination = calloc(1, sizeof(*combination));
    bool goes_on = combination != NULL;

    if (!combination) {
        initial->draft->has_failed = true;
        return false;
    }
    combination->draft = initial->draft;
    combination->metric = initial->metric;
    if (!begin(combination, map)) {
        free(combination);
        return true;
    }
    do {
        if (initial->n == INITIAL_MAX) {
            problems_add(initial->draft->problems, map->place,
                         "initial: expected at most %d series", INITIAL_MAX);
            goes_on = false;
        }
        goes_on = goes_on && add_set(initial, join(combination));
    } while (goes_on && advance(combination));
    free(combination);
    return goes_on;
}

/* --- the value ------------------------------------------------------------------------------ */

static void add_items(struct initial *initial, const struct node *list)
{
    bool goes_on = true;

    for (const struct node *item = list->first; item && goes_on; item = item->next) {
        if (item->shape == NODE_MAP)
            goes_on = add_map(initial, item);
        else
            problems_add(initial->draft->problems, item->place,
                         "initial: expected a map of labels, {LABEL: VALUE}");
    }
}

static void add_scalar(struct initial *initial, const struct node *node)
{
    static const struct node none = { .shape = NODE_MAP };

    if (slice_equal(node->text, SLICE("true")))
        (void)add_map(initial, &none);
    else if (!slice_equal(node->text, SLICE("false")))
        problems_add(initial->draft->problems, node->place,
                     "initial: expected a list of label sets, [{LABEL: VALUE}], or true if it has "
                     "no labels");
}

static int compare_sets(const void *a, const void *b)
{
    const struct metric_initial *left = a, *right = b;

    for (size_t i = 0; i < left->n && i < right->n; i++) {
        int order = slice_compare(left->labels[i].name, right->labels[i].name);

        if (order == 0)
            order = slice_compare(left->labels[i].value, right->labels[i].value);
        if (order != 0)
            return order;
    }
    return left->n < right->n ? -1 : left->n > right->n;
}

/* Sort the sets, keep each once, and give them to the metric. */
static void keep(struct initial *initial)
{
    struct metric_initial *kept;
    size_t n = 0;

    if (initial->n == 0)
        return;
    qsort(initial->sets, initial->n, sizeof(*initial->sets), compare_sets);
    kept = draft_alloc(initial->draft, initial->n * sizeof(*kept));
    if (!kept)
        return;
    for (size_t i = 0; i < initial->n; i++)
        if (n == 0 || compare_sets(&kept[n - 1], &initial->sets[i]) != 0)
            kept[n++] = initial->sets[i];
    initial->metric->initial = kept;
    initial->metric->n_initial = n;
}

void initial_read(struct draft *draft, struct metric *metric, const struct node *node)
{
    struct initial initial = { .draft = draft, .metric = metric };

    if (!node)
        return;
    switch (node->shape) {
    case NODE_SCALAR: add_scalar(&initial, node); break;
    case NODE_LIST: add_items(&initial, node); break;
    case NODE_MAP: (void)add_map(&initial, node); break;
    }
    keep(&initial);
    free(initial.sets);
}
