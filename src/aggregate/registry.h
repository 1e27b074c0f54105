/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Registry: which families and series exist
 *
 * Shards cache its answers. Any thread may call any function. registry_admit() and
 * registry_revive(), which workers call, hold a lock for as long as a lookup and an insertion
 * take. Other functions hold that lock for a small batch at a time, except registry_end(), which
 * is bounded by its allowance.
 */

#include "aggregate/aliases.h"
#include "aggregate/conflicts.h"
#include "aggregate/ending.h"
#include "aggregate/snapshot.h"
#include "aggregate/totals.h"
#include "base/compiler.h"
#include "base/identity.h"
#include "base/sample_type.h"
#include "base/verdict.h"

struct registry;

/* The most series that are handled with the lock held, except by x: workers may wait 0.1 ms. */
#define REGISTRY_BATCH 256

struct registry_options {
    unsigned n_workers;       /* cells per series, 1 to CELLS_MAX */
    size_t max_series;        /* beyond it only overflow series are made */
    size_t max_family_series; /* the same for a family without its own limit; 0: max_series */
    size_t max_bytes;         /* the same for memory, as in registry_counts.bytes */
    uint64_t max_new_names;   /* a second and worker, after the first (name_rate.h); 0: any */
    size_t max_totals;        /* for totals_new(); 0: no value may be a running total */
    /*
     * The time since 1970, in ms, at which something arrived (monotonic, in ns; 0: now), by the
     * clock as it is set when this is called. A series has it from its birth on, even if the clock
     * is set later (docs/decisions/0048). It is called for each new series, with a lock held. NULL:
     * starts are unknown.
     */
    int64_t (*wall_ms)(int64_t arrived_ns);
    uint64_t seed;                 /* of the hashes; from a random source */
    const struct buckets *buckets; /* default ones of histograms; borrowed for its life */
};

struct registry_counts {
    size_t series[_METRIC_TYPE_N]; /* in the registry, by type */
    size_t families;               /* with series; not udometer's own */
    size_t bytes;                  /* as struct budget counts them */
    struct totals_counts totals;
};

/* Make an empty registry. Returns 0, -ENOMEM, or -EINVAL for a wrong number of workers. */
MUST_CHECK int registry_new(struct registry **ret, const struct registry_options *options);

/*
 * From now on these limits hold; the other options are not read. What is beyond a new limit
 * already stays.
 */
void registry_set_limits(struct registry *registry, const struct registry_options *options);

/* Free it and all its series. No worker, scrape or sweep may still use it. NULL is fine. */
void registry_free(struct registry *registry);
DEFINE_CLEANUP(struct registry *, registry_free)

/*
 * Reserve @name for udometer itself, and the other names that a family of @type is exposed under.
 * Names are copied. Returns 0, -EEXIST or -ENOMEM.
 */
MUST_CHECK int registry_reserve(struct registry *registry, struct slice name,
                                enum metric_type type);

/* The result of registry_admit(). */
struct admission {
    struct cell *cell; /* NULL without a refusal: an x that arrived after the sample has ended it */
    bool is_overflow; /* the cell is of the family's overflow series, not of the series requested */
};

/*
 * Find the cell of @worker in the series that @identity names, to write a sample that arrived at
 * @arrived_ns. Family, series and cell are made if they do not exist; an expiring series becomes
 * live again (series_keep). With a new cell the worker has a reference on the series, until it
 * calls series_unref().
 *
 * Beyond a limit the cell is one of the family's overflow series instead, so that sums stay
 * right. Gauges have no overflow series, and a new family does not begin with one.
 *
 * Workers do not run at the same pace: if another worker has already applied an x that arrived
 * later and ends the series, the sample has no effect and gets no cell (past_ends.h).
 *
 * The first identity to make a family decides its type, buckets, TTL, limit and texts, until one
 * of a newer config comes (identity->generation). The family then takes over what that says and
 * keeps its series. But if the buckets differ, or the options of a summary, or the type does and
 * the config says it (is_type_declared, or what observations become), its series end as if with an
 * x, and a new family begins.
 *
 * Returns VERDICT_APPLIED and the cell in @ret; or, with a NULL cell, REFUSED_TYPE_CONFLICT (the
 * conflict is noted), REFUSED_RESERVED_NAME, REFUSED_SERIES_LIMIT, REFUSED_NAME_RATE (later it may
 * be admitted) or REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict registry_admit(struct registry *registry, unsigned worker,
                                       int64_t arrived_ns, const struct identity *identity,
                                       struct admission *ret);

/*
 * Make the series of @cell live again if it is expiring, because its worker is about to write a
 * sample that arrived at @arrived_ns. Returns false if it is too late: the series is no longer in
 * the registry.
 */
MUST_CHECK bool registry_revive(struct registry *registry, struct cell *cell, int64_t arrived_ns);

/*
 * The table of running totals, which all workers share. It is made when it is first needed, so that
 * it takes no memory if it never is. It lives as long as the registry. Returns VERDICT_APPLIED;
 * REFUSED_SERIES_LIMIT if max_bytes does not allow it, or max_totals; or REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict registry_totals(struct registry *registry, struct totals **ret);

/*
 * Declare the series of @identity: from now on it is exposed, at zero until a sample comes. What
 * ends or expires it begins it again at zero. The HELP and TYPE of its family are exposed with it.
 * The identity is that of a sample of its type, without sent_as; it says generation and
 * is_type_declared, and the family follows it as in registry_admit().
 *
 * To declare it again with a newer generation keeps it and its value. After all of a config have
 * been declared, registry_undeclare() takes care of the others.
 *
 * Returns VERDICT_APPLIED or one of the refusals of registry_admit(); none overflows.
 */
