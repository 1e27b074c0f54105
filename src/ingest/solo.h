/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Solo: a pipeline for one worker, with all that it needs, without threads or sockets
 *
 * For those who want to know what lines would become: explain, and the tests of a config.
 */

#include "aggregate/registry.h"
#include "ingest/lane.h"

struct solo_options {
    const struct registry_options *registry; /* only its limits are used */
    const struct pipeline_options *pipeline;
    size_t max_key_bytes;
    struct pipeline_reading reading; /* of all lines */
};

/* All zero may be freed. */
struct solo {
    struct buckets *buckets; /* the default ones */
    struct registry *registry;
    struct lane lane; /* its row belongs to the solo */
};

/* Returns 0 or negative errno; it must be freed in any case. */
MUST_CHECK int solo_init(struct solo *solo, const struct solo_options *options);
void solo_deinit(struct solo *solo);
