/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Slots: a compact hash table of pointers
 *
 * For the tables that have an entry for each series or name (docs/decisions/0013). A slot is 16
 * bytes, and an entry needs no field for the table. A lookup reads only slots until it meets the
 * wanted hash. The caller supplies 64-bit hashes and owns the entries. Different
 * entries may have the same hash. Not thread-safe: one thread, or a lock.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each stripe grows on its own, in a fraction of a millisecond at a million entries. */
#define SLOTS_STRIPES 64

/* Memory for slots per entry, on average. */
#define SLOTS_BYTES_PER_ENTRY 28

struct slot {
    uint64_t hash;
    void *entry; /* NULL: the slot is free */
};

struct slots_stripe {
    struct slot *slots; /* NULL until something is added */
    size_t n_slots;
    size_t n; /* entries; always fewer than slots */
};

/* All zero is an empty table. */
struct slots {
    size_t n; /* entries */
    struct slots_stripe stripes[SLOTS_STRIPES];
};

/* Free the slots, not the entries. */
void slots_deinit(struct slots *slots);

/* Add @entry, not NULL. Returns false and changes nothing when out of memory. */
MUST_CHECK bool slots_add(struct slots *slots, uint64_t hash, void *entry);

/* Remove @entry, which must be in the table, with this hash. */
void slots_remove(struct slots *slots, uint64_t hash, const void *entry);

/* A position in the table, valid until the table changes. All zero is the beginning. */
struct slots_cursor {
    size_t stripe;
    size_t slot;
};

/* The position at which the entries with @hash begin. */
struct slots_cursor slots_at(const struct slots *slots, uint64_t hash);

/* The next entry; the cursor moves past it. NULL at the end of the table. */
void *slots_next(const struct slots *slots, struct slots_cursor *cursor);

/*
 * Remove and return the next entry of a table to which nothing is added any more; NULL at the end.
 * Other entries may be removed in between: the cursor stays valid.
 */
void *slots_take(struct slots *slots, struct slots_cursor *cursor);

/* --- looking up, inline: every line does it ------------------------------------------- */

/* Is @entry the wanted one? */
typedef bool slots_equal(const void *entry, const void *wanted);

/* Scale the hash's upper half to the number of slots: without a division, for any number. */
static inline size_t slots_home(const struct slots_stripe *stripe, uint64_t hash)
{
    return (hash >> 32) * stripe->n_slots >> 32;
}

/* The slot after @i; after the last one comes the first. */
static inline size_t slots_after(const struct slots_stripe *stripe, size_t i)
{
    return i + 1 < stripe->n_slots ? i + 1 : 0;
}

/* Prefetch the slot at which a lookup of @hash begins. */
static inline void slots_prefetch(const struct slots *slots, uint64_t hash)
{
    const struct slots_stripe *stripe = &slots->stripes[hash % SLOTS_STRIPES];

    /* Not by adding to the pointer: it is NULL while there are no slots. */
    __builtin_prefetch(
        (const void *)((uintptr_t)stripe->slots + slots_home(stripe, hash) * sizeof(struct slot)));
}

/* The entry with @hash for which @equal holds, or NULL. */
__attribute__((__always_inline__)) static inline void *slots_find(const struct slots *slots,
                                                                  uint64_t hash, const void *wanted,
                                                                  slots_equal *equal)
{
    const struct slots_stripe *stripe = &slots->stripes[hash % SLOTS_STRIPES];
    size_t i = slots_home(stripe, hash);

    if (!stripe->slots)
        return NULL;
    /* There is always a free slot. */
    for (; stripe->slots[i].entry; i = slots_after(stripe, i))
        if (stripe->slots[i].hash == hash && equal(stripe->slots[i].entry, wanted))
            return stripe->slots[i].entry;
    return NULL;
}

static inline bool slots_equal_any(const void *entry, const void *wanted)
{
    return true;
}

/* The first entry with @hash, without reading the entry; or NULL. */
static inline void *slots_find_any(const struct slots *slots, uint64_t hash)
{
    return slots_find(slots, hash, NULL, slots_equal_any);
}
