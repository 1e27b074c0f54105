/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sink: receive datagrams and throw them away
 *
 * What a receiver costs that does nothing else: the floor under any daemon's figures.
 */

#include "base/compiler.h"

#include <signal.h>
#include <stdint.h>

/* How it waits for datagrams. */
enum sink_kind {
    SINK_NONE,
    SINK_BLOCKING,   /* in the call that receives; woken for nearly each of them */
    SINK_COALESCING, /* asleep: takes all there is, and looks again after 1 ms */
};

struct sink_options {
    enum sink_kind kind; /* not SINK_NONE */
    const char *listen;  /* HOST:PORT */
    int read_buffer_bytes;
    int64_t duration_ns;                         /* INT64_MAX: until it is interrupted */
    const volatile sig_atomic_t *is_interrupted; /* ends it, once it is not 0 */
};

struct sink_result {
    uint64_t n_datagrams;
    uint64_t n_kernel_drops;
    int64_t cpu_ns; /* of this thread, user and system, while it was receiving */
};

/*
 * Bind, call @on_bound with the address that it really got, receive until the end, then
 * take what is still in the socket: datagrams and drops are all that ever came.
 * Returns 0, or negative errno when it could not bind or receive.
 */
MUST_CHECK int sink_run(const struct sink_options *options, void (*on_bound)(const char *address),
                        struct sink_result *ret);
