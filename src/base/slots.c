/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Slots
 *
 *      stripe   home
 *        |        v
 *        +--> [ | | hash, entry | hash, entry | | ]
 *
 * Open addressing: an entry is in its home, or in the next free slot after it. Four slots fit
 * into a cache line, so a lookup rarely reads a second one. A removed entry leaves no mark,
 * because the entries after it move up (linear probing; Knuth, The Art of Computer Programming,
 * vol. 3, 6.4, algorithms L and R).
 */

#include "base/slots.h"

#include "base/must.h"

#include <stdlib.h>

#define FIRST_SLOTS 16

static struct slots_stripe *stripe_of(struct slots *slots, uint64_t hash)
{
    return &slots->stripes[hash % SLOTS_STRIPES];
}

void slots_deinit(struct slots *slots)
{
    for (size_t i = 0; i < SLOTS_STRIPES; i++)
        free(slots->stripes[i].slots);
    *slots = (struct slots){ 0 };
}

static void fill(struct slots_stripe *stripe, struct slot filling)
{
    size_t i = slots_home(stripe, filling.hash);

    while (stripe->slots[i].entry)
        i = slots_after(stripe, i);
    stripe->slots[i] = filling;
}

/*
 * Grow by half when 7 of 10 slots are full: with more, searches become long, and doubling would
 * leave two of three slots empty.
 */
static bool grow_if_full(struct slots_stripe *stripe)
{
    size_t n_old = stripe->slots ? stripe->n_slots : 0;
    size_t n_slots = n_old ? n_old + n_old / 2 : FIRST_SLOTS;
    struct slots_stripe bigger = { .n = stripe->n, .n_slots = n_slots };

    if (stripe->n < n_old / 10 * 7)
        return true;
    bigger.slots = calloc(n_slots, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < n_old; i++)
        if (stripe->slots[i].entry)
            fill(&bigger, stripe->slots[i]);
    free(stripe->slots);
    *stripe = bigger;
    return true;
}

bool slots_add(struct slots *slots, uint64_t hash, void *entry)
{
    struct slots_stripe *stripe = stripe_of(slots, hash);

    if (!grow_if_full(stripe))
        return false;
    fill(stripe, (struct slot){ hash, entry });
    stripe->n++;
    slots->n++;
    return true;
}

/* The number of steps from slot @from to slot @to. */
static size_t distance(const struct slots_stripe *stripe, size_t from, size_t to)
{
    return to >= from ? to - from : to + stripe->n_slots - from;
}

/*
 * Free slot @i. Entries after it that it kept from their home, directly or through another
 * that moves, move up.
 */
static void empty(struct slots_stripe *stripe, size_t i)
{
    for (size_t next = slots_after(stripe, i); stripe->slots[next].entry;
         next = slots_after(stripe, next)) {
        size_t home = slots_home(stripe, stripe->slots[next].hash);

        /* It may move up unless its home is after @i. */
        if (distance(stripe, home, next) >= distance(stripe, i, next)) {
            stripe->slots[i] = stripe->slots[next];
            i = next;
        }
    }
    stripe->slots[i].entry = NULL;
}

void slots_remove(struct slots *slots, uint64_t hash, const void *entry)
{
    struct slots_stripe *stripe = stripe_of(slots, hash);
    size_t i = slots_home(stripe, hash);

    MUST_BE(stripe->n, >, 0u);
    /* A free slot would be the end of the search, and there is always one. */
    while (stripe->slots[i].entry != entry) {
        MUST(stripe->slots[i].entry);
        i = slots_after(stripe, i);
    }
    empty(stripe, i);
    stripe->n--;
    slots->n--;
}

struct slots_cursor slots_at(const struct slots *slots, uint64_t hash)
{
    size_t stripe = hash % SLOTS_STRIPES;

    return (struct slots_cursor){ stripe, slots_home(&slots->stripes[stripe], hash) };
}

void *slots_next(const struct slots *slots, struct slots_cursor *cursor)
{
    for (; cursor->stripe < SLOTS_STRIPES; cursor->stripe++, cursor->slot = 0) {
        const struct slots_stripe *stripe = &slots->stripes[cursor->stripe];

        while (stripe->n && cursor->slot < stripe->n_slots) {
            void *entry = stripe->slots[cursor->slot++].entry;

            if (entry)
                return entry;
        }
    }
    return NULL;
}

void *slots_take(struct slots *slots, struct slots_cursor *cursor)
{
    void *entry = slots_next(slots, cursor);
    struct slots_stripe *stripe;

    if (!entry)
        return NULL;
    stripe = &slots->stripes[cursor->stripe];
    /*
     * Another entry may move up to here, so look here again. None moves to a slot before this one,
     * as all of those are free by now.
     */
    empty(stripe, --cursor->slot);
    stripe->n--;
    slots->n--;
    return entry;
}
