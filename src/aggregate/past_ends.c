/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Past ends
 *
 * The list is searched only for samples that arrived before its newest x, which are few. Nothing is
 * removed from it because of its age: to a sample that arrived later, an x in the list means
 * nothing, however old.
 */

#include "aggregate/past_ends.h"

#include "base/labels.h"

#include <stdlib.h>

void past_ends_deinit(struct past_ends *ends)
{
    for (unsigned i = 0; i < PAST_ENDS_MAX; i++)
        free(ends->items[i].memory);
}

/* Those labels of @identity that struct past_end has at @i. */
static struct slice labels_of(const struct identity *identity, unsigned i)
{
    return i == 0 ? identity->labels : identity->labels_beside[i - 1];
}

/* Cut the copy of @labels at @at. The slices go to @items, which has room for them. */
static struct past_labels cut(struct slice labels, char **at, struct slice **items)
{
    struct past_labels cut = { .items = *items };
    struct slice copy = slice_put(at, labels), label;

    while (labels_next(&copy, &label))
        (*items)[cut.n++] = label;
    *items += cut.n;
    return cut;
}

bool past_ends_note(struct past_ends *ends, const struct identity *identity, uint64_t name_hash,
                    int64_t arrived_ns)
{
    struct past_end *end = &ends->items[ends->next];
    struct slice scratch[LABELS_MAX], *items;
    size_t len = identity->family.len, n = 0;
    char *at;

    for (unsigned i = 0; i <= _OWN_LABEL_N; i++) {
        len += labels_of(identity, i).len;
        n += labels_cut(labels_of(identity, i), scratch);
    }
    items = malloc(n * sizeof(*items) + len + 1);
    if (!items)
        return false;
    at = (char *)(items + n);
    free(end->memory);
    *end = (struct past_end){ .arrived_ns = arrived_ns, .name_hash = name_hash, .memory = items };
    end->name = slice_put(&at, identity->family);
    for (unsigned i = 0; i <= _OWN_LABEL_N; i++)
        end->labels[i] = cut(labels_of(identity, i), &at, &items);
    ends->next = (ends->next + 1) % PAST_ENDS_MAX;
    if (arrived_ns > ends->newest_ns)
        ends->newest_ns = arrived_ns;
    return true;
}

/* The labels of @end on metrics of the type of @identity. */
static const struct past_labels *labels_for(const struct past_end *end,
                                            const struct identity *identity)
{
    enum own_label own = metric_type_own_label(identity_metric(identity));

    return &end->labels[own == OWN_LABEL_NONE ? 0 : 1 + (unsigned)own];
}

bool past_ends_search(const struct past_ends *ends, const struct identity *identity,
                      uint64_t name_hash, int64_t arrived_ns)
{
    struct slice labels[LABELS_MAX];
    size_t n_labels = labels_cut(identity->labels, labels);

    for (unsigned i = 0; i < PAST_ENDS_MAX; i++) {
        const struct past_end *end = &ends->items[i];
        const struct past_labels *wanted = labels_for(end, identity);

        if (end->arrived_ns > arrived_ns && end->name_hash == name_hash &&
            slice_equal(end->name, identity->family) &&
            labels_cut_include(labels, n_labels, wanted->items, wanted->n))
            return true;
    }
    return false;
}
