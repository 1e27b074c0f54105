/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Turn
 *
 * A loop calls back one ready descriptor after the other, and each must return before the next is
 * called. If each stream took a time of its own, a thousand of them would keep a worker from its
 * datagrams for a thousand times as long. So a stream that is readable only joins a line:
 *
 *      one pass of the loop:   timers ---> turn ---> poll ---> timers ---> turn ---> ...
 *                              datagrams   streams   datagrams; streams join the line
 *
 * In each pass, those in line are served once for each time around, until the turn's time is over.
 * The others keep their places until the next pass, so none of them starves. An idle handle makes
 * the passes follow each other without waiting while anything is in line.
 */

#include "input/turn.h"

#include "base/must.h"

static void on_idle(uv_idle_t *idle)
{
    struct turn *turn = idle->data;

    turn_take(turn, clock_monotonic_ns() + TURN_NS);
    turn_end(turn);
}

void turn_wait(struct turn *turn, struct turn_entry *entry)
{
    if (entry->is_waiting)
        return;
    entry->is_waiting = true;
    age_list_add(&turn->waiting, &entry->node);
    uv_idle_start(&turn->idle, on_idle); /* cannot fail */
}

void turn_leave(struct turn *turn, struct turn_entry *entry)
{
    if (!entry->is_waiting)
        return;
    entry->is_waiting = false;
    age_list_remove(&turn->waiting, &entry->node);
}

bool turn_take(struct turn *turn, int64_t end_ns)
{
    struct age_node *node;
    int64_t now_ns;

    while ((node = turn->waiting.oldest) && (now_ns = clock_monotonic_ns()) < end_ns) {
        struct turn_entry *entry = CONTAINER_OF(node, struct turn_entry, node);

        turn_leave(turn, entry);
        if (entry->serve(entry, now_ns))
            turn_wait(turn, entry);
    }
    if (!node)
        uv_idle_stop(&turn->idle);
    return node;
}

void turn_open(struct turn *turn, uv_loop_t *loop, void *ctx, void (*on_end)(void *ctx))
{
    *turn = (struct turn){ .ctx = ctx, .on_end = on_end };
    uv_idle_init(loop, &turn->idle); /* cannot fail */
    turn->idle.data = turn;
}

void turn_close(struct turn *turn)
{
    if (!turn->on_end)
        return;
    MUST(!turn->waiting.oldest);
    uv_close((uv_handle_t *)&turn->idle, NULL);
}
