/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Route: which handler answers for a path and a method
 */

#include "http/reply.h"
#include "http/request.h"

/* A row of the table. A path may have several, for methods that are handled apart. */
struct http_route {
    const char *path; /* compared as it was sent: an escape is not its byte */
    unsigned methods; /* bits of enum http_method */
    /* A longer body gets 413. A body of GET or HEAD is read, whatever its length, and dropped. */
    size_t max_body_bytes;
    /* Fill @reply, on the HTTP thread, whose other clients wait meanwhile. */
    void (*respond)(void *ctx, const struct http_request *request, struct http_reply *reply);
    void *ctx;
};

struct http_match {
    const struct http_route *route; /* NULL: refused */
    unsigned methods;               /* that the path takes; 0 if there is no such page */
    char allow[HTTP_METHODS_TEXT_MAX];
};

/* Look up @path and @method in the @n rows of @routes. */
void route_match(const struct http_route *routes, unsigned n, const struct http_request *request,
                 struct http_match *ret);

/*
 * Reply to a request that no route takes: 404, or 405 and Allow. @match, which holds the
 * text of Allow, must stay until the reply is sent.
 */
void route_refuse(const struct http_match *match, struct http_reply *reply);
