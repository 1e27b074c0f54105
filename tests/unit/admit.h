/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Admit: helpers for the tests of the registry
 *
 * There are two workers, unless a case says otherwise. A series is removed in the steps of a
 * sweep, in which every item holds a reference.
 */

#include "registry_setup.h"
#include "samples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static inline struct registry *new_large_registry(void)
{
    return new_registry(2, 1000000, SIZE_MAX);
}

static inline enum verdict try_admit(struct registry *registry, unsigned worker, const char *family,
                                     enum sample_type type, const char *labels)
{
    struct identity identity = identity_of(family, type, labels);
    struct admission admission;
    enum verdict verdict = registry_admit(registry, worker, 0, &identity, &admission);

    assert_int_equal(verdict == VERDICT_APPLIED, admission.cell != NULL);
    return verdict;
}

static inline struct cell *admit(struct registry *registry, unsigned worker, const char *family,
                                 enum sample_type type, const char *labels)
{
    struct identity identity = identity_of(family, type, labels);
    struct admission admission;

    assert_int_equal(registry_admit(registry, worker, 0, &identity, &admission), VERDICT_APPLIED);
    assert_non_null(admission.cell);
    /* It is the overflow series if and only if it is not the requested one. */
    assert_int_equal(admission.is_overflow,
                     !slice_equal(series_labels(cell_series(admission.cell)), identity.labels));
    return admission.cell;
}

/* Mark and remove these series, as a sweep does; each item holds a reference. */
static inline void mark(struct registry *registry, struct sweep_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series_ref(items[i].series);
    mark_expiring(registry, items, n);
}

static inline void end_sweep(struct sweep_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series_unref(items[i].series);
}

/* Remove the series of @cell, and give back its only worker's reference. */
static inline void remove_series(struct registry *registry, struct cell *cell)
{
    struct sweep_item item = { cell_series(cell), series_touched_ns(cell_series(cell)), false };

    mark(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_REMOVED);
    series_unref(item.series);
    end_sweep(&item, 1);
}
