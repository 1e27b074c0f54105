/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Arena: many small objects that are freed together
 *
 * For a tree or a list that is built once and then only read. Not thread-safe.
 */

#include "base/compiler.h"
#include "base/slice.h"

struct arena_block;

/* All zero is an empty arena: struct arena a = { 0 }. */
struct arena {
    struct arena_block *blocks; /* the newest first */
};

/* Free everything allocated from @arena, and leave it empty. */
void arena_deinit(struct arena *arena);

/*
 * Allocate @size zeroed bytes, aligned for any object and valid until arena_deinit().
 * Returns NULL when out of memory; the arena stays usable.
 */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);

/*
 * Copy @text and append a NUL, which the length does not count. Returns the copy, or a
 * slice whose `at` is NULL when out of memory.
 */
MUST_CHECK struct slice arena_copy(struct arena *arena, struct slice text);
