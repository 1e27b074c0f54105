/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory: how the allocator gets its pages
 *
 * malloc() is jemalloc's (docs/decisions/0014), but not in a build with sanitizers, which
 * bring their own. What is here then does no harm.
 */

/*
 * From now on, new memory comes in huge pages, if the kernel has them (2 MiB instead of
 * 4 KiB): a lookup in hundreds of megabytes then does not also miss in the
 * processor's table of pages. Until it is called there are none, for a small process
 * is to stay small; and if whoever started the process has forbidden them, that stands.
 * Any thread; once is enough.
 */
void memory_use_huge_pages(void);
