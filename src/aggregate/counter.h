/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Counter: a sum that only grows
 *
 * It is exact as long as all increments are whole and the total of each worker is below 2^63.
 * docs/operations.md, "How exact numbers are", says what becomes of all others.
 */

#include "aggregate/cell.h"
#include "aggregate/reading.h"
#include "base/compiler.h"
#include "base/verdict.h"

#include <string.h>

struct counter_cell {
    struct cell cell;
    _Atomic uint64_t total; /* in the form that counter.c describes */
};

/* The bits of 2^53, up to which a double can hold every whole number. */
#define COUNTER_DOUBLES_END UINT64_C(0x4340000000000000)

static inline double counter_double(uint64_t bits)
{
    double number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

static inline uint64_t counter_bits(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

/* The rest of counter_record(). */
COLD enum verdict counter_record_rare(struct counter_cell *counter, double amount);

/*
 * Owner: add @amount, at least 0; it may be infinite. Returns VERDICT_APPLIED or, if the total
 * cannot represent it, REFUSED_VALUE_OVERFLOW: the total would be too large, or is so large already
 * that the amount, which is not 0, would not change it.
 */
static inline enum verdict counter_record(struct counter_cell *counter, double amount)
{
    uint64_t before = atomic_load_explicit(&counter->total, memory_order_relaxed);
    uint64_t after = counter_bits(counter_double(before) + amount);

    /* Doubles that are not negative are in the same order as their bits. */
    if (UNLIKELY(after >= COUNTER_DOUBLES_END || after <= before))
        return counter_record_rare(counter, amount);
    atomic_store_explicit(&counter->total, after, memory_order_relaxed);
    return VERDICT_APPLIED;
}

/* Any thread: read the sum of the cells (struct kind). */
void counter_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret);
