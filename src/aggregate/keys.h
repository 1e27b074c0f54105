/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Keys: a shard's cache of cells, by the bytes of a line
 *
 * A key is all of a line except its value, and leads to a cell. Its address does not change until
 * it is removed. The memory of the cache is bounded. All functions are for one thread.
 */

#include "aggregate/cell.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "base/identity.h"
#include "base/line.h"
#include "base/scan.h"
#include "base/slots.h"

/* Longer keys are not cached, which bounds the memory that one line can take. In bytes. */
#define KEY_LENGTH_MAX 1024

/*
 * The facts about a key besides its cell. The first two counts cannot exceed KEY_LENGTH_MAX, and
 * the third not the number of labels; for a key that is not cached they are not used.
 */
struct key_facts {
    double weight; /* this and the next members as in struct identity */
    uint32_t n_tag_errors : 11;
    uint32_t n_unknown_sections : 11;
    uint32_t n_undeclared_labels : 10;
    enum sample_type type : 8;
    /*
     * A hit need look at this alone: a count is not 0, or has_bad_rate, has_treatment, is_absolute,
     * is_summary or origin is set, or the weight is not whole.
     */
    bool is_unusual;
    bool has_bad_rate : 1;
    bool has_treatment : 1;  /* see key_treatment() */
    bool is_absolute : 1;    /* as in struct identity */
    bool is_from_totals : 1; /* learnt while keys.is_of_totals: the hash depends on it */
    bool is_odd : 1;         /* added while keys.is_odd */
    bool is_summary : 1;     /* its cell is a summary's */
    bool is_overflow : 1;    /* it leads to the overflow series of its family */
    unsigned char origin;    /* as in struct identity */
};

/* The members that a hit reads are adjacent, after those that it does not read. */
struct key {
    struct key *next, *prev; /* in the list of keys that lead to its cell */
    struct cell *cell;
    struct key_facts facts;
    uint16_t name_len;
    uint16_t rest_len;
    char text[]; /* name, rest; then, unaligned, the pointer to a treatment, if it has one */
};

/*
 * Empty if all members but the first three are zero.
 *
 * After a reload the same bytes may mean something else, so all keys are outdated: they are not
 * found any more. There may be a million of them, which take 0.1 s to free. So a few are freed with
 * each key that is added.
 *
 * The same bytes mean something else on a listener whose counters are running totals. So lines from
 * there have hashes, and so keys, of their own: with another seed.
 */
struct keys {
    size_t max_bytes;  /* of memory */
    uint64_t seed;     /* of the hashes of lines from now on; use keys_set_of_totals() */
    bool is_of_totals; /* these lines come from a listener whose counters are running totals */
    size_t n_bytes;
    uint64_t n_evicted;
    uint32_t age; /* grows with each key that is removed: pointers may be stale */
    struct slots slots;
    bool is_odd;           /* changes when those in the slots become the outdated ones */
    struct slots outdated; /* to be freed, from outdated_at on */
    struct slots_cursor outdated_at;
};

/* Whether lines from now on come from a listener whose counters are running totals. */
void keys_set_of_totals(struct keys *keys, bool is_of_totals);

/* Remove all keys, the outdated ones too. */
void keys_deinit(struct keys *keys);

/* Let no key be found any more. Each that is added frees up to KEYS_OUTDATED_FREED of these. */
void keys_outdate(struct keys *keys);

#define KEYS_OUTDATED_FREED 4

/*
 * Add the key of @line, whose keys_hash() is @hash and which is not among @keys. It leads to
 * @cell. @treatment, borrowed until keys_outdate() or the removal of the key, is that of its
 * values; NULL: none. Beyond max_bytes, outdated keys are freed, and then the least used ones
 * evicted. Returns the key, with all other facts zero but is_from_totals and is_odd; or NULL if it
 * is too long, if another key has this hash, or without memory.
 */
struct key *keys_add(struct keys *keys, const struct line *line, uint64_t hash, struct cell *cell,
                     const struct treatment *treatment);

/* The treatment that was given to keys_add(), of a key that has_treatment. */
const struct treatment *key_treatment(const struct key *key);

/* Remove @key, which may be outdated, and free it. */
void keys_remove(struct keys *keys, struct key *key);

static inline uint64_t keys_hash(const struct keys *keys, const struct line *line)
{
    return hash_pair(line->name, line->rest, keys->seed);
}

/* The one key with this hash, or NULL. It may be another line's: key_is_of() compares it. */
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
