/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Native
 *
 * A scrape may show an observation in a native bucket and in a classic one, and both views must
 * have the same number of observations. So what is counted is neither, but the parts into which
 * both divide each other:
 *
 *      classic   |      up to 0.1      |        up to 0.5       |   +Inf
 *      native         (0.08, 0.09] | (0.09, 0.10] | (0.10, 0.11] ...
 *      counted   |            |    |   |    |     |
 *
 * One store counts an observation, and a reader adds the parts up by the one or the other. There is
 * at most one more part than there are buckets for each classic bound.
 *
 * The counts are in a table with open addressing. Its hash is that of the native bucket, so its
 * parts are found on the way to a free slot, which tells whether a bucket is new. A table that is
 * full, or whose resolution is too high, is copied; only then does the owner take the lock.
 */

#include "aggregate/native.h"

#include "base/hash.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define SLOTS_MIN 16

#define SECRET_FACTOR UINT64_C(0x9e3779b97f4a7c15)

_Static_assert(BUCKETS_MAX < 127, "a classic bucket takes 7 bits of a key");

void native_init(struct native *native)
{
    pthread_mutex_init(&native->lock, NULL);
}

void native_deinit(struct native *native)
{
    free(native->table);
    pthread_mutex_destroy(&native->lock);
}

/* --- limits -------------------------------------------------------------------------------- */

/* The number of buckets between @zero_threshold and the largest double in the lowest schema. */
static uint32_t n_lowest(double zero_threshold)
{
    double first = nextafter(zero_threshold, INFINITY);

    if (isinf(first))
        return 0;
    return (uint32_t)(native_index(DBL_MAX, NATIVE_SCHEMA_MIN) -
                      native_index(first, NATIVE_SCHEMA_MIN) + 1);
}

uint32_t native_n_max(const struct native_options *options)
{
    uint32_t n = 2 * n_lowest(options->zero_threshold);

    return options->max_buckets > n ? options->max_buckets : n;
}

/* Slots for @n_keys, at most three quarters of them taken, so that searches stay short. */
static uint32_t slots_for(uint32_t n_keys)
{
    uint32_t n_slots = SLOTS_MIN;

    while (n_slots / 4 * 3 < n_keys)
        n_slots *= 2;
    return n_slots;
}

static size_t table_size(uint32_t n_slots)
{
    return sizeof(struct native_table) + n_slots * sizeof(struct native_slot);
}

size_t native_growth(const struct buckets *buckets)
{
    return table_size(slots_for(native_n_max(&buckets->native) + 1 + buckets->n));
}

/* --- the table ------------------------------------------------------------------------------- */

static struct native_table *new_table(uint32_t n_slots, int schema)
{
    struct native_table *table = calloc(1, table_size(n_slots));

    if (!table)
        return NULL;
    table->secret = (uintptr_t)table * SECRET_FACTOR;
    table->n_slots = n_slots;
    table->schema = schema;
    return table;
}

static inline uint32_t key_of(uint32_t code, unsigned bucket)
{
    return (code << 7 | bucket) + 1;
}

/*
 * The slot of @key, or the free one where it belongs. In that case, @ret_has_bucket tells whether
 * its native bucket has another key.
 */
static inline struct native_slot *find(struct native_table *table, uint32_t key,
                                       bool *ret_has_bucket)
{
    uint32_t code = native_key_code(key), mask = table->n_slots - 1;
    uint32_t at = (uint32_t)hash_fold(code ^ table->secret, table->secret | 1) & mask;

    *ret_has_bucket = false;
    for (;; at = (at + 1) & mask) {
        struct native_slot *slot = &table->slots[at];
        uint32_t found = atomic_load_explicit(&slot->key, memory_order_relaxed);

        if (found == key || found == 0)
            return slot;
        *ret_has_bucket |= native_key_code(found) == code;
    }
}

