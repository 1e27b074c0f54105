/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ending: which series an x ends, and those that have ended and are not released yet
 *
 * The caller holds the registry's lock.
 */

#include "aggregate/past_ends.h"
#include "aggregate/roster.h"
#include "base/compiler.h"
#include "base/labels.h"

/* A series that a sweep (aggregate/expiry.h) works on. */
struct sweep_item {
    struct series *series; /* the sweep has a reference on it */
    int64_t touched_ns;    /* of its last write, as the sweep saw it; or of the x that ended it */
    bool is_removed;       /* by registry_remove_expiring() */
};

/* All zero: nothing has ended. */
struct ending {
    struct sweep_item *items; /* series that have ended */
    size_t n, n_max;
    size_t n_removed; /* this many are SERIES_REMOVED already, the rest SERIES_ENDED; no order */
    struct past_ends past_ends;
};

/* Release all series in it, also the references of workers, which have stopped. */
void ending_deinit(struct ending *ending);

/* An x that a worker has received. */
struct end_request {
    const struct identity *identity;
    unsigned worker;
    int64_t arrived_ns;
    int64_t at;     /* the same on the scale of the worker's gauges (gauge.h) */
    int64_t age_ns; /* end only series whose last sample arrived so long before; 0: all. From 0 */
};

/* The fixed cost of checking a series, in bytes of labels that take the same time. */
#define ENDING_LOOK_BYTES 160
/* That of ending one, or of taking from it what is older than the x. */
#define ENDING_END_BYTES 480
/* That of any x, which is noted for late samples. */
#define ENDING_NOTE_BYTES 512
/* What ending_end() costs at most, give or take a series. */
#define ENDING_BATCH_BYTES ((size_t)64 << 10)

/* What is left to do for an x. */
struct end_walk {
    struct family_walk walk; /* without a family: nothing */
    struct slice wanted[LABELS_MAX];
    size_t n_wanted;
    size_t more_cost; /* of the series that the x selects */
};

static inline bool end_walk_is_over(const struct end_walk *walk)
{
    return !walk->walk.next;
}

/*
 * Begin to end the series of @roster that @request selects, as registry_end() does. Returns its
 * verdicts. Looking at all series costs no more than *@allowance, from which that is subtracted. In
 * any case, ending_finish() must follow.
 */
MUST_CHECK enum verdict ending_begin(struct ending *ending, struct roster *roster,
                                     const struct end_request *request, size_t *allowance,
                                     struct end_walk *ret);

/*
 * End a batch of them, and add their number to @ret. Between two calls the lock may be released.
 * Returns VERDICT_APPLIED or REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict ending_end(struct ending *ending, struct roster *roster,
                                   const struct end_request *request, struct end_walk *walk,
                                   size_t *ret);

/* Subtract from @allowance what ending them cost, which may be more than is left. */
void ending_finish(struct end_walk *walk, size_t *allowance);

/* End @series if registry_end_series() would. Returns false without memory. */
MUST_CHECK bool ending_end_series(struct ending *ending, struct roster *roster,
                                  struct series *series, int64_t arrived_ns, size_t *ret);

/*
 * For some declared series in @part of their table (declared_older) that no config of @generation
 * or newer declares: end those without a sample, and make the others like any. Adds the number of
 * ended ones to @ret. Returns whether there may be more in this part.
 */
MUST_CHECK bool ending_end_undeclared(struct ending *ending, struct roster *roster,
                                      uint64_t generation, unsigned part, size_t *ret);

/*
 * End up to @max series of retired families (roster_retired()). Returns false without memory, and
 * then some are left.
 */
MUST_CHECK bool ending_end_retired(struct ending *ending, struct roster *roster, size_t max);

/*
 * With view_lock also held: make up to @max series that have ended SERIES_REMOVED. Adds their
 * number to @ret. The exception: if a worker has written a later sample to one of them at the very
 * moment of the x, that one goes back to @roster. Returns whether there are more.
 */
bool ending_remove(struct ending *ending, struct roster *roster, size_t max, size_t *ret);

/* Take over the list of series, an array that the caller frees. NULL if it is empty. */
struct sweep_item *ending_take(struct ending *ending, size_t *ret_n);
