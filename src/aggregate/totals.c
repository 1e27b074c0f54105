/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Totals
 *
 *      id -> part -> head -> entry -> entry
 *
 * Each part has a lock, and a hash table of fixed size with chains of indices. Nothing is ever
 * removed, only replaced: entries are used one after the other, and then one is evicted for each
 * new id.
 *
 * Totals of one sender may be noted in another order than they arrived, if they reach different
 * workers. Then the last one to arrive wins, and an earlier one is late: it must not look like a
 * decrease, as all of it would be added. If the later one was the first, which has added nothing,
 * the earlier one is what it should have been compared with.
 */

#include "aggregate/totals.h"

#include "base/must.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* From this number of totals on there are several parts, so that workers seldom meet at a lock. */
#define MANY 4096
#define PARTS_MAX 16

/* The number of totals among which an idle one is looked for. */
#define CANDIDATES 8

#define NONE UINT32_MAX

struct entry {
    uint64_t id;
    double value;
    int64_t at;
    uint32_t next; /* in its chain, or NONE */
    bool is_first; /* no other of its sender has been noted */
};

struct part {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct entry *entries; /* n_max */
    uint32_t *heads;       /* n_max; an index of entries, or NONE */
    uint32_t n_max;
    uint64_t random;

    /* Written with the lock held, read without it. */
    _Atomic uint32_t n;
    _Atomic uint64_t n_evicted;
    _Atomic uint64_t outcomes[_TOTAL_OUTCOME_N];
};

struct totals {
    unsigned n_parts;
    struct part parts[PARTS_MAX];
};

/* --- making and freeing --------------------------------------------------------------- */

static unsigned n_parts_for(size_t n_max)
{
    return n_max > MANY ? PARTS_MAX : 1;
}

static size_t part_size(size_t n_max)
{
    unsigned n_parts = n_parts_for(n_max);

    return (n_max + n_parts - 1) / n_parts;
}

size_t totals_bytes(size_t n_max)
{
    return sizeof(struct totals) +
           n_parts_for(n_max) * part_size(n_max) * (sizeof(struct entry) + sizeof(uint32_t));
}

static int init_part(struct part *part, size_t n_max, uint64_t seed)
{
    part->n_max = (uint32_t)n_max;
    part->random = seed | 1; /* xorshift stays at 0 */
    part->entries = calloc(n_max, sizeof(*part->entries));
    part->heads = malloc(n_max * sizeof(*part->heads));
    if (!part->entries || !part->heads)
        return -ENOMEM;
    memset(part->heads, 0xff, n_max * sizeof(*part->heads)); /* NONE */
    return 0;
}

int totals_new(struct totals **ret, size_t n_max, uint64_t seed)
{
    /* Not calloc(), which does not align to cache lines. */
    CLEANUP(totals_freep) struct totals *totals = aligned_alloc(CACHE_LINE, sizeof(*totals));
    int r = 0;

    MUST(n_max > 0 && n_max <= (size_t)1 << 31);
    if (!totals)
        return -ENOMEM;
    memset(totals, 0, sizeof(*totals));
    totals->n_parts = n_parts_for(n_max);
    for (unsigned i = 0; i < totals->n_parts; i++)
        pthread_mutex_init(&totals->parts[i].lock, NULL);
    for (unsigned i = 0; i < totals->n_parts && r == 0; i++)
        r = init_part(&totals->parts[i], part_size(n_max), seed + i);
    if (r == 0)
        *ret = TAKE(totals);
    return r;
}

enum verdict totals_ensure(struct totals **totals, size_t n_max, uint64_t seed,
                           struct budget *budget)
{
    size_t size = totals_bytes(n_max);

    if (*totals)
        return VERDICT_APPLIED;
    if (n_max == 0 || !budget_has(budget, size))
        return REFUSED_SERIES_LIMIT;
    if (totals_new(totals, n_max, seed) < 0)
        return REFUSED_NO_MEMORY;
    budget_hold(budget, size);
    return VERDICT_APPLIED;
}

void totals_free(struct totals *totals)
{
    if (!totals)
        return;
    for (unsigned i = 0; i < totals->n_parts; i++) {
        pthread_mutex_destroy(&totals->parts[i].lock);
        free(totals->parts[i].entries);
        free(totals->parts[i].heads);
    }
    free(totals);
}

/* --- finding --------------------------------------------------------------------------- */

