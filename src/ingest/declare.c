/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Declare
 *
 * To the registry an initial series is like one whose sample has not come yet, so it needs the
 * identity that the resolver would find for that sample.
 */

#include "ingest/declare.h"

#include "base/buffer.h"

#include <stdlib.h>

/* Render @set, whose labels are sorted, into @out. Returns false when out of memory. */
static bool render(const struct metric_initial *set, struct labels *labels, struct buffer *out)
{
    buffer_clear(out);
    labels->n = set->n;
    if (set->n)
        memcpy(labels->items, set->labels, set->n * sizeof(struct label));
    if (!buffer_reserve(out, labels_length(labels) + 1))
        return false;
    out->len = labels_write(labels, out->data).len;
    return true;
}

/* Returns the number of series refused. */
static size_t declare_metric(struct registry *registry, const struct metric *metric,
                             uint64_t generation, struct labels *labels)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    struct identity identity = {
        .type = sample_type_for(metric->type),
        .family = metric->name,
        .weight = 1,
        .is_type_declared = true,
        .spec = metric->spec,
        .generation = generation,
    };
    size_t n_refused = 0;

    for (size_t i = 0; i < metric->n_initial; i++) {
        bool is_rendered = render(&metric->initial[i], labels, &text);

        identity.labels = buffer_text(&text);
        if (!is_rendered || registry_declare(registry, &identity) != VERDICT_APPLIED)
            n_refused++;
    }
    return n_refused;
}

size_t declare_series(struct registry *registry, const struct mapping *mapping)
{
    const struct mapping_parts *parts = mapping ? mapping_parts(mapping) : NULL;
    struct labels *labels = parts ? malloc(sizeof(*labels)) : NULL;
    size_t n_refused = 0;

    if (!parts)
        return 0;
    for (size_t i = 0; i < parts->n_metrics; i++)
        n_refused += labels
                         ? declare_metric(registry, &parts->metrics[i], parts->generation, labels)
                         : parts->metrics[i].n_initial;
    free(labels);
    registry_undeclare(registry, parts->generation);
    return n_refused;
}
