/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Native reading
 *
 * The entries of all cells are collected in the lowest of their schemas, sorted by code and joined
 * where codes are equal. Halving the resolution keeps them in order, so they are sorted only once.
 *
 * Two spans with a gap of up to GAP_MAX buckets become one, with a count of 0 for each bucket of
 * the gap. That is shorter in all formats, as in Prometheus' own client libraries.
 */

#include "aggregate/native_reading.h"

#include <stdlib.h>

#define GAP_MAX 2

void native_reading_deinit(struct native_reading *reading)
{
    free(reading->entries);
    free(reading->spans);
    free(reading->counts);
    *reading = (struct native_reading){ 0 };
}

void native_reading_begin(struct native_reading *reading, const struct native_options *options)
{
    reading->n = 0;
    reading->schema = options->schema;
}

/* --- collecting ------------------------------------------------------------------------------ */

static bool reserve(struct native_reading *reading, size_t n)
{
    size_t room = reading->room ? reading->room : 64;
    struct native_entry *entries;

    if (reading->n + n <= reading->room)
        return true;
    while (room < reading->n + n)
        room *= 2;
    entries = reallocarray(reading->entries, room, sizeof(*entries));
    if (!entries)
        return false;
    reading->entries = entries;
    reading->room = room;
    return true;
}

/* Lower the schema of all entries to @schema. */
static void lower(struct native_reading *reading, int schema)
{
    for (size_t i = 0; i < reading->n; i++)
        reading->entries[i].code =
            native_code_lower(reading->entries[i].code, reading->schema - schema);
    reading->schema = schema;
}

static bool add_table(struct native_reading *reading, const struct native_table *table,
                      uint64_t *counts)
{
    if (reading && !reserve(reading, table->n_slots))
        return false;
    if (reading && table->schema < reading->schema)
        lower(reading, table->schema);
    for (uint32_t i = 0; i < table->n_slots; i++) {
        /* The owner writes the key before the count, and the sum. */
        uint64_t count = atomic_load_explicit(&table->slots[i].count, memory_order_acquire);
        uint32_t key = atomic_load_explicit(&table->slots[i].key, memory_order_relaxed);

        if (count == 0)
            continue;
        counts[native_key_bucket(key)] += count;
        if (reading)
            reading->entries[reading->n++] = (struct native_entry){
                native_code_lower(native_key_code(key), table->schema - reading->schema), count
            };
    }
    return true;
}

bool native_reading_add(struct native_reading *reading, struct native *native, uint64_t *counts)
{
    bool is_done;

    pthread_mutex_lock(&native->lock);
    is_done = !native->table || add_table(reading, native->table, counts);
    pthread_mutex_unlock(&native->lock);
    return is_done;
}

/* --- merging --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint32_t left = ((const struct native_entry *)a)->code;
    uint32_t right = ((const struct native_entry *)b)->code;

    return left < right ? -1 : left > right;
}

/* Join neighbours with one code. */
static void join(struct native_reading *reading)
{
    struct native_entry *entries = reading->entries;
    size_t n = 0;

    for (size_t i = 0; i < reading->n; i++) {
        if (n > 0 && entries[n - 1].code == entries[i].code)
            entries[n - 1].count += entries[i].count;
        else
            entries[n++] = entries[i];
    }
    reading->n = n;
}

static size_t n_zero(const struct native_reading *reading)
{
    return reading->n > 0 && reading->entries[0].code == NATIVE_CODE_ZERO;
}

static void merge(struct native_reading *reading, const struct native_options *options)
{
    if (reading->n > 0)
        qsort(reading->entries, reading->n, sizeof(reading->entries[0]), compare);
    join(reading);
    while (reading->n - n_zero(reading) > options->max_buckets &&
           reading->schema > NATIVE_SCHEMA_MIN) {
        lower(reading, reading->schema - 1);
        join(reading);
    }
}

/* --- spans ----------------------------------------------------------------------------------- */

static bool reserve_lists(struct native_reading *reading)
{
    size_t n = reading->room;
    struct native_span *spans;
    uint64_t *counts;

    if (reading->entries_room >= n)
        return true;
    spans = reallocarray(reading->spans, n, sizeof(*spans));
    if (spans)
        reading->spans = spans;
    counts = reallocarray(reading->counts, n, (1 + GAP_MAX) * sizeof(*counts));
    if (counts)
        reading->counts = counts;
    if (!spans || !counts)
        return false;
    reading->entries_room = n;
    return true;
}

/* Write the buckets of @entries, which are of one sign, from @spans and @counts on. */
static struct native_side make_side(const struct native_entry *entries, size_t n,
                                    struct native_span *spans, uint64_t *counts)
{
    struct native_side side = { .spans = spans, .counts = counts };
    int32_t next = 0; /* the index after the last bucket */

    for (size_t i = 0; i < n; i++) {
        int32_t index = native_code_index(entries[i].code), gap = index - next;

        if (i == 0 || gap > GAP_MAX)
            spans[side.n_spans++] = (struct native_span){ gap, 0 };
        else
            for (; gap > 0; gap--, spans[side.n_spans - 1].length++)
                counts[side.n_counts++] = 0;
        spans[side.n_spans - 1].length++;
        counts[side.n_counts++] = entries[i].count;
        next = index + 1;
    }
    return side;
}

bool native_reading_end(struct native_reading *reading, const struct native_options *options)
{
    const struct native_entry *entries;
    size_t first, n = 0;

    merge(reading, options);
    if (!reserve(reading, 1) || !reserve_lists(reading))
        return false;
    entries = reading->entries;
    first = n_zero(reading);
    while (first + n < reading->n && !(entries[first + n].code & NATIVE_CODE_NEGATIVE))
        n++;
    reading->buckets = (struct native_buckets){
        .schema = reading->schema,
        .zero_threshold = options->zero_threshold,
        .zero_count = first > 0 ? entries[0].count : 0,
        .positive = make_side(entries + first, n, reading->spans, reading->counts),
    };
    reading->buckets.negative = make_side(entries + first + n, reading->n - first - n,
                                          reading->spans + reading->buckets.positive.n_spans,
                                          reading->counts + reading->buckets.positive.n_counts);
    return true;
}
