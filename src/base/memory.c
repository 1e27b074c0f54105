/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory
 *
 * jemalloc asks for huge pages for all its memory, from the start. A switch for the whole
 * process decides whether the kernel may grant them. So ten thousand series fit into a
 * dozen megabytes, and a million are found quickly.
 *
 * jemalloc gives unused memory back a little at a time, when something allocates. Here hardly
 * anything does once all series are known, so a thread of jemalloc's own does it instead.
 */

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>

/*
 * Read by jemalloc when it starts. One arena is enough, as no thread allocates on the hot
 * path. Each further arena would have half-empty huge pages of its own.
 *
 * jemalloc would make a cache for each thread that allocates, when it first does. If there is no
 * memory for it then, the process crashes. So a thread has none unless it asks for it.
 */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,thp:always,tcache:false";

/* jemalloc's; NULL in a build with sanitizers. */
__attribute__((weak)) int mallctl(const char *name, void *ret, size_t *ret_len, void *value,
                                  size_t len);

/* A few times as much as the cache of a thread, whose memory must be there when it is made. */
#define TRIAL_BYTES (128 * 1024)

/* Were huge pages already forbidden when this process started? */
static bool was_forbidden;

static void forbid_huge_pages(int argc, char **argv, char **environment)
{
    was_forbidden = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0;
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    memory_begin_thread();
}

/* Runs before the constructors of libraries, which already allocate. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const at_start)(int, char **, char **) = forbid_huge_pages;

void memory_begin_thread(void)
{
    /* Through a volatile pointer, or the compiler may leave out both calls. */
    void *volatile trial = mallctl ? malloc(TRIAL_BYTES) : NULL;
    bool is_enabled = true;

    free(trial);
    if (trial)
        (void)mallctl("thread.tcache.enabled", NULL, NULL, &is_enabled, sizeof(is_enabled));
}

void memory_use_huge_pages(void)
{
    if (!was_forbidden)
        prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
}

void memory_give_back(void)
{
    bool on = true;

    /* Without a thread for it, everything else works as before. */
    if (mallctl)
        (void)!mallctl("background_thread", NULL, NULL, &on, sizeof(on));
}
