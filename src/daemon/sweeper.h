/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sweeper: removes series whose TTL has passed without an update, and frees those that a
 * sender has ended
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "daemon/worker.h"

#include <uv.h>

struct sweeper;

struct sweeper_options {
    struct registry *registry;
    struct worker **workers; /* borrowed, like the registry, until sweeper_close() */
    unsigned n_workers;
    uint32_t ttl_s[_METRIC_TYPE_N];  /* by type, for families without their own; 0: for ever */
    uint32_t unscraped_ttl_s;        /* of those that no scrape has shown since their last sample */
    const _Atomic int64_t *shown_ns; /* as in struct scrape_stats; any thread may set it */
    _Atomic uint64_t *n_expired; /* the sweeper adds to it, and the unscraped ones to the next */
    _Atomic uint64_t *n_unscraped;
};

/* Make a sweeper that runs on @loop. Returns 0 or negative errno. */
MUST_CHECK int sweeper_open(struct sweeper **ret, uv_loop_t *loop,
                            const struct sweeper_options *options);

/* Any thread: from the next sweep on, these TTLs hold, as in struct sweeper_options. */
void sweeper_set_ttls(struct sweeper *sweeper, const uint32_t ttl_s[_METRIC_TYPE_N],
                      uint32_t unscraped_ttl_s);

/* Any thread: a sender has ended series (registry_end), which the workers must release. */
void sweeper_notify(struct sweeper *sweeper);

/*
 * Close the sweeper after the workers have stopped. Its memory is freed once the loop has run
 * its close callbacks. NULL is fine.
 */
void sweeper_close(struct sweeper *sweeper);
