/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loop
 *
 * libuv takes its memory from functions that can be replaced. These give the memory that a loop
 * was opened with to the first table that the loop makes, and let the table grow in it.
 *
 * The memory belongs to the process as a whole, like libuv's functions, so a list of it is global.
 * A page of it that is not needed is never touched, and so takes no memory.
 */

#include "daemon/loop.h"

#include "aggregate/cell.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A table has two more entries than there are descriptors, and libuv rounds to a power of two. */
#define ENTRIES_MORE 4

/* The memory of a loop; any thread looks for it. */
struct room {
    void *_Atomic at; /* NULL: the entry is free */
    size_t n_bytes;   /* set before `at` */
};

static struct room rooms[CELLS_MAX + 1]; /* one for each worker, one for the main loop */
static size_t n_bytes_each;              /* 0: loops have no memory of their own */

/* That of the loop which this thread is opening, until its table has it. */
static _Thread_local struct room *offered;

static struct room *find_room(const void *at)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rooms); i++)
        if (atomic_load_explicit(&rooms[i].at, memory_order_acquire) == at)
            return &rooms[i];
    return NULL;
}

static void *resize(void *old, size_t size)
{
    struct room *room = old ? find_room(old) : TAKE(offered);
    void *grown;

    if (!room)
        return realloc(old, size);
    if (size <= room->n_bytes)
        return atomic_load(&room->at);
    /* There are more descriptors than there should be. */
    grown = malloc(size);
    if (!grown)
        return NULL;
    memcpy(grown, atomic_load(&room->at), room->n_bytes);
    free(atomic_exchange(&room->at, NULL));
    return grown;
}

static void release(void *old)
{
    struct room *room = old ? find_room(old) : NULL;

    if (room)
        atomic_store(&room->at, NULL);
    free(old);
}

void loop_prepare(unsigned n_descriptors)
{
    size_t n = ENTRIES_MORE;

    while (n < (size_t)n_descriptors + ENTRIES_MORE)
        n *= 2;
    n_bytes_each = n * sizeof(void *);
    uv_replace_allocator(malloc, resize, calloc, release);
}

/* Returns NULL without memory, or when there are too many loops. */
static struct room *make_room(void)
{
    struct room *room = find_room(NULL);
    void *at = room ? malloc(n_bytes_each) : NULL;

    if (!at)
        return NULL;
    room->n_bytes = n_bytes_each;
    atomic_store_explicit(&room->at, at, memory_order_release);
    return room;
}

int loop_open(uv_loop_t *loop)
{
    struct room *room;
    int r;

    if (n_bytes_each == 0)
        return uv_loop_init(loop);
    room = make_room();
    if (!room)
        return -ENOMEM;
    offered = room;
    r = uv_loop_init(loop);
    if (TAKE(offered)) /* it has failed before it made its table */
        release(atomic_load(&room->at));
    return r;
}
