/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Workload: datagrams made from a few numbers, and what they add up to
 *
 * The same spec makes the same bytes, on every machine.
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "tools/bench/workload_spec.h"

#include <stdint.h>

/* The most that UDP carries over IPv4. */
#define WORKLOAD_DATAGRAM_MAX 65507

/* The most that all datagrams of a workload may have together. */
#define WORKLOAD_BYTES_MAX (UINT64_C(1) << 30)

struct workload;

/* How many bytes the datagrams of @spec have, but maybe for the last; 0: there is no memory. */
uint64_t workload_datagram_bytes(const struct workload_spec *spec);

/*
 * Make the datagrams of one pass over all series, of which each has one line; or,
 * when series are few and shuffled, of several passes. The last datagram may be
 * shorter. Who needs more sends them again, from the first.
 *
 * Returns 0; -EMSGSIZE when a datagram would be over WORKLOAD_DATAGRAM_MAX, -E2BIG
 * when all would be over WORKLOAD_BYTES_MAX; or -ENOMEM.
 */
MUST_CHECK int workload_new(struct workload **ret, const struct workload_spec *spec);
void workload_free(struct workload *workload);
DEFINE_CLEANUP(struct workload *, workload_free)

/* How many datagrams there are, and number @i of them, which is the workload's. */
uint64_t workload_n_datagrams(const struct workload *workload);
struct slice workload_datagram(const struct workload *workload, uint64_t i);

/* What was sent of one datagram. */
struct workload_sent {
    uint64_t n_times;
    uint64_t last_turn; /* larger for what was sent later; at least 1 */
};

/* What all samples of a type come to. */
struct workload_total {
    uint64_t n_samples;
    uint64_t n_series; /* that have a sample */
    /*
     * Of counters, all that was added; of gauges, the values that came last; of timers
     * (in seconds), histograms and distributions, all that was observed; of sets, how
     * many values each series has.
     */
    double sum;
};

struct workload_totals {
    uint64_t n_datagrams;
    uint64_t n_bytes;
    uint64_t n_lines;
    struct workload_total types[WORKLOAD_N_TYPES];
};

/*
 * Add up what was sent: @sent has an entry for each datagram. Sums are exact, and
 * remain so when a daemon adds the same samples in another order. Returns 0 or -ENOMEM.
 */
MUST_CHECK int workload_add_up(const struct workload *workload, const struct workload_sent *sent,
                               struct workload_totals *ret);

/* The type with these letters, "c", "ms"; WORKLOAD_N_TYPES if there is none. */
enum sample_type workload_type(struct slice letters);
