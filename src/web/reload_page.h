/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reload page: a request that reloads the config
 */

#include "base/buffer.h"
#include "http/reply.h"
#include "http/request.h"

enum reload_outcome {
    RELOAD_PENDING,
    RELOAD_SUCCEEDED,
    RELOAD_FAILED,
};

/* How to reload; both may be called on any thread. */
struct reload_functions {
    /* Ask for a reload. Returns a ticket for it, which is not 0. */
    uint64_t (*ask)(void *ctx);
    /* What became of it, or of a later one; unless it is pending, with a text in @ret. */
    enum reload_outcome (*find_outcome)(void *ctx, uint64_t ticket, struct buffer *ret);
    void *ctx;
};

/*
 * Reply to POST /-/reload when the reload is complete: 200, or 500 with what is wrong; as text. The
 * server must be woken then. HTTP thread.
 */
void reload_page(const struct reload_functions *functions, const struct http_request *request,
                 struct http_reply *reply);
