/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Distinct
 *
 * A table of hashes with open addressing doubles as it fills. Above DISTINCT_EXACT_MAX hashes,
 * its memory is reused for the 2^14 registers of HyperLogLog. The first bits of a hash choose a
 * register, which keeps the longest run of zeros that followed them.
 *
 *      hash   01101110 101110|00 00010110 ...
 *             register 7086   |  run of 5 zeros and the 1: rank 6
 *
 * Sources: Flajolet et al. 2007, "HyperLogLog"; the estimator is algorithm 6 of Ertl
 * 2017, "New cardinality estimation algorithms for HyperLogLog sketches", which
 * needs neither a table of corrections nor a separate method for small counts.
 */

#include "aggregate/distinct.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 16
#define SLOTS_MAX (DISTINCT_BYTES_MAX / sizeof(uint64_t))
#define INDEX_BITS 14
#define N_REGISTERS (1u << INDEX_BITS)
#define RANK_MAX (64 - INDEX_BITS + 1)

_Static_assert(N_REGISTERS == DISTINCT_BYTES_MAX, "registers fill the memory");
_Static_assert(DISTINCT_EXACT_MAX < SLOTS_MAX, "a full table would never end a search");

void distinct_deinit(struct distinct *distinct)
{
    free(distinct->slots);
    *distinct = (struct distinct){ 0 };
}

/* --- the table ----------------------------------------------------------------------- */

/* The slot where @hash is, or belongs. */
static uint64_t *find_slot(uint64_t *slots, uint32_t n_slots, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (n_slots - 1);

    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static bool grow(struct distinct *distinct)
{
    uint32_t n_slots = distinct->n_slots ? 2 * distinct->n_slots : SLOTS_MIN;
    uint64_t *slots = calloc(n_slots, sizeof(*slots));

    if (!slots)
        return false;
    for (uint32_t i = 0; i < distinct->n_slots; i++)
        if (distinct->slots[i])
            *find_slot(slots, n_slots, distinct->slots[i]) = distinct->slots[i];
    free(distinct->slots);
    distinct->slots = slots;
    distinct->n_slots = n_slots;
    return true;
}

/* --- the registers --------------------------------------------------------------------- */

static void add_to_registers(uint8_t *registers, uint64_t hash)
{
    uint32_t index = (uint32_t)(hash >> (64 - INDEX_BITS));
    /* The bit set after the rest of the hash limits the run of zeros. */
    uint64_t rest = hash << INDEX_BITS | UINT64_C(1) << (INDEX_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

    if (rank > registers[index])
        registers[index] = rank;
}

/* The table is full: replace it with registers. */
static void become_estimate(struct distinct *distinct)
{
    uint64_t hashes[SLOTS_MAX];

    memcpy(hashes, distinct->slots, sizeof(hashes));
    memset(distinct->registers, 0, N_REGISTERS);
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        if (hashes[i])
            add_to_registers(distinct->registers, hashes[i]);
    distinct->is_estimate = true;
}

static double sigma(double x)
{
    double power = 1, sum = x, before;

    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    } while (sum != before);
    return sum;
}

static double tau(double x)
{
    double power = 1, sum = 1 - x, before;

    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = sum;
        power /= 2;
        sum -= (1 - x) * (1 - x) * power;
    } while (sum != before);
    return sum / 3;
}

static double estimate(const uint8_t *registers)
{
    uint32_t n_of_rank[RANK_MAX + 1] = { 0 };
    double m = N_REGISTERS, z;

    for (uint32_t i = 0; i < N_REGISTERS; i++)
        n_of_rank[registers[i]]++;
    z = m * tau(1 - n_of_rank[RANK_MAX] / m);
    for (int rank = RANK_MAX - 1; rank >= 1; rank--)
        z = (z + n_of_rank[rank]) / 2;
    z += m * sigma(n_of_rank[0] / m);
    return round(m * m / (2 * M_LN2 * z));
}

/* --- counting ------------------------------------------------------------------------------ */

bool distinct_add(struct distinct *distinct, uint64_t hash)
{
    uint64_t *slot;

    if (hash == 0)
        hash = 1; /* 0 marks an empty slot */
    if (distinct->is_estimate) {
        add_to_registers(distinct->registers, hash);
        return true;
    }
    /* At most three quarters full, so that searches stay short. */
    if (distinct->n + 1 > distinct->n_slots / 4 * 3 && distinct->n_slots < SLOTS_MAX &&
        !grow(distinct))
        return false;
    slot = find_slot(distinct->slots, distinct->n_slots, hash);
    if (*slot)
        return true;
    if (distinct->n == DISTINCT_EXACT_MAX) {
        become_estimate(distinct);
        add_to_registers(distinct->registers, hash);
        return true;
    }
    *slot = hash;
    distinct->n++;
    return true;
}

static bool make_estimate(struct distinct *distinct)
{
    while (distinct->n_slots < SLOTS_MAX)
        if (!grow(distinct))
            return false;
    become_estimate(distinct);
    return true;
}

bool distinct_merge(struct distinct *distinct, const struct distinct *from)
{
    bool is_done = true;

    if (!from->is_estimate) {
        for (uint32_t i = 0; i < from->n_slots && is_done; i++)
            is_done = from->slots[i] == 0 || distinct_add(distinct, from->slots[i]);
        return is_done;
    }
    if (!distinct->is_estimate && !make_estimate(distinct))
        return false;
    for (uint32_t i = 0; i < N_REGISTERS; i++)
        if (from->registers[i] > distinct->registers[i])
            distinct->registers[i] = from->registers[i];
    return true;
}

double distinct_count(const struct distinct *distinct)
{
    return distinct->is_estimate ? estimate(distinct->registers) : distinct->n;
}
