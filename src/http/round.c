/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Round
 *
 * The server does not say when a round begins. But one that waits is called once in each round, so
 * when one is called again, there is a new round. If none waits, the time of several rounds is
 * added up, and at worst something waits once more than it needs to.
 *
 * In each round the server calls the connections in the same order. So that the last of them do
 * not starve, those that wait form generations. While any of the older one waits, only that may
 * work; what has worked joins the younger one.
 */

#include "http/round.h"

/* When none of the older generation is left, it is the turn of the younger one. */
static void advance(struct round *round)
{
    if (round->n_first > 0)
        return;
    round->generation++;
    round->n_first = round->n_next;
    round->n_next = 0;
}

static void wait(struct round *round, struct round_entry *entry)
{
    if (!entry->is_waiting) {
        entry->is_waiting = true;
        entry->generation = round->generation + 1;
        round->n_next++;
    }
    entry->number = round->number;
}

static void begin_if_new(struct round *round, const struct round_entry *entry)
{
    if (!entry->is_waiting || entry->number != round->number)
        return;
    round->number++;
    round->spent_ns = 0;
    advance(round);
}

bool round_may_work(struct round *round, struct round_entry *entry)
{
    bool is_first;

    begin_if_new(round, entry);
    is_first = entry->is_waiting && entry->generation == round->generation;
    if (round->spent_ns >= ROUND_NS || (round->n_first > 0 && !is_first)) {
        wait(round, entry);
        return false;
    }
    round_leave(round, entry);
    return true;
}

void round_spend(struct round *round, int64_t ns)
{
    round->spent_ns += ns;
}

void round_leave(struct round *round, struct round_entry *entry)
{
    if (!entry->is_waiting)
        return;
    entry->is_waiting = false;
    if (entry->generation == round->generation)
        round->n_first--;
    else
        round->n_next--;
    advance(round);
}
