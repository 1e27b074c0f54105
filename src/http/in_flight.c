/* SPDX-License-Identifier: Apache-2.0 */

/*
 * In flight
 *
 * A list of some dozens, by their last progress, which is read only when there is no room. The
 * peer that has more than half of a list is found in one pass: cancel each entry against one of
 * another peer, and only such a peer can be left.
 */

#include "http/in_flight.h"

static struct in_flight_entry *of_node(struct age_node *node)
{
    return node ? CONTAINER_OF(node, struct in_flight_entry, node) : NULL;
}

static struct in_flight_entry *newer(const struct in_flight_entry *entry)
{
    return of_node(entry->node.newer);
}

/* The entry that is sending, of @peer if that is not NULL, with the oldest progress; or NULL. */
static struct in_flight_entry *find_slowest(const struct in_flight *in_flight, const uint64_t *peer)
{
    struct in_flight_entry *entry = of_node(in_flight->all.oldest);

    while (entry && (!entry->is_sending || (peer && entry->peer != *peer)))
        entry = newer(entry);
    return entry;
}

/* The peer that has more than half of all. Returns false if none has. */
static bool find_greedy(const struct in_flight *in_flight, uint64_t *ret)
{
    const struct in_flight_entry *oldest = of_node(in_flight->all.oldest), *entry;
    unsigned n_left = 0, n = 0;

    for (entry = oldest; entry; entry = newer(entry)) {
        if (n_left == 0)
            *ret = entry->peer;
        n_left = n_left == 0 || entry->peer == *ret ? n_left + 1 : n_left - 1;
    }
    for (entry = oldest; entry; entry = newer(entry))
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
    age_list_add(&in_flight->all, &entry->node);
    in_flight->n++;
    return true;
}

void in_flight_progress(struct in_flight *in_flight, struct in_flight_entry *entry, int64_t now_ns)
{
    if (!entry->is_in)
        return;
    entry->is_sending = true;
    entry->progress_ns = now_ns;
    age_list_touch(&in_flight->all, &entry->node);
}

void in_flight_remove(struct in_flight *in_flight, struct in_flight_entry *entry)
{
    if (!entry->is_in)
        return;
    age_list_remove(&in_flight->all, &entry->node);
    entry->is_in = false;
    in_flight->n--;
}
