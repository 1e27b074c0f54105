/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Distinct: count distinct values
 *
 * The count is exact while there are few values. Beyond that it is an estimate (HyperLogLog) in a
 * fixed amount of memory. Values are given as hashes; counts can be merged only if their hashes
 * were made with the same seed.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The count is exact up to this number. */
#define DISTINCT_EXACT_MAX 1536

/* The maximum memory of a count, in bytes. */
#define DISTINCT_BYTES_MAX 16384

/* Zero-initialized, the count is 0. */
struct distinct {
    uint32_t n;       /* hashes in the table, while the count is exact */
    uint32_t n_slots; /* 0, or a power of two */
    bool is_estimate; /* the memory holds registers, not hashes */
    union {
        uint64_t *slots;    /* hashes; 0 marks an empty slot */
        uint8_t *registers; /* DISTINCT_BYTES_MAX of them */
    };
};

void distinct_deinit(struct distinct *distinct);

/* Count @hash. Returns false without memory; then nothing has changed. */
MUST_CHECK bool distinct_add(struct distinct *distinct, uint64_t hash);

/*
 * Count everything that @from has counted. Returns false without memory; then only a part of it
 * may have been counted.
 */
MUST_CHECK bool distinct_merge(struct distinct *distinct, const struct distinct *from);

/* The count: exact, or with a standard error of 0.8 %. */
double distinct_count(const struct distinct *distinct);
