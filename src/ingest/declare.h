/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Declare: the series that a mapping says are there from the start
 */

#include "aggregate/registry.h"
#include "mapping/mapping.h"

/* The first metric of which series were refused, borrowed from the mapping, and why. */
struct declare_refusal {
    const struct metric *metric;
    enum verdict reason;
};

/*
 * Declare the initial series of all metrics of @mapping in @registry; those that only an older
 * mapping declares are no longer declared. NULL, for no mapping, changes nothing. Call it from one
 * thread, at the start, and at a reload before workers use @mapping.
 *
 * Returns the number of series that were refused, for a limit or for a name that is taken. If there
 * are any, and @ret is not NULL, it has the first one.
 */
size_t declare_series(struct registry *registry, const struct mapping *mapping,
                      struct declare_refusal *ret);
