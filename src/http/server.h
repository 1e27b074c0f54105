/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Server: an HTTP server on its own thread
 */

#include "base/address.h"
#include "base/compiler.h"
#include "http/route.h"
#include "http/stats.h"

struct http_server;

/* The stats and the routes are borrowed until server_stop(), with all that they point to. */
struct http_server_options {
    const struct http_route *routes;
    unsigned n_routes;
    struct http_stats *stats;
    unsigned max_connections;         /* a further one replaces another (base/places.h) */
    unsigned max_address_connections; /* of them, those of one address */
    unsigned max_requests; /* to limited routes, that are in flight at a time (http/in_flight.h) */
    int64_t head_max_ns;   /* for a client to send a request without its body */
    int64_t answer_max_ns; /* from then on, for the body and the answer, unless that is endless */
};

/*
 * Serve on the @n_fds listening sockets @fds (address_listen), at least one. The server takes them,
 * and closes them on failure too.
 *
 * The route for a request's path and method answers it on the HTTP thread, once its body has
 * arrived. A request without a route gets 404, or 405 with Allow; a body longer than the route
 * allows gets 413; a head longer than HTTP_HEAD_MAX 414 or 431, and one that is not well-formed
 * 400 or 501 (http/head.h). A limited route gets 503 with Retry-After while too many requests are
 * in flight.
 *
 * A connection is closed when a head or an answer takes longer than the options allow, when its
 * client takes nothing of a stream for 15 seconds, and when it sends no further request for about
 * as long. In the middle of an answer it is reset.
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
