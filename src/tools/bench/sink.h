/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sink: receives datagrams and discards them
 *
 * Measures what receiving alone costs: a lower bound for any daemon.
 */

#include "base/compiler.h"

#include <signal.h>
#include <stdint.h>

/* How it waits for datagrams. */
enum sink_method {
    SINK_NONE,
    SINK_BLOCKING,   /* in the receiving call, woken by nearly every datagram */
    SINK_COALESCING, /* receives everything, then sleeps for 1 ms */
};

struct sink_options {
    enum sink_method method; /* not SINK_NONE */
    const char *listen;      /* HOST:PORT */
    int read_buffer_bytes;
    int64_t duration_ns;                         /* INT64_MAX: until interrupted */
    const volatile sig_atomic_t *is_interrupted; /* receiving ends once this is not 0 */
};

struct sink_result {
    uint64_t n_datagrams;
    uint64_t n_kernel_drops;
    int64_t cpu_ns; /* of this thread, user and system, while receiving */
};

/*
 * Bind, call @on_bound with the actual address, receive until the end, then take what is still
 * in the socket, so that datagrams and drops add up to all that arrived. Returns 0, or negative
 * errno if it could not bind or receive.
 */
MUST_CHECK int sink_run(const struct sink_options *options, void (*on_bound)(const char *address),
                        struct sink_result *ret);
