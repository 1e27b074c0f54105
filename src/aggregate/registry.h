/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Registry: which families and series exist
 *
 * Shards cache what it says. Any thread may call any function. registry_admit() and
 * registry_revive(), which workers call, hold a lock for as long as a look-up and an insertion
 * take. Other functions hold that lock for a small batch at a time, except registry_end(), whose
 * allowance bounds it.
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
    size_t max_series;             /* beyond it only overflow series are made */
    size_t max_family_series;      /* the same for each family; 0: as many as max_series */
    size_t max_bytes;              /* the same for memory, as in registry_counts.bytes */
    uint64_t seed;                 /* of the hashes; from a random source */
    const struct buckets *buckets; /* of every histogram; borrowed for the registry's life */
};

struct registry_counts {
    size_t series[_METRIC_TYPE_N]; /* in the registry, of each type */
    size_t families;               /* of these; not udometer's own */
    size_t bytes;                  /* as struct budget counts them */
};

/* Make an empty registry. Returns 0, -ENOMEM, or -EINVAL for a wrong number of workers. */
MUST_CHECK int registry_new(struct registry **ret, const struct registry_options *options);

/* Free it and all its series. No worker, scrape or sweep may be left. NULL is fine. */
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free)

/*
 * Reserve the name in @identity for udometer itself, and the others that a family of its
 * type is exposed under. Names are copied. Returns 0, -EEXIST or -ENOMEM.
 */
MUST_CHECK int registry_reserve(struct registry *registry, const struct identity *identity);

/* What registry_admit() returns. */
struct admission {
    struct cell *cell;
    bool is_overflow; /* of the family's overflow series, though another one was asked for */
};

/*
 * Find the cell of @worker in the series that @identity names. Family, series and cell are made
 * if they do not exist; an expiring series is live again. A new cell is a reference of the worker
 * on the series, until it calls series_unref().
 *
 * Beyond a limit the cell is one of the family's overflow series instead, so that sums stay
 * right. Gauges have no such series, and a new family does not begin with one.
 *
 * Returns VERDICT_APPLIED and the cell in @ret, or REFUSED_TYPE_CONFLICT, which is noted,
 * REFUSED_RESERVED_NAME, REFUSED_SERIES_LIMIT or REFUSED_NO_MEMORY; then the cell is NULL.
 */
MUST_CHECK enum verdict registry_admit(struct registry *registry, unsigned worker,
                                       const struct identity *identity, struct admission *ret);

/*
 * Make the series of @cell live again if it is expiring, because its worker is about to write.
 * Returns false if it is too late: the series is no longer in the registry.
 */
MUST_CHECK bool registry_revive(struct registry *registry, struct cell *cell);

/* A look at a series takes as long as this many bytes of its labels. */
#define REGISTRY_LOOK_BYTES 160

/*
 * End each series of the family in @identity that has all its labels: later snapshots do not
 * include them, and the next sample begins a new one. A sample that another worker writes to one
 * of them at this moment is lost.
 *
 * This looks at all series of the family with the lock held. *@allowance says how many bytes
 * they may come to, where a series counts as its labels and REGISTRY_LOOK_BYTES; what they come
 * to is subtracted from it.
 *
 * Returns VERDICT_APPLIED and the number of ended series in @ret, REFUSED_RESERVED_NAME,
 * REFUSED_END_LIMIT (beyond the allowance) or REFUSED_NO_MEMORY (some may have ended).
 */
MUST_CHECK enum verdict registry_end(struct registry *registry, const struct identity *identity,
                                     size_t *allowance, size_t *ret);

/* Copy the conflicts so far; or the latest of them, which returns false if there is none. */
void registry_conflicts(struct registry *registry, struct conflicts *ret);
MUST_CHECK bool registry_latest_conflict(struct registry *registry, struct conflict *ret);

/* A snapshot of now, with the caller as a reader. Without memory it may be an older one. */
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
