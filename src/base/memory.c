/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory
 *
 * jemalloc asks for huge pages for all it has, from the start, and whether the kernel
 * may give them is switched for the whole process: so that ten thousand series fit into
 * a dozen megabytes, and a million are found quickly.
 */

#include "base/memory.h"

#include <stdbool.h>
#include <sys/prctl.h>

/*
 * Read by jemalloc when it starts. One arena is enough, as no thread allocates on the hot
 * path; more would each have huge pages of their own that are half empty.
 */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,thp:always";

/* Had somebody forbidden them for this process already? */
static bool was_forbidden;

static void forbid_huge_pages(int argc, char **argv, char **environment)
{
    was_forbidden = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0;
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* Run before the constructors of libraries, the first of which allocate. */
__attribute__((__section__(".preinit_array"),
               __used__)) static void (*const at_start)(int, char **, char **) = forbid_huge_pages;

void memory_use_huge_pages(void)
{
    if (!was_forbidden)
        prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
}
