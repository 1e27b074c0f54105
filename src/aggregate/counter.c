/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Counter
 *
 * The total of a cell is one word, so one store commits a sample. A double cannot count by ones
 * from 2^53 on. But a total is never negative, so the first bit tells two forms apart:
 *
 *      0 and a double      below 2^53, or from 2^63 on
 *      1 and 63 bits       a whole number, from 2^53 on
 *
 * Recording is in the header, to be inlined, because most lines are counters. It knows only doubles
 * below 2^53, and leaves everything else to this file.
 */

#include "aggregate/counter.h"

#include <math.h>

#define IS_WHOLE (UINT64_C(1) << 63)

/* Totals from here on are doubles again. */
#define WHOLE_END 0x1p63

#define DOUBLES_END 0x1p53

/* A number below 2^63. */
struct parts {
    uint64_t whole;
    double fraction; /* from 0 to less than 1 */
};

static bool has_parts(uint64_t total)
{
    return total & IS_WHOLE || counter_double(total) < WHOLE_END;
}

static struct parts split(double number)
{
    uint64_t whole = (uint64_t)number;

    return (struct parts){ whole, number - (double)whole };
}

static struct parts parts_of(uint64_t total)
{
    return total & IS_WHOLE ? (struct parts){ total & ~IS_WHOLE, 0 } : split(counter_double(total));
}

/* --- writing: the owner ------------------------------------------------------------------- */

/*
 * The sum of @total and @amount, rounded to a whole number, in its form. @total if that is no more.
 */
static uint64_t add_whole(uint64_t total, double amount)
{
    struct parts a = parts_of(total), b = split(amount);
    uint64_t sum = a.whole + b.whole + (uint64_t)rint(a.fraction + b.fraction); /* < 2^64 */

    if (sum <= a.whole)
        return total;
    return sum & IS_WHOLE ? counter_bits((double)sum) : sum | IS_WHOLE;
}

static uint64_t add_double(uint64_t total, double amount)
{
    double before = has_parts(total) ? (double)parts_of(total).whole : counter_double(total);

    return counter_bits(before + amount);
}

enum verdict counter_record_rare(struct counter_cell *counter, double amount)
{
    uint64_t before = atomic_load_explicit(&counter->total, memory_order_relaxed), after;

    if (amount == 0)
        return VERDICT_APPLIED;
    if (!(before & IS_WHOLE) && counter_double(before) + amount < DOUBLES_END)
        return REFUSED_VALUE_OVERFLOW; /* it would not change the total */
    after = has_parts(before) && amount < WHOLE_END ? add_whole(before, amount)
                                                    : add_double(before, amount);
    if (after == before || after == counter_bits(INFINITY))
        return REFUSED_VALUE_OVERFLOW;
    atomic_store_explicit(&counter->total, after, memory_order_relaxed);
    return VERDICT_APPLIED;
}

/* --- reading: anybody --------------------------------------------------------------------- */

/* The sum if some cell is not a double below 2^53, or it is not itself. */
COLD static void read_large(_Atomic(struct cell *) *cells, unsigned n_cells, struct reading *ret)
{
    double fraction = 0, huge = 0;
    unsigned __int128 whole = 0;

    for (unsigned i = 0; i < n_cells; i++) {
        const struct counter_cell *counter = (struct counter_cell *)cell_load(cells, i);
        uint64_t total = counter ? atomic_load_explicit(&counter->total, memory_order_relaxed) : 0;

        if (has_parts(total)) {
            whole += parts_of(total).whole;
            fraction += parts_of(total).fraction;
        } else {
            huge += counter_double(total);
        }
    }
    whole += (uint64_t)fraction;
    ret->value = reading_saturate(huge + (double)whole);
    ret->whole = huge == 0 && whole <= UINT64_MAX ? (uint64_t)whole : 0;
}

void counter_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret)
{
    uint64_t any = 0;
    double sum = 0;

    for (unsigned i = 0; i < n_cells; i++) {
        const struct counter_cell *counter = (struct counter_cell *)cell_load(cells, i);

        if (counter) {
            uint64_t total = atomic_load_explicit(&counter->total, memory_order_relaxed);

            any |= total;
            sum += counter_double(total);
        }
    }
    ret->value = sum;
    if (UNLIKELY(any & IS_WHOLE || !(sum < READING_WHOLE)))
        read_large(cells, n_cells, ret);
}
