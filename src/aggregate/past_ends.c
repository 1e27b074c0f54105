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
        free(ends->items[i].text);
}

bool past_ends_note(struct past_ends *ends, const struct identity *identity, uint64_t name_hash,
                    int64_t arrived_ns)
{
    struct past_end *end = &ends->items[ends->next];
    size_t len = identity->family.len + identity->labels.len;
    char *at;

    for (unsigned own = 0; own < _OWN_LABEL_N; own++)
        len += identity->labels_beside[own].len;
    at = malloc(len ? len : 1);
    if (!at)
        return false;
    free(end->text);
    *end = (struct past_end){ .arrived_ns = arrived_ns, .name_hash = name_hash, .text = at };
    end->name = slice_put(&at, identity->family);
    end->labels[0] = slice_put(&at, identity->labels);
    for (unsigned own = 0; own < _OWN_LABEL_N; own++)
        end->labels[1 + own] = slice_put(&at, identity->labels_beside[own]);
    ends->next = (ends->next + 1) % PAST_ENDS_MAX;
    if (arrived_ns > ends->newest_ns)
        ends->newest_ns = arrived_ns;
    return true;
}

/* The labels of @end on metrics of the type of @identity. */
static struct slice labels_for(const struct past_end *end, const struct identity *identity)
{
    enum own_label own = metric_type_own_label(metric_type_of(identity->type));

    return end->labels[own == OWN_LABEL_NONE ? 0 : 1 + (unsigned)own];
}

bool past_ends_search(const struct past_ends *ends, const struct identity *identity,
                      uint64_t name_hash, int64_t arrived_ns)
{
    for (unsigned i = 0; i < PAST_ENDS_MAX; i++) {
        const struct past_end *end = &ends->items[i];

        if (end->arrived_ns > arrived_ns && end->name_hash == name_hash &&
            slice_equal(end->name, identity->family) &&
            labels_include(identity->labels, labels_for(end, identity)))
            return true;
    }
    return false;
}
