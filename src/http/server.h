/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Server: an HTTP server on its own thread
 */

#include "base/address.h"
#include "base/compiler.h"
#include "http/route.h"

struct http_server;

struct http_server_options {
    const struct http_route *routes; /* borrowed until server_stop(), with all it points to */
    unsigned n_routes;
};

/*
 * Serve on the @n_fds listening sockets @fds (address_listen), at least one. The server takes them,
 * and closes them on failure too.
 *
 * The route for a request's path and method answers it on the HTTP thread, once its body has
 * arrived. A request without a route gets 404, or 405 with Allow; a body longer than the route
 * allows gets 413. A head that does not fit into some kilobytes gets 414 or 431. A connection
 * without traffic for 15 seconds is closed.
 *
 * Returns 0 or negative errno.
 */
MUST_CHECK int server_start(struct http_server **ret, const int *fds, unsigned n_fds,
                            const struct http_server_options *options);

/*
 * Read all waiting streams again, those that returned -EAGAIN, because there may be something new
 * for a page that stays open; and call all handlers again that will reply later. Any thread,
 * between start and stop. Takes a lock; cheap when none waits.
 */
void server_wake(struct http_server *server);

/* Abort all replies and end the thread. NULL is allowed. */
void server_stop(struct http_server *server);
