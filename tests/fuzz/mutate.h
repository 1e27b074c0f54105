/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mutate: datagrams from datagrams
 */

#include "base/slice.h"

#include <stdint.h>

/* The longest datagram; UDP has no longer ones. */
#define MUTATE_MAX 65507

/* Begin the sequence of random numbers with @seed. */
void mutate_seed(uint64_t seed);

/* A random number below @n. */
unsigned mutate_below(size_t n);

/* Write a change of @parent, perhaps with pieces of @other, to @out. Returns its length, not 0. */
size_t mutate(char out[MUTATE_MAX], struct slice parent, struct slice other);
