/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapping
 *
 * Metrics are looked up by halves: it happens once for each key that a worker has not seen.
 */

#include "mapping/mapping.h"

#include "base/must.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

_Static_assert(offsetof(struct metric, name) == 0, "metrics are sorted by slice_order()");

struct mapping {
    struct mapping_parts parts;
    _Atomic unsigned refs;
};

int mapping_new(struct mapping **ret, struct mapping_parts *parts)
{
    struct mapping *mapping = calloc(1, sizeof(*mapping));

    if (!mapping)
        return -ENOMEM;
    if (parts->n_metrics)
        qsort(parts->metrics, parts->n_metrics, sizeof(*parts->metrics), slice_order);
    mapping->parts = *parts;
    *parts = (struct mapping_parts){ 0 };
    atomic_init(&mapping->refs, 1);
    *ret = mapping;
    return 0;
}

static void mapping_free(struct mapping *mapping)
{
    rules_free(mapping->parts.rules);
    arena_deinit(&mapping->parts.arena);
    free(mapping);
}

struct mapping *mapping_ref(struct mapping *mapping)
{
    if (mapping)
        atomic_fetch_add_explicit(&mapping->refs, 1, memory_order_relaxed);
    return mapping;
}

void mapping_unref(struct mapping *mapping)
{
    unsigned refs;

    if (!mapping)
        return;
    refs = atomic_fetch_sub_explicit(&mapping->refs, 1, memory_order_acq_rel);
    MUST_BE(refs, >, 0u);
    if (refs == 1)
        mapping_free(mapping);
}

const struct mapping_parts *mapping_parts(const struct mapping *mapping)
{
    return &mapping->parts;
}

bool mapping_has_totals(const struct mapping *mapping)
{
    return mapping && mapping->parts.has_totals;
}

size_t mapping_n_rules(const struct mapping *mapping)
{
    return mapping && mapping->parts.rules ? rules_count(mapping->parts.rules) : 0;
}

const struct metric *mapping_find(const struct mapping *mapping, struct slice name)
{
    if (!mapping->parts.n_metrics)
        return NULL;
    return bsearch(&name, mapping->parts.metrics, mapping->parts.n_metrics,
                   sizeof(*mapping->parts.metrics), slice_order);
}