static bool is_free(struct native_slot *slot)
{
    return atomic_load_explicit(&slot->key, memory_order_relaxed) == 0;
}

/* Take a free slot. A reader does not look at its key while its count is 0. */
static void take(struct native_table *table, struct native_slot *slot, uint32_t key,
                 bool has_bucket)
{
    table->n_keys++;
    table->n_buckets += !has_bucket && native_key_code(key) != NATIVE_CODE_ZERO;
    atomic_store_explicit(&slot->key, key, memory_order_relaxed);
}

/* Count everything in @from also in @to, which has room for it. */
static void copy(struct native_table *to, struct native_table *from)
{
    for (uint32_t i = 0; i < from->n_slots; i++) {
        uint32_t key = atomic_load_explicit(&from->slots[i].key, memory_order_relaxed);
        uint64_t count = atomic_load_explicit(&from->slots[i].count, memory_order_relaxed);
        struct native_slot *slot;
        bool has_bucket;

        if (count == 0)
            continue;
        key = key_of(native_code_lower(native_key_code(key), from->schema - to->schema),
                     native_key_bucket(key));
        slot = find(to, key, &has_bucket);
        if (is_free(slot))
            take(to, slot, key, has_bucket);
        count += atomic_load_explicit(&slot->count, memory_order_relaxed);
        atomic_store_explicit(&slot->count, count, memory_order_relaxed);
    }
}

/* Replace the table by a copy. Returns false without memory. */
static bool replace(struct native *native, uint32_t n_slots, int schema)
{
    struct native_table *table = new_table(n_slots, schema), *old = native->table;

    if (!table)
        return false;
    if (old)
        copy(table, old);
    pthread_mutex_lock(&native->lock);
    native->table = table;
    pthread_mutex_unlock(&native->lock);
    free(old);
    return true;
}

/* --- adding ---------------------------------------------------------------------------------- */

static uint32_t key_for(const struct native_table *table, const struct buckets *buckets,
                        double value)
{
    return key_of(native_code(value, buckets->native.zero_threshold, table->schema),
                  buckets_find(buckets, value));
}

/* Whether a key that takes a free slot would add a bucket beyond the limit. */
static bool must_halve(const struct native_table *table, const struct native_options *options,
                       uint32_t key, bool has_bucket)
{
    return !has_bucket && native_key_code(key) != NATIVE_CODE_ZERO &&
           table->n_buckets >= options->max_buckets && table->schema > NATIVE_SCHEMA_MIN;
}

/* Find a slot for @value, and prepare for it: more slots, or wider buckets. */
COLD static _Atomic uint64_t *add(struct native *native, const struct buckets *buckets,
                                  double value)
{
    const struct native_options *options = &buckets->native;

    if (!native->table && !replace(native, SLOTS_MIN, options->schema))
        return NULL;
    for (;;) {
        struct native_table *table = native->table;
        uint32_t key = key_for(table, buckets, value), n_slots = table->n_slots;
        bool has_bucket, is_done = true;
        struct native_slot *slot = find(table, key, &has_bucket);

        if (!is_free(slot))
            return &slot->count;
        if (must_halve(table, options, key, has_bucket)) {
            is_done = replace(native, n_slots, table->schema - 1);
        } else if (slots_for(table->n_keys + 1) > n_slots) {
            is_done = replace(native, slots_for(table->n_keys + 1), table->schema);
        } else {
            take(table, slot, key, has_bucket);
            return &slot->count;
        }
        if (!is_done)
            return NULL;
    }
}

_Atomic uint64_t *native_count_of(struct native *native, const struct buckets *buckets,
                                  double value)
{
    struct native_table *table = native->table;
    struct native_slot *slot;
    bool has_bucket;

    if (UNLIKELY(!table))
        return add(native, buckets, value);
    slot = find(table, key_for(table, buckets, value), &has_bucket);
    return LIKELY(!is_free(slot)) ? &slot->count : add(native, buckets, value);
}
