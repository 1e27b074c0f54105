/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hash: seeded hashes for tables
 *
 * The seed is chosen at random once per process (see daemon/daemon.c), so that no sender
 * can choose names whose hashes collide.
 */

#include "base/slice.h"

#include <stdint.h>

/* The hash of some bytes: XXH3. */
uint64_t hash_bytes(struct slice bytes, uint64_t seed);

/*
 * The hash of two slices; ("ab", "c") and ("a", "bc") differ. Every line needs this one.
 * For two texts of 20 to 60 bytes it takes half the instructions of two XXH3 hashes.
 */
static inline uint64_t hash_pair(struct slice first, struct slice second, uint64_t seed);

/* --- implementation ----------------------------------------------------------------- */

/* The 128-bit product of @a and @b, folded to 64 bits. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* Load fewer than 16 bytes into two words. With the length, these differ for any two texts. */
static inline void hash_load_short(struct slice bytes, uint64_t *ret_a, uint64_t *ret_b)
{
    uint32_t a, b;

    if (bytes.len >= 8) {
        *ret_a = hash_load(bytes.at);
        *ret_b = hash_load(bytes.at + bytes.len - 8);
    } else if (bytes.len >= 4) {
        memcpy(&a, bytes.at, sizeof(a));
        memcpy(&b, bytes.at + bytes.len - 4, sizeof(b));
        *ret_a = a;
        *ret_b = b;
    } else {
        *ret_a = *ret_b = 0;
        for (size_t i = 0; i < bytes.len; i++)
            *ret_a = *ret_a << 8 | (unsigned char)bytes.at[i];
    }
}

/*
 * Mix @bytes into @hash. Both factors depend on a secret: @hash, which began as the seed,
 * or @secret. Otherwise a sender could make one factor, and so the product, 0.
 */
static inline uint64_t hash_mix(uint64_t hash, struct slice bytes, uint64_t secret)
{
    const char *at = bytes.at, *last;
    uint64_t a, b;

    hash ^= bytes.len * UINT64_C(0x9e3779b97f4a7c15);
    if (bytes.len < 16) {
        hash_load_short(bytes, &a, &b);
        return hash_fold(a ^ hash, b ^ secret);
    }
    last = at + bytes.len - 16;
    for (; at < last; at += 16)
        hash = hash_fold(hash_load(at) ^ hash, hash_load(at + 8) ^ secret);
    /* The last 16 bytes may overlap those before. */
    return hash_fold(hash_load(last) ^ hash, hash_load(last + 8) ^ secret);
}

static inline uint64_t hash_pair(struct slice first, struct slice second, uint64_t seed)
{
    uint64_t secret = hash_fold(seed ^ UINT64_C(0xa0761d6478bd642f), UINT64_C(0xe7037ed1a0b428db));
    uint64_t hash = hash_mix(hash_mix(seed, first, secret), second, secret);

    return hash_fold(hash ^ seed, secret | 1);
}
