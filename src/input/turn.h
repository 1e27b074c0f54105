/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Turn: the streams of a worker that wait to be read, and the time that they share
 *
 * A stream is a connection, or a listening socket from which connections are accepted. All of it on
 * the thread of the worker's loop.
 */

#include "base/age_list.h"
#include "base/clock.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <uv.h>

/* The most time that all streams together, and each datagram socket, take in a pass of the loop. */
#define TURN_NS (5 * CLOCK_NS_PER_MS)

/* A stream. All zero but for @serve: it does not wait. */
struct turn_entry {
    struct age_node node;
    bool is_waiting;
    /*
     * Read once, or accept some; @now_ns is the time. Returns whether there may be more, and then
     * it waits again, after all others. If not, the entry may have been freed.
     */
    bool (*serve)(struct turn_entry *entry, int64_t now_ns);
};

struct turn {
    uv_idle_t idle; /* runs while anything waits */
    struct age_list waiting;
    void *ctx;
    void (*on_end)(void *ctx);
};

/* @on_end is called after all input of one turn. */
void turn_open(struct turn *turn, uv_loop_t *loop, void *ctx, void (*on_end)(void *ctx));

/*
 * Nothing waits any more. The memory is used until the loop has run its close callbacks. If all is
 * zero, do nothing.
 */
void turn_close(struct turn *turn);

/* Let @entry wait for the next turn, unless it does. */
void turn_wait(struct turn *turn, struct turn_entry *entry);

/* Let @entry not wait any longer, if it does. */
void turn_leave(struct turn *turn, struct turn_entry *entry);

/*
 * Serve those that wait, one after the other, but none after @end_ns (clock_monotonic_ns). Returns
 * whether any is still waiting. The loop does this by itself; at a stop there are no more passes.
 */
bool turn_take(struct turn *turn, int64_t end_ns);

/* Whether any other waits while one is served. */
static inline bool turn_has_others(const struct turn *turn)
{
    return turn->waiting.oldest;
}

/* Tell that a turn has ended: after turn_take(), or after streams were served without it. */
static inline void turn_end(const struct turn *turn)
{
    turn->on_end(turn->ctx);
}