MUST_CHECK enum verdict registry_declare(struct registry *registry,
                                         const struct identity *identity);

/*
 * Of the declared series that no config of @generation or newer declares, end those that have got
 * no sample. The others become like any, and expire after their TTL. Returns the number of ended
 * ones.
 */
size_t registry_undeclare(struct registry *registry, uint64_t generation);

/*
 * End every series of the family in @request that has all of its labels: later snapshots do not
 * include these series, and the next sample begins a new one.
 *
 * Workers do not run at the same pace: if another worker has already written a sample that arrived
 * later to one of them, that one does not end. A gauge keeps only what arrived later (kind->trim);
 * a series of another type keeps all. If it writes the sample at this very moment, the series may
 * end, but it comes back before the next snapshot, unless another one has taken its place.
 *
 * An x with an age (request->age_ns) ends only the series whose last sample arrived that long
 * before it, or longer. It leaves all others as they are.
 *
 * This checks all series of the family, in batches between which others get the lock. Each costs
 * the bytes of its labels plus ENDING_LOOK_BYTES; *@allowance is the maximum of that. What was
 * spent is subtracted from it: that, and ENDING_END_BYTES for each series that is selected.
 *
 * Returns VERDICT_APPLIED and the number of ended series in @ret, REFUSED_RESERVED_NAME,
 * REFUSED_END_LIMIT (beyond the allowance) or REFUSED_NO_MEMORY (some may have ended).
 */
MUST_CHECK enum verdict registry_end(struct registry *registry, const struct end_request *request,
                                     size_t *allowance, size_t *ret);

/*
 * End @n series at once, at most REGISTRY_BATCH, on which the caller has references or a snapshot,
 * as an x does that arrives at @arrived_ns. Those that are no longer in the registry, and those
 * that have been written later, are left out, and so are declared ones without a sample. Adds the
 * number of ended ones to @ret. Returns false without memory, and then some are left.
 */
MUST_CHECK bool registry_end_series(struct registry *registry, struct series *const *series,
                                    size_t n, int64_t arrived_ns, size_t *ret);

/*
 * Note a sample that was refused because the config declares its family as another type
 * (identity->declared_type).
 */
void registry_note_conflict(struct registry *registry, const struct identity *identity);

/* Copy the list of aliases. */
void registry_aliases(struct registry *registry, struct aliases *ret);

/* Copy the list of conflicts; copy the latest of them, or return false if there is none. */
void registry_conflicts(struct registry *registry, struct conflicts *ret);
MUST_CHECK bool registry_latest_conflict(struct registry *registry, struct conflict *ret);

/* A current snapshot, with the caller as a reader. Without memory it may be an older one. */
struct snapshot *registry_snapshot(struct registry *registry);

/*
 * The same if it takes a few milliseconds at most; otherwise NULL: there are many new or ended
 * series, or another thread is at it. Then let a thread that has time call registry_snapshot().
 */
struct snapshot *registry_snapshot_if_quick(struct registry *registry);

/* The snapshot that was made last, with the caller as a reader. Does not wait for a new one. */
struct snapshot *registry_last_snapshot(struct registry *registry);

struct registry_counts registry_count(struct registry *registry);

/* The number of all series; about what registry_snapshot() and registry_take_ended() cost. */
size_t registry_n_series(struct registry *registry);

/*
 * The shortest TTL that a config gives to a family (struct metric_spec) of those that were made or
 * changed since the last call; or INT64_MAX.
 */
int64_t registry_take_shortest_ttl(struct registry *registry);

/*
 * Of @n series, at most REGISTRY_BATCH, make those SERIES_EXPIRING that were not written since the
 * sweep saw them, except declared ones without a sample. From now on a worker calls
 * registry_revive() before it writes to one of them, and any write sets its touched_ns. One sweep
 * at a time.
 */
void registry_mark_expiring(struct registry *registry, const struct sweep_item *items, size_t n);

/*
 * Of @n series, at most REGISTRY_BATCH, remove those that are still SERIES_EXPIRING and were not
 * written since they were marked, and set their is_removed. Those that were written become live
 * again. Every worker must have finished the work that it was doing when they were marked.
 *
 * Returns false, and does nothing, while another thread brings the snapshot up to date: try again
 * later. Afterwards no series is SERIES_EXPIRING. The current snapshot still has removed ones, and
 * so their memory, until registry_snapshot() is called.
 */
MUST_CHECK bool registry_remove_expiring(struct registry *registry, struct sweep_item *items,
                                         size_t n);

/* Whether registry_take_ended() would return something. */
bool registry_has_ended(struct registry *registry);

/*
 * Take over the series that registry_end() has ended since the last call: an array, which the
 * caller frees, or NULL if there are none. They are SERIES_REMOVED; workers may still have
 * references on them.
 */
struct sweep_item *registry_take_ended(struct registry *registry, size_t *ret_n);
