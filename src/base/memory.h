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

/*
 * From now on, memory that is free and unused for ten seconds is given back to the kernel. A thread
 * of the allocator does so; it would wait for further allocations otherwise, and a process that has
 * become quiet makes none. Call it once, with all signals blocked: that thread inherits the mask.
 * If the thread cannot be started, or without jemalloc, memory is given back later or never.
 */
void memory_give_back(void);

/*
 * Give this thread a cache of freed memory of its own, so that it allocates without a lock. For the
 * threads that allocate much: other threads have none. Without memory this one has none either.
 */
void memory_begin_thread(void);
