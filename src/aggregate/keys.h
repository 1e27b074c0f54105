/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keys: a shard's cache of cells, by the bytes of a line
 *
 * A key is all of a line but its value, and leads to a cell. Its address does not change until
 * it is forgotten. The cache is bounded by memory. One thread.
 */

#include "aggregate/cell.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/identity.h"
#include "base/line.h"
#include "base/scan.h"
#include "base/slots.h"

/* Longer keys are not cached, which bounds the memory that one line can take. */
#define KEY_LENGTH_MAX 1024

/* What is known of a key besides its cell. The counts cannot exceed KEY_LENGTH_MAX. */
struct key_facts {
    double weight; /* this and the following as in struct identity */
    uint16_t n_tag_errors;
    uint16_t n_unknown_sections;
    enum sample_type type : 8;
    bool has_errors; /* any of those above, or has_bad_rate */
    bool has_bad_rate;
    bool is_overflow; /* it leads to the overflow series of its family */
};

/* What a hit reads is together, after what it does not read. */
struct key {
    struct key *next, *prev; /* of the keys that lead to its cell */
    struct cell *cell;
    struct key_facts facts;
    uint16_t name_len;
    uint16_t rest_len;
    char text[]; /* name, rest */
};

/* Empty when all but the first two is zero. */
struct keys {
    size_t max_bytes; /* of memory */
    uint64_t seed;    /* of the hashes; from a random source */
    size_t n_bytes;
    uint64_t n_evicted;
    uint32_t age; /* grows with each key that is forgotten or evicted: pointers may be stale */
    struct slots slots;
};

/* Forget all keys. */
void keys_deinit(struct keys *keys);

/*
 * Add the key of @line, whose keys_hash() is @hash and which is not among @keys; it leads to
 * @cell. The least used keys are evicted to make room. Returns it, with facts all zero; or NULL
 * if it is too long, or without memory.
 */
struct key *keys_add(struct keys *keys, const struct line *line, uint64_t hash, struct cell *cell);

/* Forget @key, and free it. */
void keys_forget(struct keys *keys, struct key *key);

static inline uint64_t keys_hash(const struct keys *keys, const struct line *line)
{
    return hash_pair(line->name, line->rest, keys->seed);
}

/* The one key with this hash, which this does not read; or NULL. key_is_of() compares it. */
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
