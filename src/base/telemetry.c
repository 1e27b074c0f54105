/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Telemetry
 *
 * Publishing is a sequence lock whose data are atomics. Words are stored with release
 * and loaded with acquire. So a reader that sees a word of a newer round also sees that
 * round's odd version, and tries again. On x86 these are ordinary moves. The cost arises
 * once per drain, not per line.
 */

#include "base/telemetry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int telemetry_new(struct telemetry_row **ret, unsigned n)
{
    size_t size = n * sizeof(**ret);
    /* Not calloc(), which does not align to cache lines. */
    struct telemetry_row *rows = aligned_alloc(CACHE_LINE, size);

    if (!rows)
        return -ENOMEM;
    memset(rows, 0, size);
    *ret = rows;
    return 0;
}

void telemetry_count_batch(struct telemetry_row *row, unsigned n_datagrams)
{
    unsigned bucket = 0;

    while (bucket < TELEMETRY_BATCH_BUCKETS - 1 && n_datagrams > 1u << bucket)
        bucket++;
    row->counts[TELEMETRY_BATCHES + bucket]++;
}

void telemetry_publish(struct telemetry_row *row)
{
    uint64_t version = atomic_load_explicit(&row->version, memory_order_relaxed);

    atomic_store_explicit(&row->version, version + 1, memory_order_relaxed);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        atomic_store_explicit(&row->published[i], row->counts[i], memory_order_release);
    atomic_store_explicit(&row->version, version + 2, memory_order_release);
}

void telemetry_read(struct telemetry_row *row, uint64_t ret_counts[_TELEMETRY_N])
{
    uint64_t before, after;

    do {
        before = atomic_load_explicit(&row->version, memory_order_acquire);
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            ret_counts[i] = atomic_load_explicit(&row->published[i], memory_order_acquire);
        after = atomic_load_explicit(&row->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
}

void telemetry_sum(struct telemetry_row *rows, unsigned n, uint64_t ret_sums[_TELEMETRY_N])
{
    uint64_t counts[_TELEMETRY_N];

    memset(ret_sums, 0, _TELEMETRY_N * sizeof(*ret_sums));
    for (unsigned row = 0; row < n; row++) {
        telemetry_read(&rows[row], counts);
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            ret_sums[i] += counts[i];
    }
}
