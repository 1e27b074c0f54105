/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Notices: what a worker tells others, from time to time, of what it receives
 *
 * All of it on the worker's thread.
 */

#include "aggregate/registry.h"
#include "base/places.h"
#include "base/telemetry.h"

struct notices_options {
    struct registry *registry;       /* borrowed, and so is the next */
    const struct telemetry_row *row; /* the worker's */
    unsigned worker;
    void (*on_ended)(void *ctx); /* a sender has ended series; NULL: nothing to do */
    void *ctx;
};

struct notices {
    struct notices_options options;
    int64_t last_error_ns, last_conflict_ns, last_eviction_ns; /* when it was logged */
    uint64_t n_conflicts, n_ended;                             /* when last compared */
};

void notices_init(struct notices *notices, const struct notices_options *options);

/* After lines were applied: log a conflict of types, and tell that series were ended. */
void notices_after_lines(struct notices *notices);

/* Log that reading failed with the negative errno @error; once a second is enough. */
void notices_of_error(struct notices *notices, int error);

/* Log that a connection was evicted, now and then. */
void notices_of_eviction(struct notices *notices, const struct places_eviction *eviction);
