/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Distinct: how many different things there were
 *
 * Exact while there are few; beyond that an estimate (HyperLogLog), in memory that
 * no longer grows. Things are given by their hashes; counts that are merged must have had
 * theirs made with the same seed.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to this many are counted exactly. */
#define DISTINCT_EXACT_MAX 1536

/* The most memory that a count takes, in bytes. */
#define DISTINCT_BYTES_MAX 16384

/* All zero is nothing counted. */
struct distinct {
    uint32_t n;       /* hashes in the table, until it is an estimate */
    uint32_t n_slots; /* 0, or a power of two */
    bool is_estimate; /* the memory holds registers, not hashes */
    union {
        uint64_t *slots;    /* hashes, 0 where there is none */
        uint8_t *registers; /* DISTINCT_BYTES_MAX of them */
    };
};

void distinct_deinit(struct distinct *distinct);

/* Count @hash. Returns false, and nothing has changed, when there is no memory. */
MUST_CHECK bool distinct_add(struct distinct *distinct, uint64_t hash);

/* Count all that @from has counted. Returns false when there is no memory. */
MUST_CHECK bool distinct_merge(struct distinct *distinct, const struct distinct *from);

/* How many there were: exactly, or with a standard error of 0.8 %. */
double distinct_count(const struct distinct *distinct);
