/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Workload: datagrams made from a few numbers, and what they add up to
 *
 * The same spec makes the same bytes on every machine.
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "tools/bench/workload_spec.h"

#include <stdint.h>

/* The most bytes that UDP carries over IPv4. */
#define WORKLOAD_DATAGRAM_MAX 65507

/* The most bytes that all datagrams of a workload may have together. */
#define WORKLOAD_BYTES_MAX (UINT64_C(1) << 30)

struct workload;

/* The bytes in each datagram of @spec; the last may have fewer. 0: out of memory. */
uint64_t workload_datagram_bytes(const struct workload_spec *spec);

/*
 * Whether the workload of @spec can be made. Returns 0; -EMSGSIZE if a datagram would exceed
 * WORKLOAD_DATAGRAM_MAX, -E2BIG if all together would exceed WORKLOAD_BYTES_MAX; or -ENOMEM.
 */
MUST_CHECK int workload_check(const struct workload_spec *spec);

/*
 * Make the datagrams of one pass over all series, with one line for each; or of several
 * passes, if there are few series in random order. The last datagram may be shorter. To send
 * more, send them again from the first.
 *
 * Returns what workload_check() does, or -ENOMEM.
 */
MUST_CHECK int workload_new(struct workload **ret, const struct workload_spec *spec);
void workload_free(struct workload *workload);
DEFINE_CLEANUP(struct workload *, workload_free)

/* The number of datagrams, and datagram @i, borrowed from the workload. */
uint64_t workload_n_datagrams(const struct workload *workload);
struct slice workload_datagram(const struct workload *workload, uint64_t i);

/* How often and when a datagram was sent. */
struct workload_sent {
    uint64_t n_times;
    uint64_t last_turn; /* of the last time: larger if later, at least 1 */
};

/* What all samples of a type add up to. */
struct workload_total {
    uint64_t n_samples;
    uint64_t n_series; /* that have a sample */
    /*
     * Counters: the sum of all increments. Gauges: the sum of the last values. Timers (in
     * seconds), histograms and distributions: the sum of all observations. Sets: the sum of
     * the numbers of values of each series.
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
 * Add up what was sent. @sent has an entry for each datagram. Sums are exact, and a daemon that
 * adds the same samples in another order gets the same. Returns 0 or -ENOMEM.
 */
MUST_CHECK int workload_add_up(const struct workload *workload, const struct workload_sent *sent,
                               struct workload_totals *ret);

/* The type with these letters, "c" or "ms"; WORKLOAD_N_TYPES if there is none. */
enum sample_type workload_type(struct slice letters);
