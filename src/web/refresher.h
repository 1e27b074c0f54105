/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refresher: a thread that brings the snapshot up to date when that takes long
 *
 * With a million new series it takes a second or more to sort them. Meanwhile the HTTP thread
 * answers other requests; a scrape waits.
 */

#include "aggregate/registry.h"
#include "base/compiler.h"

#include <pthread.h>
#include <stdint.h>

struct refresher {
    struct registry *registry;  /* NULL: not started */
    void (*on_done)(void *ctx); /* on the thread, after each time */
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    int64_t wanted_ns; /* the snapshot must not be older than this */
    int64_t begun_ns;  /* when it was last begun to bring it up to date, and that is done */
    bool is_stopping;
};

/*
 * Start the thread of a refresher that is all zero. @registry must outlive it. Returns 0 or
 * negative errno.
 */
MUST_CHECK int refresher_start(struct refresher *refresher, struct registry *registry,
                               void (*on_done)(void *ctx), void *ctx);

/* End the thread, if it was started. After this, nothing is called. */
void refresher_stop(struct refresher *refresher);

/*
 * A snapshot, with the caller as a reader, that has all series there were at @asked_ns
 * (clock_monotonic_ns). NULL if there is none yet: ask again with the same time after on_done().
 * Does not wait.
 */
struct snapshot *refresher_snapshot(struct refresher *refresher, int64_t asked_ns);
