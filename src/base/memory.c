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
#include <sys/prctl.h>

/*
 * Read by jemalloc when it starts. One arena is enough, as no thread allocates on the hot
 * path. Each further arena would have half-empty huge pages of its own.
 */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,thp:always";

/* Were huge pages already forbidden when this process started? */
static bool was_forbidden;

static void forbid_huge_pages(int argc, char **argv, char **environment)
{
    was_forbidden = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0;
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* Runs before the constructors of libraries, which already allocate. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const at_start)(int, char **, char **) = forbid_huge_pages;

void memory_use_huge_pages(void)
{
    if (!was_forbidden)
        prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
}

/* jemalloc's; NULL in a build with sanitizers. */
__attribute__((weak)) int mallctl(const char *name, void *ret, size_t *ret_len, void *value,
                                  size_t len);

void memory_give_back(void)
{
    bool on = true;

    /* Without a thread for it, everything else works as before. */
    if (mallctl)
        (void)!mallctl("background_thread", NULL, NULL, &on, sizeof(on));
}
