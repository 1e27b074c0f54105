/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Summary
 *
 *      part of the window    40     41     42     38     39
 *      row                    0      1      2      3      4     of both sketches
 *                                           ^ current
 *
 * The window is a ring of rows. A sample that arrives after the current part begins the next one,
 * whose row is cleared first. A reader knows the time: it leaves out the rows of parts that are too
 * old by then, although no sample has cleared them.
 *
 * Bins are single words, so a reader may read them while the owner counts. If the owner must move
 * them, it makes a new sketch and switches to it, and frees the old one when nothing reads it. The
 * store to the count comes last and commits an observation.
 */

#include "aggregate/summary.h"

#include "aggregate/histogram.h"

#include <math.h>
#include <stdlib.h>

enum sign {
    POSITIVE,
    NEGATIVE,
    _SIGN_N,
};

void summary_init(struct cell *cell, const struct buckets *buckets)
{
    struct summary_cell *summary = (struct summary_cell *)cell;

    summary->options = &buckets->summary;
    summary->carry = HISTOGRAM_SLACK;
    pthread_mutex_init(&summary->read_lock, NULL);
}

static struct ddsketch *sketch_of(const struct summary_cell *summary, enum sign sign)
{
    return atomic_load_explicit(&summary->sketches[sign], memory_order_acquire);
}

void summary_deinit(struct cell *cell)
{
    struct summary_cell *summary = (struct summary_cell *)cell;

    free(sketch_of(summary, POSITIVE));
    free(sketch_of(summary, NEGATIVE));
    pthread_mutex_destroy(&summary->read_lock);
}

/* --- recording -------------------------------------------------------------------------- */

/* Switch to @sketch, which is taken. Returns false if it is NULL. */
static bool replace(struct summary_cell *summary, enum sign sign, struct ddsketch *sketch)
{
    struct ddsketch *old = sketch_of(summary, sign);

    if (!sketch || sketch == old)
        return sketch;
    atomic_store_explicit(&summary->sketches[sign], sketch, memory_order_release);
    pthread_mutex_lock(&summary->read_lock);
    pthread_mutex_unlock(&summary->read_lock);
    free(old);
    return true;
}

/* Extend a sketch for @n observations. Two sketches have half of the memory each. */
COLD static bool extend(struct summary_cell *summary, enum sign sign, int32_t index, uint64_t n)
{
    enum sign other_sign = sign == POSITIVE ? NEGATIVE : POSITIVE;
    struct ddsketch *other = sketch_of(summary, other_sign);
    unsigned max_bins = other ? DDSKETCH_BINS_MAX / 2 : DDSKETCH_BINS_MAX;

    if (other && other->n_bins > (other->is_wide ? max_bins / 2 : max_bins) &&
        !replace(summary, other_sign, ddsketch_shrink(other, max_bins)))
        return false;
    return replace(
        summary, sign,
        ddsketch_extend(sketch_of(summary, sign), summary->options->n_ages, max_bins, index, n));
}

static bool add_magnitude(struct summary_cell *summary, enum sign sign, double magnitude,
                          uint64_t n)
{
    int32_t index = ddsketch_index(magnitude);
    struct ddsketch *sketch = sketch_of(summary, sign);

    if (LIKELY(sketch && ddsketch_add(sketch, summary->row, index, n)))
        return true;
    return extend(summary, sign, index, n) &&
           ddsketch_add(sketch_of(summary, sign), summary->row, index, n);
}

static bool add(struct summary_cell *summary, double value, uint64_t n)
{
    _Atomic uint64_t *n_zeros = &summary->ages[summary->row].n_zeros;

    if (value >= DDSKETCH_LEAST)
        return add_magnitude(summary, POSITIVE, value, n);
    if (value <= -DDSKETCH_LEAST)
        return add_magnitude(summary, NEGATIVE, -value, n);
    atomic_store_explicit(n_zeros, atomic_load_explicit(n_zeros, memory_order_relaxed) + n,
                          memory_order_relaxed);
    return true;
}

static void clear_row(struct summary_cell *summary, unsigned row)
{
    for (unsigned sign = 0; sign < _SIGN_N; sign++) {
        struct ddsketch *sketch = sketch_of(summary, (enum sign)sign);

        if (sketch)
            ddsketch_clear_row(sketch, row);
    }
    atomic_store_explicit(&summary->ages[row].n_zeros, 0, memory_order_relaxed);
}

/* Begin the part of the window that @arrived_ns is in. All rows that it leaves are cleared. */
COLD static void begin_age(struct summary_cell *summary, int64_t arrived_ns)
{
    unsigned n_ages = summary->options->n_ages;
    int64_t age_ns = summary_age_ns(summary->options), number = arrived_ns / age_ns;

    summary->row = (unsigned)(number % n_ages);
    for (unsigned row = 0; row < n_ages; row++) {
        _Atomic int64_t *of_row = &summary->ages[row].number;

        if (row != summary->row &&
            atomic_load_explicit(of_row, memory_order_relaxed) > number - n_ages)
            continue;
        clear_row(summary, row);
        if (row == summary->row)
            atomic_store_explicit(of_row, number, memory_order_release);
    }
    summary->age_ends_ns = (number + 1) * age_ns;
}

