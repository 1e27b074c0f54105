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

/* Free everything that was allocated from it. The arena is empty then. */
void arena_deinit(struct arena *arena);

/*
 * Allocate @size bytes, which are zero and aligned for any object, until arena_deinit().
 * Returns NULL when there is no memory; the arena stays usable.
 */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t size);

/*
 * Copy @text, with a NUL after it that its length does not count. Returns the copy, or a
 * slice whose `at` is NULL when there is no memory.
 */
MUST_CHECK struct slice arena_copy(struct arena *arena, struct slice text);
