/* SPDX-License-Identifier: Apache-2.0 */

/*
 * In flight
 *
 * A list of some dozens, which is read only when there is no room. Who has more than half of a list
 * is found in one pass: cancel each entry against one of another peer, and only such a peer can be
 * left.
 */

#include "http/in_flight.h"

#include <stddef.h>

/* The entry among those that are sending whose client has taken nothing for longest; or NULL. */
static struct in_flight_entry *find_slowest(const struct in_flight *in_flight, const uint64_t *peer)
{
    struct in_flight_entry *slowest = NULL;

    for (struct in_flight_entry *entry = in_flight->first; entry; entry = entry->next)
        if (entry->is_sending && (!peer || entry->peer == *peer) &&
            (!slowest || entry->progress_ns < slowest->progress_ns))
            slowest = entry;
    return slowest;
}

/* The peer that has more than half of all. Returns false if none has. */
static bool find_greedy(const struct in_flight *in_flight, uint64_t *ret)
{
    unsigned n_left = 0, n = 0;

    for (const struct in_flight_entry *entry = in_flight->first; entry; entry = entry->next) {
        if (n_left == 0)
            *ret = entry->peer;
        n_left = n_left == 0 || entry->peer == *ret ? n_left + 1 : n_left - 1;
    }
    for (const struct in_flight_entry *entry = in_flight->first; entry; entry = entry->next)
        n += entry->peer == *ret;
    return n > in_flight->n / 2;
}

static struct in_flight_entry *find_victim(const struct in_flight *in_flight,
                                           const struct in_flight_entry *newcomer, int64_t now_ns)
{
    struct in_flight_entry *slowest = find_slowest(in_flight, NULL);
    uint64_t greedy = 0;

    if (!slowest || now_ns - slowest->progress_ns >= IN_FLIGHT_STALLED_NS)
        return slowest;
    if (!find_greedy(in_flight, &greedy) || greedy == newcomer->peer)
        return NULL;
    return find_slowest(in_flight, &greedy);
}

bool in_flight_add(struct in_flight *in_flight, struct in_flight_entry *entry, int64_t now_ns)
{
    if (in_flight->n >= in_flight->n_max) {
        struct in_flight_entry *victim = find_victim(in_flight, entry, now_ns);

        if (!victim)
            return false;
        in_flight_remove(in_flight, victim);
        in_flight->give_up(in_flight->ctx, victim);
    }
    entry->is_in = true;
    entry->is_sending = false;
    entry->progress_ns = now_ns;
    entry->prev = NULL;
    entry->next = in_flight->first;
    if (entry->next)
        entry->next->prev = entry;
    in_flight->first = entry;
    in_flight->n++;
    return true;
}

void in_flight_remove(struct in_flight *in_flight, struct in_flight_entry *entry)
{
    if (!entry->is_in)
        return;
    if (entry->prev)
        entry->prev->next = entry->next;
    else
        in_flight->first = entry->next;
    if (entry->next)
        entry->next->prev = entry->prev;
    entry->is_in = false;
    in_flight->n--;
}