/* Scale the upper half of @bits to 0 … n_max - 1. */
static uint32_t scale(const struct part *part, uint64_t bits)
{
    return (uint32_t)((bits >> 32) * part->n_max >> 32);
}

static uint32_t *head_of(const struct part *part, uint64_t id)
{
    return &part->heads[scale(part, id)];
}

static struct entry *find(const struct part *part, uint64_t id)
{
    uint32_t i = *head_of(part, id);

    while (i != NONE && part->entries[i].id != id)
        i = part->entries[i].next;
    return i == NONE ? NULL : &part->entries[i];
}

/* --- adding ---------------------------------------------------------------------------- */

static uint32_t any_index(struct part *part)
{
    /* Marsaglia's xorshift64. */
    part->random ^= part->random << 13;
    part->random ^= part->random >> 7;
    part->random ^= part->random << 17;
    return scale(part, part->random);
}

static uint32_t choose(struct part *part, int64_t now)
{
    uint32_t any = any_index(part), oldest = any;

    for (unsigned i = 1; i < CANDIDATES; i++) {
        uint32_t other = any_index(part);

        if (part->entries[other].at < part->entries[oldest].at)
            oldest = other;
    }
    return now - part->entries[oldest].at >= TOTALS_IDLE_NS ? oldest : any;
}

/* Take entry @i out of its chain. */
static void unlink_entry(struct part *part, uint32_t i)
{
    uint32_t *at = head_of(part, part->entries[i].id);

    while (*at != i) {
        MUST_BE(*at, !=, NONE);
        at = &part->entries[*at].next;
    }
    *at = part->entries[i].next;
}

/* An entry that is in no chain. */
static uint32_t take_entry(struct part *part, int64_t now)
{
    uint32_t n = atomic_load_explicit(&part->n, memory_order_relaxed), i;

    if (n < part->n_max) {
        atomic_store_explicit(&part->n, n + 1, memory_order_relaxed);
        return n;
    }
    i = choose(part, now);
    unlink_entry(part, i);
    atomic_fetch_add_explicit(&part->n_evicted, 1, memory_order_relaxed);
    return i;
}

static void add(struct part *part, uint64_t id, double value, int64_t at)
{
    uint32_t i = take_entry(part, at), *head = head_of(part, id);

    part->entries[i] = (struct entry){
        .id = id,
        .value = value,
        .at = at,
        .next = *head,
        .is_first = true,
    };
    *head = i;
}

/* --- noting ---------------------------------------------------------------------------- */

static struct total_step between(double earlier, double later)
{
    if (later < earlier)
        return (struct total_step){ TOTAL_OUTCOME_RESET, later };
    return (struct total_step){ TOTAL_OUTCOME_INCREASE, later - earlier };
}

/* Note @value in @entry, which has the last one. */
static struct total_step step(struct entry *entry, double value, int64_t at)
{
    bool was_first = entry->is_first;
    double last = entry->value;

    entry->is_first = false;
    if (at < entry->at)
        return was_first ? between(value, last) : (struct total_step){ TOTAL_OUTCOME_LATE, 0 };
    entry->value = value;
    entry->at = at;
    return between(last, value);
}

struct total_step totals_note(struct totals *totals, uint64_t id, double value, int64_t at)
{
    /* The upper half chooses the chain. */
    struct part *part = &totals->parts[(uint32_t)id % totals->n_parts];
    struct total_step ret = { TOTAL_OUTCOME_BASELINE, 0 };
    struct entry *entry;

    pthread_mutex_lock(&part->lock);
    entry = find(part, id);
    if (entry)
        ret = step(entry, value, at);
    else
        add(part, id, value, at);
    atomic_fetch_add_explicit(&part->outcomes[ret.outcome], 1, memory_order_relaxed);
    pthread_mutex_unlock(&part->lock);
    return ret;
}

/* --- counting -------------------------------------------------------------------------- */

struct totals_counts totals_count(const struct totals *totals)
{
    struct totals_counts ret = { 0 };

    for (unsigned i = 0; totals && i < totals->n_parts; i++) {
        const struct part *part = &totals->parts[i];

        ret.n_kept += atomic_load_explicit(&part->n, memory_order_relaxed);
        ret.n_evicted += atomic_load_explicit(&part->n_evicted, memory_order_relaxed);
        for (unsigned outcome = 0; outcome < _TOTAL_OUTCOME_N; outcome++)
            ret.outcomes[outcome] +=
                atomic_load_explicit(&part->outcomes[outcome], memory_order_relaxed);
    }
    return ret;
}
