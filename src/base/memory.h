/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memory: the pages of the allocator
 *
 * malloc() is jemalloc's (docs/decisions/0014), except in builds with sanitizers, which
 * bring their own. There, this module does no harm.
 */

/*
 * From now on, use huge pages (2 MiB instead of 4 KiB) for new memory, if the kernel has
 * them. A lookup in hundreds of megabytes then rarely misses the TLB. Before the first call
 * there are no huge pages, so that a small process stays small. If they were forbidden when
 * the process started, they stay forbidden. Any thread; one call is enough.
 */
void memory_use_huge_pages(void);
