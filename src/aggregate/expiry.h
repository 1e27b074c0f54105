/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Expiry: letting go of series that nobody writes any more, without losing a sample
 *
 * One sweep is four steps, on one thread, which must see to the two waits:
 *
 *      expiry_mark      find what was not written for its time to live
 *        (every worker passes a moment when it holds no cell in its hands)
 *      expiry_remove    take out what is still unwritten
 *        (every worker calls shard_forget)
 *      expiry_finish       give back what is left
 */

#include "aggregate/registry.h"

/* All zero is a sweep that has not begun. */
struct expiry {
    struct suspect *suspects; /* expiry_remove() leaves them all here */
    size_t n_suspects;
    size_t n_max; /* room in suspects */
};

/*
 * Find the series that were last written before @now_s - @ttl_s and mark them.
 * Returns how many; 0 ends the sweep here. Without memory it finds fewer.
 */
size_t expiry_mark(struct expiry *expiry, struct registry *registry, uint32_t now_s,
                   uint32_t ttl_s);

/* Take them out. Returns how many went; workers may hold on to them still. */
size_t expiry_remove(struct expiry *expiry, struct registry *registry);

/*
 * Instead of the first two steps: take those that registry_end() has ended. Returns
 * how many; 0 ends the sweep here.
 */
size_t expiry_take_ended(struct expiry *expiry, struct registry *registry);

/* The end of a sweep, wherever it is. @expiry can begin anew. */
void expiry_finish(struct expiry *expiry);

/* The same when there are no workers any more, who may not have forgotten all. */
void expiry_abandon(struct expiry *expiry);
