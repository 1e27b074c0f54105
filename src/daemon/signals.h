/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Signals: what they ask the process for
 */

#include "base/compiler.h"

#include <uv.h>

/* Both are called on the loop's thread. */
struct signals_options {
    void (*on_stop)(void *ctx, const char *name); /* SIGTERM or SIGINT, which is @name */
    void (*on_hangup)(void *ctx);                 /* SIGHUP */
    void *ctx;
};

struct signals {
    struct signals_options options;
    uv_signal_t handles[3];
};

/*
 * Watch for the signals in @loop. Returns 0 or negative errno; in both cases signals_close() must
 * be called, and @signals stay until the loop has run the close callbacks.
 */
MUST_CHECK int signals_open(struct signals *signals, uv_loop_t *loop,
                            const struct signals_options *options);

/* Any thread: send SIGTERM to this process. */
void signals_ask_to_stop(void);

/* From now on ignore the signals. May be called again. */
void signals_close(struct signals *signals);
