/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Registry: which families and series exist
 *
 * The truth behind the workers' shards. Any thread may call any function. Those
 * that a worker calls (admit, save) hold one lock for as long as a look-up and an
 * insertion take, and no other holds that lock for longer than a small batch does, but
 * for end, which is bounded by its budget.
 */

#include "aggregate/conflicts.h"
#include "aggregate/snapshot.h"
#include "base/compiler.h"
#include "base/identity.h"
#include "base/sample_type.h"
#include "base/verdict.h"

struct registry;

struct registry_options {
    unsigned n_workers;            /* cells per series, 1 to CELLS_MAX */
    size_t max_series;             /* beyond it there are no new ones but overflow series */
    size_t max_family_series;      /* likewise, of one family; 0: as many as max_series */
    size_t max_bytes;              /* likewise, for all that registry_counts.bytes counts */
    uint64_t seed;                 /* of the hashes; from a random source */
    const struct buckets *buckets; /* of every histogram; borrowed for the registry's life */
};

/* How many there are. */
struct registry_counts {
    size_t series[_METRIC_TYPE_N];
    size_t families;
    size_t bytes; /* memory of families, series and cells that is held, by slow readers too */
};

/* Make an empty registry. Returns 0, -ENOMEM, or -EINVAL for a wrong number of workers. */
MUST_CHECK int registry_new(struct registry **ret, const struct registry_options *options);

/* Free it and all its series. No worker, scrape or sweep may be left. NULL is fine. */
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free)

/*
 * Keep the name in @identity for udometer itself, with all that a family of its
 * type is exposed under. Names are copied. Returns 0, -EEXIST or -ENOMEM.
 */
MUST_CHECK int registry_reserve(struct registry *registry, const struct identity *identity);

/* What registry_admit() returns. */
struct admission {
    struct cell *cell;
    bool is_overflow; /* of the family's overflow series, though another one was asked for */
};

/*
 * The cell of @worker in the series that @identity names. Series, family and cell
 * are made when they do not exist; an expiring series is live again. The worker that asked
 * for the first time holds a reference on the series from now on, until it calls
 * series_unref().
 *
 * Beyond a limit it is a cell of the family's overflow series instead, so that sums stay
 * right. Gauges have no such series, nor does a new family get one.
 *
 * Returns VERDICT_APPLIED and the cell in @ret, or REFUSED_TYPE_CONFLICT, which is
 * noted, REFUSED_RESERVED_NAME, REFUSED_SERIES_LIMIT or REFUSED_NO_MEMORY; then the cell is NULL.
 */
MUST_CHECK enum verdict registry_admit(struct registry *registry, unsigned worker,
                                       const struct identity *identity, struct admission *ret);

/*
 * Make the series of @cell live again if it is expiring, because its worker is about to write.
 * Returns false when it is too late: the series is in the registry no more.
 */
MUST_CHECK bool registry_revive(struct registry *registry, struct cell *cell);

/*
 * End, at once, each series of the family in @identity that has all its labels: from
 * now on no snapshot has them, and whoever asks for one gets a new one. All series of
 * the family are looked at, with the lock held; *@budget says how many bytes that may
 * be, each series being its labels and REGISTRY_LOOK_BYTES, and is reduced.
 * What a worker writes to one of them at this moment is lost with it.
 *
 * Returns VERDICT_APPLIED and how many ended in @ret, REFUSED_RESERVED_NAME,
 * REFUSED_END_LIMIT (beyond the budget) or REFUSED_NO_MEMORY (some may have ended).
 */
#define REGISTRY_LOOK_BYTES 160 /* a look at a series costs as much as so many bytes of labels */
MUST_CHECK enum verdict registry_end(struct registry *registry, const struct identity *identity,
                                     size_t *budget, size_t *ret);

/* The conflicts so far, copied; and the latest of them, false when there is none. */
void registry_conflicts(struct registry *registry, struct conflicts *ret);
MUST_CHECK bool registry_latest_conflict(struct registry *registry, struct conflict *ret);

/*
 * All series there are now, in order, as a reference for the caller. Without
 * memory it may be an older list.
 */
struct snapshot *registry_snapshot(struct registry *registry);

struct registry_counts registry_count(struct registry *registry);

/* A series that a sweep (aggregate/expiry.h) works on. */
struct sweep_item {
    struct series *series; /* with a reference, which is the sweep's */
    uint32_t touched_s;    /* when it was last written, as the sweep saw it */
};

/*
 * Make those of @n series SERIES_EXPIRING that were not written again since the sweep looked.
 * From now on a worker that is about to write to one calls registry_revive() first, and any
 * write shows. One sweep at a time.
 */
void registry_mark_expiring(struct registry *registry, const struct sweep_item *items, size_t n);

/*
 * Remove those of @n series that are SERIES_EXPIRING still and were not written since they were
 * marked; those that were written are live again. Every worker must have finished whatever it was
 * doing when they were marked. Returns how many were removed.
 *
 * Afterwards all of them are SERIES_LIVE or SERIES_REMOVED, the latter also if they were ended
 * meanwhile. (Without memory for a snapshot, older ones may have removed series still.)
 */
size_t registry_remove_expiring(struct registry *registry, const struct sweep_item *items,
                                size_t n);

/*
 * Take over the series that registry_end() has ended since the last time: an array for free(),
 * NULL when there are none. They are SERIES_REMOVED; workers may still have references.
 */
struct sweep_item *registry_take_ended(struct registry *registry, size_t *ret_n);
