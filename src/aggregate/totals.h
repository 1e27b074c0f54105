/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Totals: the last running total of each sender in each series
 *
 * Some senders write the running total of a counter instead of its increments. What such a sample
 * adds is the difference to the last one of the same series and sender. A sender may reach any
 * worker, so all workers share one table, whose size is fixed. Any thread may call any function.
 */

#include "aggregate/budget.h"
#include "base/compiler.h"
#include "base/total_step.h"
#include "base/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A total that has not been noted for this long is evicted before those that have. */
#define TOTALS_IDLE_NS (INT64_C(15) * 60 * 1000000000)

struct totals;

/*
 * Make a table for about @n_max totals, 1 to 2^31. Up to 4,096 the number is exact; beyond that the
 * table has 16 parts, and the first of them may be full when 3% are still free. @seed chooses what
 * is evicted; from a random source. Returns 0 or -ENOMEM.
 */
MUST_CHECK int totals_new(struct totals **ret, size_t n_max, uint64_t seed);

/*
 * Make the table @totals, unless there is one, and count its memory on @budget. Returns
 * VERDICT_APPLIED; REFUSED_SERIES_LIMIT if the budget does not allow it, or @n_max is 0; or
 * REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict totals_ensure(struct totals **totals, size_t n_max, uint64_t seed,
                                      struct budget *budget);

/* NULL is fine. */
void totals_free(struct totals *totals);
DEFINE_CLEANUP(struct totals *, totals_free)

/* The memory for a table of @n_max totals. All of it is allocated when the table is made. */
size_t totals_bytes(size_t n_max);

/*
 * Note that a sender has sent @value, at least 0 and finite, which arrived at @at (monotonic). @id
 * is a hash of series and sender, with a secret seed; two with the same id would be taken for one.
 * Waits at most while another worker notes one.
 *
 * If the table is full, a total is evicted, and the next one of its series and sender is a
 * TOTAL_OUTCOME_BASELINE again. It is one of those idle for TOTALS_IDLE_NS, if a few looks find
 * one, and otherwise any, so that slightly too many totals that are sent in turn do not evict each
 * other every time.
 */
struct total_step totals_note(struct totals *totals, uint64_t id, double value, int64_t at);

struct totals_counts {
    size_t n_kept; /* now; the rest since the start */
    uint64_t n_evicted;
    uint64_t outcomes[_TOTAL_OUTCOME_N];
};

/* Each number is as of some moment during the call. Takes no lock. NULL: all are 0. */
struct totals_counts totals_count(const struct totals *totals);
