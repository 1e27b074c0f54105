/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Load: sends a workload's datagrams, and records which ones were really sent
 */

#include "base/compiler.h"
#include "tools/bench/workload.h"

#include <signal.h>

/* The most source sockets, and the most datagrams in a burst. */
#define LOAD_FLOWS_MAX 1024
#define LOAD_BURST_MAX 64

struct load_options {
    const char *target;   /* as target_parse() takes it */
    unsigned n_flows;     /* source sockets, 1 to LOAD_FLOWS_MAX; bursts use them in turn */
    unsigned n_burst;     /* datagrams sent without a pause, 1 to LOAD_BURST_MAX */
    uint64_t rate;        /* datagrams per second on average; 0: as many as possible */
    uint64_t n_datagrams; /* to offer to the kernel; UINT64_MAX: until the time is over */
    int64_t duration_ns;  /* the longest time to send; INT64_MAX: no limit */
    const volatile sig_atomic_t *is_interrupted; /* sending ends once this is not 0 */
};

struct load_result {
    uint64_t n_not_sent;    /* datagrams that the kernel refused; they count as offered */
    int error;              /* negative errno of the first of them, or 0 */
    uint64_t n_unreachable; /* datagrams sent for which ICMP reported that nothing listens */
    uint64_t n_waits;       /* the number of waits for room in a socket */
    int64_t elapsed_ns;
};

/*
 * Send the datagrams of @workload in order, starting again after the last. Record in @sent,
 * which has an entry for each datagram, how often and when each was sent. Returns 0, or
 * negative errno if a socket could not be opened and nothing was sent.
 */
MUST_CHECK int load_run(const struct workload *workload, const struct load_options *options,
                        struct workload_sent *sent, struct load_result *ret);
