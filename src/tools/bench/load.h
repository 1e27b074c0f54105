/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Load: send a workload's datagrams, and know which ones were really sent
 */

#include "base/compiler.h"
#include "tools/bench/workload.h"

#include <signal.h>

/* The most source sockets, and the most datagrams of a burst. */
#define LOAD_FLOWS_MAX 1024
#define LOAD_BURST_MAX 64

struct load_options {
    const char *target;   /* as target_parse() takes it */
    unsigned n_flows;     /* source sockets, 1 to LOAD_FLOWS_MAX; bursts go round them */
    unsigned n_burst;     /* datagrams sent without a pause, 1 to LOAD_BURST_MAX */
    uint64_t rate;        /* datagrams per second on average; 0: as many as it can */
    uint64_t n_datagrams; /* to offer to the kernel; UINT64_MAX: until the time is over */
    int64_t duration_ns;  /* then it ends at the latest; INT64_MAX: no limit */
    const volatile sig_atomic_t *is_interrupted; /* ends it too, once it is not 0 */
};

struct load_result {
    uint64_t n_not_sent;    /* the kernel refused these datagrams; they count as offered */
    int error;              /* negative errno of the first of them, or 0 */
    uint64_t n_unreachable; /* of those sent, so many came back: nobody listens (ICMP) */
    uint64_t n_waits;       /* how often there was no room, and it waited for some */
    int64_t elapsed_ns;
};

/*
 * Send the datagrams of @workload one after the other, again and again. What was
 * sent of each is added to @sent, which has an entry for each. Returns 0, or negative
 * errno when a socket could not be made and nothing was sent.
 */
MUST_CHECK int load_run(const struct workload *workload, const struct load_options *options,
                        struct workload_sent *sent, struct load_result *ret);
