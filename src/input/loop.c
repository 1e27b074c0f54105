/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Loop
 *
 * libuv takes its memory from functions that can be replaced. While a thread makes a table grow,
 * these have memory on offer, and the table gets that. At all other times they are those of the C
 * library.
 */

#include "input/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* After the entries of its descriptors a table has two more; libuv rounds to a power of two. */
#define ENTRIES_MORE 2

/* Of this many numbers just below the limit on open files, one is free. */
#define BELOW_LIMIT 16

/* The memory that a larger table takes, on the thread that has it on offer. */
struct offer {
    void *at; /* NULL: none */
    size_t n_bytes;
    size_t n_old_bytes; /* of the table before */
};

static _Thread_local struct offer offer;

static void *resize(void *old, size_t size)
{
    void *at;

    if (!offer.at || size > offer.n_bytes)
        return realloc(old, size);
    at = TAKE(offer.at);
    if (old)
        memcpy(at, old, offer.n_old_bytes);
    free(old);
    return at;
}

/* Returns false without memory. */
static bool make_offer(const uv_loop_t *loop, size_t n_descriptors)
{
    size_t n = 1;

    while (n < n_descriptors + ENTRIES_MORE)
        n *= 2;
    offer.n_bytes = n * sizeof(loop->watchers[0]);
    offer.n_old_bytes =
        loop->watchers ? (loop->nwatchers + ENTRIES_MORE) * sizeof(loop->watchers[0]) : 0;
    offer.at = malloc(offer.n_bytes);
    return offer.at;
}

static void end_offer(void)
{
    free(TAKE(offer.at));
}

static void on_never(uv_poll_t *poll, int status, int events)
{
}

int loop_poll_init(uv_loop_t *loop, uv_poll_t *poll, int fd)
{
    int r;

    if (fd >= 0 && (unsigned)fd >= loop->nwatchers && !make_offer(loop, (size_t)fd + 1))
        return -ENOMEM;
    r = uv_poll_init(loop, poll, fd);
    if (r == 0 && offer.at) {
        uv_poll_start(poll, UV_READABLE, on_never); /* takes the offer; it cannot fail */
        uv_poll_stop(poll);
    }
    end_offer();
    return r;
}

/* The last descriptor that needs no memory, or a little less than the limit. */
static int last_descriptor(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > LOOP_DESCRIPTORS + BELOW_LIMIT)
        return LOOP_DESCRIPTORS - 1;
    return limit.rlim_cur > BELOW_LIMIT ? (int)limit.rlim_cur - BELOW_LIMIT : 0;
}

/* Let the table grow, by a descriptor with a large number. */
static int enlarge_table(uv_loop_t *loop)
{
    int low = eventfd(0, EFD_CLOEXEC), high = fcntl(low, F_DUPFD_CLOEXEC, last_descriptor());
    uv_poll_t poll;
    int r = high < 0 ? -errno : loop_poll_init(loop, &poll, high);

    if (r == 0) {
        uv_close((uv_handle_t *)&poll, NULL);
        uv_run(loop, UV_RUN_NOWAIT);
    }
    if (high >= 0)
        close(high);
    if (low >= 0)
        close(low);
    return r;
}

int loop_open(uv_loop_t *loop)
{
    static bool is_replaced;
    int r;

    if (!is_replaced)
        uv_replace_allocator(malloc, resize, calloc, free);
    is_replaced = true;
    *loop = (uv_loop_t){ 0 };
    if (!make_offer(loop, LOOP_DESCRIPTORS))
        return -ENOMEM;
    r = uv_loop_init(loop);
    end_offer();
    if (r < 0)
        return r;
    r = enlarge_table(loop);
    if (r < 0)
        uv_loop_close(loop);
    return r;
}
