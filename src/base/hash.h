/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Hash: XXH3, seeded
 *
 * The seed is drawn once per process (see daemon/daemon.c), so that nobody can
 * choose names that fall into one bucket.
 */

#include "base/slice.h"

#include <stdint.h>

/* The hash of some bytes. */
uint64_t hash_bytes(struct slice bytes, uint64_t seed);

/* The hash of two slices in a row; ("ab", "c") and ("a", "bc") differ. */
uint64_t hash_pair(struct slice first, struct slice second, uint64_t seed);