enum verdict summary_record(struct summary_cell *summary, double value, double weight,
                            int64_t arrived_ns)
{
    double events = weight + summary->carry;
    uint64_t n_events = (uint64_t)events; /* weights are at most 1e9 */
    double sum =
        atomic_load_explicit(&summary->sum, memory_order_relaxed) + value * (double)n_events;

    if (UNLIKELY(!isfinite(sum)))
        return REFUSED_VALUE_OVERFLOW;
    if (UNLIKELY(arrived_ns >= summary->age_ends_ns))
        begin_age(summary, arrived_ns);
    if (UNLIKELY(!add(summary, value, n_events)))
        return REFUSED_NO_MEMORY;
    summary->carry = events - (double)n_events;
    atomic_store_explicit(&summary->sum, sum, memory_order_relaxed);
    /* A load and a store suffice: no other thread writes it. */
    atomic_store_explicit(&summary->count,
                          atomic_load_explicit(&summary->count, memory_order_relaxed) + n_events,
                          memory_order_release);
    return VERDICT_APPLIED;
}

/* --- reading ---------------------------------------------------------------------------- */

/* The cells of a series while they are read. */
struct read {
    unsigned n;
    unsigned n_ages;
    int64_t newest; /* the last part of the window */
    struct summary_cell *cells[CELLS_MAX];
    struct ddsketch *sketches[_SIGN_N][CELLS_MAX];
};

static void begin_read(struct read *read, _Atomic(struct cell *) *cells, unsigned n_cells)
{
    for (unsigned i = 0; i < n_cells; i++) {
        struct summary_cell *summary = (struct summary_cell *)cell_load(cells, i);

        if (!summary)
            continue;
        pthread_mutex_lock(&summary->read_lock);
        for (unsigned sign = 0; sign < _SIGN_N; sign++)
            read->sketches[sign][read->n] = sketch_of(summary, (enum sign)sign);
        read->cells[read->n++] = summary;
        for (unsigned row = 0; row < read->n_ages; row++) {
            int64_t number = atomic_load_explicit(&summary->ages[row].number, memory_order_relaxed);

            read->newest = number > read->newest ? number : read->newest;
        }
    }
}

static void end_read(struct read *read)
{
    for (unsigned i = 0; i < read->n; i++)
        pthread_mutex_unlock(&read->cells[i]->read_lock);
}

/* Whether @row of @summary is in the window. */
static bool is_current(const struct read *read, const struct summary_cell *summary, unsigned row)
{
    return atomic_load_explicit(&summary->ages[row].number, memory_order_acquire) >
           read->newest - read->n_ages;
}

static void add_up(const struct read *read, enum sign sign, struct ddsketch_sum *sum)
{
    ddsketch_sum_init(sum, read->sketches[sign], read->n);
    for (unsigned i = 0; i < read->n; i++)
        for (unsigned row = 0; row < read->n_ages; row++)
            if (read->sketches[sign][i] && is_current(read, read->cells[i], row))
                ddsketch_sum_add(sum, read->sketches[sign][i], row);
}

static uint64_t count_zeros(const struct read *read)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < read->n; i++)
        for (unsigned row = 0; row < read->n_ages; row++)
            if (is_current(read, read->cells[i], row))
                n += atomic_load_explicit(&read->cells[i]->ages[row].n_zeros, memory_order_relaxed);
    return n;
}

/* Read the quantiles of everything in the window. */
static void read_quantiles(const struct read *read, const struct quantiles *quantiles,
                           struct reading *ret)
{
    struct ddsketch_sum positive, negative;
    uint64_t n_zeros = count_zeros(read), n;

    add_up(read, POSITIVE, &positive);
    add_up(read, NEGATIVE, &negative);
    n = negative.n + n_zeros + positive.n;
    for (unsigned i = 0; i < quantiles->n; i++) {
        uint64_t rank = n ? (uint64_t)(quantiles->at[i] * (double)(n - 1)) : 0;

        if (n == 0)
            ret->quantiles[i] = (double)NAN;
        else if (rank < negative.n)
            ret->quantiles[i] = -ddsketch_sum_value(&negative, negative.n - 1 - rank);
        else if (rank < negative.n + n_zeros)
            ret->quantiles[i] = 0;
        else
            ret->quantiles[i] = ddsketch_sum_value(&positive, rank - negative.n - n_zeros);
    }
}

/* Reads the count before the sum, because recording writes it after it. */
static void add_totals(const struct read *read, struct reading *ret)
{
    ret->sum = 0;
    ret->count = 0;
    ret->has_negative = false;
    for (unsigned i = 0; i < read->n; i++) {
        ret->count += atomic_load_explicit(&read->cells[i]->count, memory_order_acquire);
        ret->sum += atomic_load_explicit(&read->cells[i]->sum, memory_order_relaxed);
        ret->has_negative |= read->sketches[NEGATIVE][i] != NULL;
    }
    ret->sum = reading_saturate(ret->sum);
}

void summary_read(_Atomic(struct cell *) *cells, unsigned n_cells, const struct buckets *buckets,
                  struct reading *ret)
{
    const struct summary_options *options = &buckets->summary;
    struct read read = {
        .n_ages = options->n_ages,
        .newest = ret->now_ns / summary_age_ns(options),
    };

    begin_read(&read, cells, n_cells);
    add_totals(&read, ret);
    read_quantiles(&read, &options->quantiles, ret);
    end_read(&read);
}
