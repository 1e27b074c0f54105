/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Arena
 *
 * Objects are cut from blocks of 16 KiB, one after the other. An object larger than a
 * quarter of that gets its own block. That block is placed second in the list, so that
 * the room left in the first is not lost.
 */

#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define BLOCK_SIZE 16384
#define LARGE_SIZE (BLOCK_SIZE / 4)
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t n_used;
    _Alignas(ALIGNMENT) char bytes[];
};

void arena_deinit(struct arena *arena)
{
    struct arena_block *block = arena->blocks, *next;

    for (; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){ 0 };
}

static struct arena_block *new_block(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    return calloc(1, sizeof(struct arena_block) + size);
}

static void *alloc_large(struct arena *arena, size_t size)
{
    struct arena_block *block = new_block(size);
    struct arena_block **at = arena->blocks ? &arena->blocks->next : &arena->blocks;

    if (!block)
        return NULL;
    /* If it becomes the first block, it must look full. */
    block->n_used = BLOCK_SIZE;
    block->next = *at;
    *at = block;
    return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    void *object;

    if (size > LARGE_SIZE)
        return alloc_large(arena, size);
    size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (!block || size > BLOCK_SIZE - block->n_used) {
        block = new_block(BLOCK_SIZE);
        if (!block)
            return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    object = block->bytes + block->n_used;
    block->n_used += size;
    return object;
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = text.len < SIZE_MAX ? arena_alloc(arena, text.len + 1) : NULL;

    if (!copy)
        return (struct slice){ NULL, 0 };
    if (text.len)
        memcpy(copy, text.at, text.len);
    return (struct slice){ copy, text.len };
}
