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
 * A request is answered by the route that takes its path and method, on the HTTP thread and
 * once its body is there. What no route takes gets 404, or 405 with Allow; a body that is
 * longer than the route allows gets 413. A connection that neither sends nor takes anything
 * for 15 seconds is closed, as is one whose head does not fit into some kilobytes.
 *
 * Returns 0, or negative errno and @fd is closed.
 */
MUST_CHECK int server_start(struct http_server **ret, int fd,
                            const struct http_server_options *options);

/*
 * Have all streams read again that had nothing yet (-EAGAIN). For any thread, between start
 * and stop. Cheap when none waits.
 */
void server_wake(struct http_server *server);

/* Break off what is going on and end the thread. NULL is fine. */
void server_stop(struct http_server *server);
