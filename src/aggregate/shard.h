/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Shard: one worker's short way from the bytes of a line to its cell
 *
 * A key is all of a line but its value. The shard remembers which cell each key
 * leads to; the registry behind it is asked only about keys it does not have.
 * It may forget any key at any time, which costs a question to the registry.
 * One thread; only series it shares with others through the registry.
 */

#include "aggregate/keys.h"
#include "aggregate/registry.h"
#include "base/compiler.h"
#include "base/identity.h"
#include "base/line.h"

struct shard;

struct shard_options {
    struct registry *registry; /* outlives the shard */
    unsigned worker;           /* which of the registry's workers this is */
    size_t max_key_bytes;      /* memory for keys; those not much in use make room for new ones */
    uint64_t seed;             /* of the hashes; from a random source, the same for all shards */
};

/* How many bytes of series (REGISTRY_LOOK_BYTES) x may look at in a second: some 30 ms. */
#define SHARD_END_BUDGET ((size_t)64 << 20)

/* Make an empty shard. Returns 0 or -ENOMEM. */
MUST_CHECK int shard_new(struct shard **ret, const struct shard_options *options);

/* Free it and its keys. The cells stay with their series. NULL is fine. */
void shard_free(struct shard *shard);
DEFINE_CLEANUP(struct shard *, shard_free)

/*
 * What shard_record() notes as the time of writing, in seconds from any start, at
 * least 1. How old it is when noted is how much too early a series may expire; no
 * sample is lost by it.
 */
void shard_set_now(struct shard *shard, uint32_t now_s);

/* How many lines can be prepared at once: more would not stay in the first-level cache. */
#define SHARD_GROUP_MAX 64

/*
 * Prepare to look up a group of @n lines, at most SHARD_GROUP_MAX: hash each of them, and
 * begin to fetch what they need from memory. Doing it for a few dozen lines before the first
 * shard_find_prepared() hides most of what the cache misses cost. A group takes the place of
 * the one before it.
 */
void shard_prepare(struct shard *shard, const struct line *lines, size_t n);

/*
 * The key of @line, which is number @i of the group that was prepared last; or NULL. It is
 * valid until the next call that may forget keys.
 */
struct key *shard_find_prepared(struct shard *shard, size_t i, const struct line *line);

/* The same for a line on its own. What is prepared stays prepared. */
struct key *shard_find(struct shard *shard, const struct line *line);

/*
 * Learn the key of @line, the last one that was looked up and not found, by asking the
 * registry for the series of @identity. Returns VERDICT_APPLIED and the key in @ret, or
 * why the registry refused. A key that leads to an overflow series, or is only passing,
 * is not remembered: it is valid until the next call. A line whose @identity is passing
 * need not have been looked up.
 */
MUST_CHECK enum verdict shard_learn(struct shard *shard, const struct line *line,
                                    const struct identity *identity, struct key **ret);

/*
 * Record the value of @line, which must have passed line_check() for the key's
 * type. Its arrival orders gauges between workers, and may be 0 if there is one.
 * Returns VERDICT_APPLIED, REFUSED_VALUE_OVERFLOW or, of a gauge or set, REFUSED_NO_MEMORY.
 */
MUST_CHECK enum verdict shard_record(struct shard *shard, struct key *key, const struct line *line);

/*
 * End the series that @identity, of an x, asks for (registry_end). Returns
 * VERDICT_APPLIED and how many these were in @ret, or why it was refused.
 */
MUST_CHECK enum verdict shard_end(struct shard *shard, const struct identity *identity,
                                  size_t *ret);

/*
 * Of those of @n series that are SERIES_REMOVED, forget the keys and give back this worker's
 * reference, if it has not done so before.
 */
void shard_release(struct shard *shard, const struct sweep_item *items, size_t n);

/* How many keys it remembers, and how many it has forgotten to make room. */
size_t shard_n_keys(const struct shard *shard);
uint64_t shard_n_evicted(const struct shard *shard);
