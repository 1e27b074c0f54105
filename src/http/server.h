/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Server: HTTP on a thread of its own
 */

#include "base/address.h"
#include "base/compiler.h"
#include "http/route.h"

struct http_server;

struct http_server_options {
    const struct http_route *routes; /* borrowed until server_stop(), with what it points to */
    unsigned n_routes;
};

/*
 * Serve on @fd, which listens (address_listen) and which now belongs to the server.
 *
 * The route that takes a request's path and method answers it, on the HTTP thread, once its
 * body has arrived. A request that no route takes gets 404, or 405 with Allow; a body longer
 * than the route allows gets 413. A head that does not fit into some kilobytes gets 414 or
 * 431. A connection without traffic for 15 seconds is closed.
 *
 * Returns 0, or negative errno and @fd is closed.
 */
MUST_CHECK int server_start(struct http_server **ret, int fd,
                            const struct http_server_options *options);

/*
 * Have every stream that had nothing yet (-EAGAIN) read again. For any thread, between start
 * and stop. Takes a lock; cheap when no stream waits.
 */
void server_wake(struct http_server *server);

/* Break off what is going on and end the thread. NULL is fine. */
void server_stop(struct http_server *server);
