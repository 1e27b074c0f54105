/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files: the limit on the process's descriptors
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Raise the limit on open files as far as possible, to have room for connections. Returns 0
 * and, in *@ret_n_free, the number of descriptors left after @n_needed; or -EMFILE, after
 * logging it, if none would be left. This must be found out at startup, because libuv aborts
 * when it cannot make a pipe.
 */
MUST_CHECK int files_allow(uint64_t n_needed, uint64_t *ret_n_free);

/* Numbers of connections. */
struct files_shares {
    uint64_t n_streams, n_http;
};

/*
 * Share @n_free descriptors between connections to listeners and to the pages, so that neither can
 * take those of the other. Each gets what it has in @wanted, if there are enough; the pages get at
 * least a quarter of what there is. Some more are left for connections that are being closed.
 */
struct files_shares files_share(uint64_t n_free, const struct files_shares *wanted);

/* Log which numbers in @shares are smaller than those in @wanted; @has_streams: streams matter. */
void files_warn(const struct files_shares *shares, const struct files_shares *wanted,
                bool has_streams);
