/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shard: one worker's fast path from the bytes of a line to its cell
 *
 * A key is all of a line except its value. The shard caches which cell each key leads to, and asks
 * the registry only about keys that it does not have. It may evict any key at any time.
 * A shard belongs to one thread. It shares series with other shards through the registry.
 */

#include "aggregate/keys.h"
#include "aggregate/registry.h"
#include "base/arrivals.h"
#include "base/compiler.h"
#include "base/identity.h"
#include "base/line.h"

struct shard;

struct shard_options {
    struct registry *registry; /* outlives the shard */
    unsigned worker;           /* which of the registry's workers this is */
    size_t max_key_bytes;      /* memory for cached keys; the least used are evicted */
    uint64_t seed;             /* of the hashes; from a random source, the same for all shards */
};

/* The allowance of registry_end() for all x samples that arrive in one second: about 30 ms. */
#define SHARD_END_ALLOWANCE ((size_t)64 << 20)
#define SHARD_END_PERIOD_NS INT64_C(1000000000)

/* Make an empty shard. Returns 0 or -ENOMEM. */
MUST_CHECK int shard_new(struct shard **ret, const struct shard_options *options);

/* Free it and its keys. The cells stay with their series. NULL is fine. */
void shard_free(struct shard *shard);
DEFINE_CLEANUP(struct shard *, shard_free)

/*
 * From now on, lines come from the source with these @arrivals, which are borrowed. At first they
 * come from a source of the shard's own.
 */
void shard_set_arrivals(struct shard *shard, struct arrivals *arrivals);

/*
 * From now on, lines come from a listener whose counters are running totals, or not; their keys are
 * not the same. Not while lines that have been prepared wait for shard_find_prepared().
 */
void shard_set_totals(struct shard *shard, bool are_totals);

/* From now on, lines come from the sender with this hash. Only running totals need it. */
void shard_set_sender(struct shard *shard, uint64_t sender);

/* The maximum number of lines in a group: more would not stay in the first-level cache. */
#define SHARD_GROUP_MAX 64

/*
 * Prepare to look up a group of @n lines, at most SHARD_GROUP_MAX: hash them, and prefetch the
 * memory they need. A few dozen lines per group hide most of the cost of cache misses. A group
 * replaces the previous one.
 */
void shard_prepare(struct shard *shard, const struct line *lines, size_t n);

/*
 * The key of @line, which is number @i of the group that was prepared last; or NULL. It is valid
 * until the next call that may remove keys: shard_find_prepared(), shard_find(), shard_learn() or
 * shard_release().
 */
struct key *shard_find_prepared(struct shard *shard, size_t i, const struct line *line);

/* The result of looking up a line. */
struct lookup {
    uint64_t hash;   /* of its key */
    struct key *key; /* or NULL */
};

/* Look up a single line. The prepared group stays valid. */
struct lookup shard_find(struct shard *shard, const struct line *line);

/* The lookup of line @i of the group, for which shard_find_prepared() has returned NULL. */
struct lookup shard_missed(const struct shard *shard, size_t i);

/*
 * Learn the key of @line, which was looked up and not found, by asking the registry for the series
 * of @identity. Returns VERDICT_APPLIED and adds the key to @lookup, or returns the verdict of
 * registry_admit() or, if the identity is_absolute, registry_totals(). If an x that arrived later
 * has ended the series, the key stays NULL, and the values of the line have no effect.
 *
 * A key that leads to an overflow series, or whose identity is_passing, is not cached: it is valid
 * until the next call. A line whose identity is_passing need not have been looked up; its @lookup
 * is only for the key.
 */
MUST_CHECK enum verdict shard_learn(struct shard *shard, const struct line *line,
                                    const struct identity *identity, struct lookup *lookup);

/* The same for an identity whose lines are skipped: the key leads nowhere. Do not record it. */
void shard_learn_skipped(struct shard *shard, const struct line *line,
                         const struct identity *identity, struct lookup *lookup);

/* Do what registry_note_conflict() does. */
void shard_note_conflict(struct shard *shard, const struct identity *identity);

/* The treatment of the values of @key, or NULL. */
const struct treatment *shard_treatment(const struct shard *shard, const struct key *key);

/*
 * Let no key be found any more (keys_outdate): the config has changed, and their treatments may be
 * freed.
 */
void shard_remove_keys(struct shard *shard);

/*
 * Record the value of @line for a key without a treatment whose values are neither running totals
 * nor a summary's; it must have passed line_check() for the key's type. Its arrival orders gauge
 * samples between workers, and says when the series was last written. Returns VERDICT_APPLIED,
 * REFUSED_VALUE_OVERFLOW or, for a gauge, a set or a histogram with native buckets,
 * REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict shard_record(struct shard *shard, struct key *key, const struct line *line);

/*
 * The same for a key with a treatment, whose treatment_check() the line must have passed, or whose
 * weight is not whole, or which leads to a summary; that may be REFUSED_NO_MEMORY, too.
 */
MUST_CHECK enum verdict shard_record_treated(struct shard *shard, struct key *key,
                                             const struct line *line);

/*
 * The same for a key whose values are running totals (facts.is_absolute), with or without a
 * treatment: note the total, and add what it has grown by since the last one of its series and
 * sender. @ret is what it does. Its arrival orders the totals of a sender between workers. Returns
 * VERDICT_APPLIED or REFUSED_VALUE_OVERFLOW.
 */
MUST_CHECK enum verdict shard_record_total(struct shard *shard, struct key *key,
                                           const struct line *line, struct total_step *ret);

/*
 * End the series that @identity selects, which comes from an x that arrived at @arrived_ns; with
 * @age_ns above 0 only those whose last sample arrived that long before it, or longer. Returns
 * VERDICT_APPLIED and their number in @ret, or another verdict of registry_end().
 */
MUST_CHECK enum verdict shard_end(struct shard *shard, int64_t arrived_ns, int64_t age_ns,
                                  const struct identity *identity, size_t *ret);

/*
 * For each of the @n series that is SERIES_REMOVED, remove the keys and release this worker's
 * reference, unless that was done before.
 */
void shard_release(struct shard *shard, const struct sweep_item *items, size_t n);

/* The number of keys cached now; the number evicted so far. */
size_t shard_n_keys(const struct shard *shard);
uint64_t shard_n_evicted(const struct shard *shard);

/*
 * The number of samples so far that were to change a gauge whose value was not 0, as far as this
 * worker knew: to set it would have been something else. Many clients set a gauge below zero by a
 * 0 and a change.
 */
uint64_t shard_n_changes(const struct shard *shard);
