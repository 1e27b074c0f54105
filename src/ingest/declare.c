/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Declare
 *
 * To the registry an initial series is like one whose sample has not come yet, so it needs the
 * identity that the resolver would find for that sample.
 */

#include "ingest/declare.h"

#include "base/buffer.h"
#include "base/metric_spec.h"

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

/* Returns the number of series refused; if there are any, and it has none yet, sets @first. */
static size_t declare_metric(struct registry *registry, const struct metric *metric,
                             const struct mapping_parts *parts, struct labels *labels,
                             struct declare_refusal *first)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    const struct metric_spec spec = metric_spec_join(metric->spec, parts->unmatched);
    struct identity identity = {
        .type = sample_type_for(metric->type),
        .family = metric->name,
        .weight = 1,
        .is_type_declared = true,
        .spec = &spec,
        .generation = parts->generation,
    };
    size_t n_refused = 0;

    for (size_t i = 0; i < metric->n_initial; i++) {
        enum verdict verdict = REFUSED_NO_MEMORY;

        if (labels && render(&metric->initial[i], labels, &text)) {
            identity.labels = buffer_text(&text);
            verdict = registry_declare(registry, &identity);
        }
        n_refused += verdict != VERDICT_APPLIED;
        if (verdict != VERDICT_APPLIED && !first->metric)
            *first = (struct declare_refusal){ metric, verdict };
    }
    return n_refused;
}

size_t declare_series(struct registry *registry, const struct mapping *mapping,
                      struct declare_refusal *ret)
{
    const struct mapping_parts *parts = mapping ? mapping_parts(mapping) : NULL;
    struct labels *labels = parts ? malloc(sizeof(*labels)) : NULL;
    struct declare_refusal first = { 0 };
    size_t n_refused = 0;

    if (!parts)
        return 0;
    for (size_t i = 0; i < parts->n_metrics; i++)
        n_refused += declare_metric(registry, &parts->metrics[i], parts, labels, &first);
    free(labels);
    registry_undeclare(registry, parts->generation);
    if (ret && n_refused)
        *ret = first;
    return n_refused;
}
