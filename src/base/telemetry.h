/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Telemetry: udometer's counters about itself
 *
 * Each worker counts in its own row with plain additions, and publishes the row when it
 * has drained its sockets. A reader sees each row as last published, never in between.
 * So sums that hold within a row (lines = applied + refused + skipped) hold for every
 * reader.
 */

#include "base/compiler.h"
#include "base/connection_end.h"
#include "base/sample_type.h"
#include "base/verdict.h"

#include <stdatomic.h>
#include <stdint.h>

/* Receive batches are counted by size: up to 1, 2, 4, … datagrams. */
#define TELEMETRY_BATCH_BUCKETS 8

enum telemetry_counter {
    TELEMETRY_DATAGRAMS,
    TELEMETRY_DATAGRAM_BYTES, /* without those cut off */
    TELEMETRY_DATAGRAMS_CUT,  /* datagrams whose end is lost, and its bytes */
    TELEMETRY_DATAGRAM_CUT_BYTES,
    TELEMETRY_STREAM_BYTES,
    TELEMETRY_CONNECTIONS, /* a level, not a count: open now */
    TELEMETRY_CONNECTIONS_OPENED,
    TELEMETRY_CONNECTIONS_REFUSED,
    TELEMETRY_LINES,
    TELEMETRY_PACKED, /* samples beyond the first of a line */
    TELEMETRY_OVERFLOWS,
    TELEMETRY_ENDED,
    TELEMETRY_TAG_ERRORS,
    TELEMETRY_UNDECLARED_LABELS,
    TELEMETRY_RATE_ERRORS,
    TELEMETRY_UNKNOWN_SECTIONS,
    TELEMETRY_TAGGED,   /* samples of lines with labels; this and the next only if asked for */
    TELEMETRY_UNMAPPED, /* samples for whose name there is no rule */
    TELEMETRY_EXCEEDED, /* regexes that exceeded their match limit */
    TELEMETRY_KEY_MISSES,
    TELEMETRY_KEY_EVICTIONS,
    TELEMETRY_KEYS, /* a level, not a count: cached now */
    TELEMETRY_WAKEUPS_POLL,
    TELEMETRY_WAKEUPS_TIMER,
    TELEMETRY_SAMPLES, /* one for each enum sample_type, from here */
    TELEMETRY_VERDICTS = TELEMETRY_SAMPLES + _SAMPLE_TYPE_N,        /* one for each enum verdict */
    TELEMETRY_CONNECTIONS_CLOSED = TELEMETRY_VERDICTS + _VERDICT_N, /* one for each cause */
    TELEMETRY_BATCHES = TELEMETRY_CONNECTIONS_CLOSED + _CONNECTION_END_N,
    _TELEMETRY_N = TELEMETRY_BATCHES + TELEMETRY_BATCH_BUCKETS,
};

struct telemetry_row {
    uint64_t counts[_TELEMETRY_N];                 /* only the owner uses these */
    _Alignas(CACHE_LINE) _Atomic uint64_t version; /* odd while the owner publishes */
    _Atomic uint64_t published[_TELEMETRY_N];
};

/* Make @n rows of zeros, which free() frees. Returns 0 or -ENOMEM. */
MUST_CHECK int telemetry_new(struct telemetry_row **ret, unsigned n);

/* Owner: add @n to @counter. */
static inline void telemetry_count(struct telemetry_row *row, enum telemetry_counter counter,
                                   uint64_t n)
{
    row->counts[counter] += n;
}

/* Owner: count one batch of @n_datagrams, at least 1. The last bucket takes all larger ones. */
void telemetry_count_batch(struct telemetry_row *row, unsigned n_datagrams);

/* Owner: make the current counts visible to readers. */
void telemetry_publish(struct telemetry_row *row);

/* Any thread: the counts as last published. Waits only while they are being published. */
void telemetry_read(struct telemetry_row *row, uint64_t ret_counts[_TELEMETRY_N]);

/* Any thread: the sum of @n rows, each as last published. */
void telemetry_sum(struct telemetry_row *rows, unsigned n, uint64_t ret_sums[_TELEMETRY_N]);
