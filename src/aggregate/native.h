/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Native: the observations of one cell, by native and by classic bucket at once
 *
 * The resolution is halved whenever there would be more native buckets than the options allow,
 * except below the lowest schema (native_n_max()).
 */

#include "aggregate/native_index.h"
#include "base/buckets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The code of a native bucket: 0 for the zero bucket; otherwise its index, from -2^19, and a bit
 * for negative observations. So codes of one sign are in the order of their indexes.
 */
#define NATIVE_CODE_ZERO 0u
#define NATIVE_CODE_NEGATIVE (1u << 20)
#define NATIVE_CODE_BIAS (1 << 19)

/* One key takes the observations of a native bucket that are in one classic bucket, too. */
struct native_slot {
    _Atomic uint32_t key; /* 0: the slot is free */
    _Atomic uint64_t count;
};

/* Only counts change once it is published, and free slots are taken. */
struct native_table {
    uint64_t secret; /* so that no sender can choose codes whose hashes collide */
    int schema;
    uint32_t n_slots;   /* a power of two */
    uint32_t n_keys;    /* owner only, as is the next */
    uint32_t n_buckets; /* native ones, without the zero bucket */
    struct native_slot slots[];
};

struct native {
    /* A reader holds it while it reads the table; the owner, while it replaces the table. */
    pthread_mutex_t lock;
    struct native_table *table; /* NULL at first */
    _Atomic double sum;
};

/* It is zero-initialized. */
void native_init(struct native *native);
void native_deinit(struct native *native);

/*
 * Owner: the count of the observations that @value, which is finite, belongs to. Whoever adds to it
 * has counted the value in both views. Valid until the next call. NULL without memory: nothing is
 * counted, though the resolution may be lower.
 */
MUST_CHECK _Atomic uint64_t *native_count_of(struct native *native, const struct buckets *buckets,
                                             double value);

/* The native buckets that there may be at most, without the zero bucket. */
uint32_t native_n_max(const struct native_options *options);

/* The most bytes that a cell allocates for its table. */
size_t native_growth(const struct buckets *buckets);

/* The parts of the key of a slot that is taken. */
static inline uint32_t native_key_code(uint32_t key)
{
    return (key - 1) >> 7;
}

static inline unsigned native_key_bucket(uint32_t key)
{
    return (key - 1) & 127;
}

/* The index of a code, which is not that of the zero bucket. */
static inline int32_t native_code_index(uint32_t code)
{
    return (int32_t)(code & (NATIVE_CODE_NEGATIVE - 1)) - NATIVE_CODE_BIAS;
}

/* The code in a schema that is lower by @steps. */
static inline uint32_t native_code_lower(uint32_t code, int steps)
{
    if (code == NATIVE_CODE_ZERO)
        return code;
    return (uint32_t)(native_index_lower(native_code_index(code), steps) + NATIVE_CODE_BIAS) |
           (code & NATIVE_CODE_NEGATIVE);
}

/* The code of @value, which is finite, in @schema. */
static inline uint32_t native_code(double value, double zero_threshold, int schema)
{
    double magnitude = value < 0 ? -value : value;

    if (magnitude <= zero_threshold)
        return NATIVE_CODE_ZERO;
    return (uint32_t)(native_index(magnitude, schema) + NATIVE_CODE_BIAS) |
           (value < 0 ? NATIVE_CODE_NEGATIVE : 0);
}
