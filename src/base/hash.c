/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hash
 *
 * XXH3 is inlined from its header. Keys are 20 to 100 bytes long, and for these a call
 * into the shared library costs as much as the hashing.
 */

#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.at, bytes.len, seed);
}
