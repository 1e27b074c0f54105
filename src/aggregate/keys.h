/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keys: what a shard has at hand, by the bytes of a line
 *
 * A bounded cache. A key is all of a line but its value, and leads to a cell. It
 * stays where it is until it is forgotten. One thread.
 */

#include "aggregate/cell.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/identity.h"
#include "base/line.h"
#include "base/scan.h"
#include "base/slots.h"

/* Longer keys are understood but not remembered: that bounds what one line can take. */
#define KEY_LENGTH_MAX 1024

/* What is known of a key besides its cell. KEY_LENGTH_MAX bytes hold no more errors than that. */
struct key_facts {
    double weight; /* as in struct identity, and so on: */
    uint16_t n_tag_errors;
    uint16_t n_unknown_sections;
    enum sample_type type : 8;
    bool has_errors; /* any of the two above, or: */
    bool has_bad_rate;
    bool is_overflow; /* it leads to the series for all beyond a limit */
};

/* What a hit reads stands together, behind what it does not. */
struct key {
    struct key *next, *prev; /* of the keys that lead to its cell */
    struct cell *cell;
    struct key_facts facts;
    uint16_t name_len;
    uint16_t rest_len;
    char text[]; /* name, rest */
};

/* All zero but for the first two is an empty cache. */
struct keys {
    size_t max_bytes; /* of memory */
    uint64_t seed;    /* of the hashes; from a random source */
    size_t n_bytes;
    uint64_t n_evicted;
    uint32_t age; /* grows when a key goes, evicted or not: pointers to it are stale */
    struct slots slots;
};

/* Forget all keys. */
void keys_deinit(struct keys *keys);

/*
 * Remember that the key of @line, whose keys_hash() is @hash and which is not among @keys,
 * leads to @cell. When there is no room for it, others are evicted that were not of use for
 * long. Returns it, facts all zero; or NULL when it is too long, or memory is short.
 */
struct key *keys_add(struct keys *keys, const struct line *line, uint64_t hash, struct cell *cell);

/* Forget @key, and free it. */
void keys_forget(struct keys *keys, struct key *key);

static inline uint64_t keys_hash(const struct keys *keys, const struct line *line)
{
    return hash_pair(line->name, line->rest, keys->seed);
}

/*
 * The one key with this hash, of which nothing is read yet; or NULL. Whether it is that
 * of a line, key_is_of() says.
 */
static inline struct key *keys_find(const struct keys *keys, uint64_t hash)
{
    return slots_find_any(&keys->slots, hash);
}

static inline bool key_is_of(const struct key *key, const struct line *line)
{
    return key->name_len == line->name.len && key->rest_len == line->rest.len &&
           scan_equal(key->text, line->name.at, line->name.len) &&
           scan_equal(key->text + line->name.len, line->rest.at, line->rest.len);
}
