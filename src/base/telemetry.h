/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Telemetry: what udometer counts about itself
 *
 * Each worker counts in a row of its own with plain additions, and publishes the
 * row when it has drained its sockets. A reader sees each row as it was at some
 * such moment, never in between, so sums that hold inside a row
 * (lines = applied + refused + skipped) hold in whatever is read.
 */

#include "base/compiler.h"
#include "base/sample_type.h"
#include "base/verdict.h"

#include <stdatomic.h>
#include <stdint.h>

/* Receive batches are counted by size: up to 1, 2, 4, … datagrams. */
#define TELEMETRY_BATCH_BUCKETS 8

enum telemetry_counter {
    TELEMETRY_DATAGRAMS,
    TELEMETRY_DATAGRAM_BYTES,
    TELEMETRY_STREAM_BYTES,
    TELEMETRY_CONNECTIONS, /* a level, not a count: those open now */
    TELEMETRY_CONNECTIONS_OPENED,
    TELEMETRY_CONNECTIONS_REFUSED, /* because there were too many */
    TELEMETRY_LINES,
    TELEMETRY_PACKED, /* samples beyond the first of a line */
    TELEMETRY_OVERFLOWS,
    TELEMETRY_ENDED,
    TELEMETRY_TAG_ERRORS,
    TELEMETRY_RATE_ERRORS,
    TELEMETRY_UNKNOWN_SECTIONS,
    TELEMETRY_KEY_MISSES,
    TELEMETRY_KEY_EVICTIONS,
    TELEMETRY_KEYS, /* a level, not a count: what there is now */
    TELEMETRY_WAKEUPS_POLL,
    TELEMETRY_WAKEUPS_TIMER,
    TELEMETRY_SAMPLES, /* one for each enum sample_type, from here */
    TELEMETRY_VERDICTS = TELEMETRY_SAMPLES + _SAMPLE_TYPE_N, /* one for each enum verdict */
    TELEMETRY_BATCHES = TELEMETRY_VERDICTS + _VERDICT_N,
    _TELEMETRY_N = TELEMETRY_BATCHES + TELEMETRY_BATCH_BUCKETS,
};

struct telemetry_row {
    uint64_t counts[_TELEMETRY_N];                 /* the owner adds here; nobody else looks */
    _Alignas(CACHE_LINE) _Atomic uint64_t version; /* odd while the owner publishes */
    _Atomic uint64_t published[_TELEMETRY_N];
};

/* Owner: count one batch of @n_datagrams, at least 1; the last bucket takes all large ones. */
void telemetry_count_batch(struct telemetry_row *row, unsigned n_datagrams);

/* Owner: let readers see the counts as they are now. */
void telemetry_publish(struct telemetry_row *row);

/* Any thread: the counts as last published. Waits only while they are being published. */
void telemetry_read(struct telemetry_row *row, uint64_t ret_counts[_TELEMETRY_N]);

/* Any thread: the sum of @n rows, each as last published. */
void telemetry_sum(struct telemetry_row *rows, unsigned n, uint64_t ret_sums[_TELEMETRY_N]);

/* One counter as a sample of /metrics. */
struct telemetry_item {
    const char *family; /* items of one family stand together */
    const char *labels; /* rendered, without braces; may be "" */
    const char *help;   /* the same for all items of a family */
    unsigned counter;   /* index into a row */
};

/* All counters that are exposed summed over the workers. The batches are not among them. */
extern const struct telemetry_item telemetry_items[];
extern const unsigned telemetry_n_items;
